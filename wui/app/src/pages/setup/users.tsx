// Who may sign in here.
import { useState } from "preact/hooks";
import { attempt, inWords, perform } from "../../actions";
import { api } from "../../api/clients";
import { allPages } from "../../api/paging";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { Dialog, confirm } from "../../components/dialog";
import { SelectField, TextField } from "../../components/field";
import { LiveSelect } from "../../components/live-select";
import { Show } from "../../components/loaded";
import { Empty, Panel, TimeFrom } from "../../components/page";
import { Table, type Column } from "../../components/table";
import { Role, type User } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { events } from "../../live/store";
import { caller, may, roleName, whyNot } from "../../session";
import { useLoaded } from "../../use-loaded";

const roles = [Role.MONITOR, Role.OPERATOR, Role.ADMIN];
export const roleOptions = (most: Role = Role.ADMIN) => roles.filter((role) => role <= most).map((role) => ({ value: String(role), label: roleName(role) }));

// The newest event about accounts: what somebody else changed shows at once.
export function newestEvent(...subjects: string[]): bigint {
  return events.value.find((event) => subjects.includes(event.subject))?.id ?? 0n;
}

export function UsersTab() {
  const [dialog, setDialog] = useState<"new" | User | undefined>(undefined);
  const allowed = may(Role.ADMIN);
  const loaded = useLoaded(() => (allowed ? allPages((page) => api.users.listUsers(page), (page) => page.users) : Promise.resolve([])), [newestEvent("user", "audit"), allowed]);
  const add = (
    <Button kind="primary" icon="plus" needs={Role.ADMIN} onClick={() => setDialog("new")}>
      {t("users.add")}
    </Button>
  );
  const close = () => {
    setDialog(undefined);
    loaded.reload();
  };
  return (
    <Panel title={t("setup.users")} note={t("users.note")} actions={add}>
      {!allowed ? (
        <Empty icon="lock" title={whyNot(Role.ADMIN)!} />
      ) : (
        <Show loaded={loaded}>
          {(users) => <Table id="users" label={t("setup.users")} columns={columns(setDialog, loaded.reload)} rows={users} rowKey={(user) => user.name} empty={<Empty icon="user" title={t("users.empty")} />} />}
        </Show>
      )}
      {dialog === "new" && <NewUser onClose={close} />}
      {dialog && dialog !== "new" && <ResetPassword user={dialog} onClose={close} />}
    </Panel>
  );
}

function columns(openPassword: (user: User) => void, reload: () => void): Column<User>[] {
  const change = async (name: string, call: () => Promise<unknown>, done: string) => {
    await perform(`user ${name}`, call, done);
    reload();
  };
  return [
    { key: "name", title: t("users.name"), render: (u) => <strong>{u.name}</strong>, text: (u) => u.name },
    {
      key: "role",
      title: t("users.role"),
      render: (u) => (
        <LiveSelect
          label={t("users.roleOf", { name: u.name })}
          value={String(u.role)}
          options={roleOptions()}
          onChoose={(role) => change(u.name, () => api.users.updateUser({ name: u.name, role: Number(role) as Role }), t("users.roleSet", { name: u.name }))}
        />
      ),
      text: (u) => roleName(u.role),
    },
    {
      key: "state",
      title: t("users.state"),
      render: (u) => (
        <span class="actions start">
          <Badge tone={u.disabled ? "idle" : "ok"}>{t(u.disabled ? "users.disabled" : "users.enabled")}</Badge>
          {u.mustChangePassword && <Badge tone="warn">{t("users.mustChange")}</Badge>}
          {u.failedAttempts > 0 && <Badge tone="warn">{t("users.failed", { n: u.failedAttempts })}</Badge>}
        </span>
      ),
    },
    { key: "factor", title: t("factor.title"), render: (u) => <Badge tone={u.secondFactor ? "ok" : "idle"}>{t(u.secondFactor ? "factor.isOn" : "factor.isOff")}</Badge>, sort: (u) => (u.secondFactor ? 1 : 0) },
    {
      key: "last",
      title: t("users.lastSignIn"),
      render: (u) => <TimeFrom us={u.lastSignInUs} address={u.lastAddress} />,
      text: (u) => u.lastAddress,
      sort: (u) => u.lastSignInUs,
    },
    {
      key: "actions",
      title: "",
      render: (u) => (
        <span class="actions">
          <Button kind="quiet" icon="key" bare onClick={() => openPassword(u)}>
            {t("users.resetTitle", { name: u.name })}
          </Button>
          {u.secondFactor && (
            <Button kind="quiet" icon="lock" bare onClick={() => void change(u.name, () => api.users.removeSecondFactor({ user: u.name }), t("factor.removedOf", { name: u.name }))}>
              {t("factor.removeOf", { name: u.name })}
            </Button>
          )}
          <Button kind="quiet" action={`user ${u.name}`} onClick={() => void change(u.name, () => api.users.updateUser({ name: u.name, disabled: !u.disabled }), t(u.disabled ? "users.nowEnabled" : "users.nowDisabled", { name: u.name }))}>
            {t(u.disabled ? "users.enable" : "users.disable")}
          </Button>
          <Button kind="quiet" icon="trash" bare disabledReason={u.name === caller.value?.name ? t("users.self") : undefined} onClick={() => void remove(u.name, change)}>
            {t("users.deleteOne", { name: u.name })}
          </Button>
        </span>
      ),
    },
  ];
}

async function remove(name: string, change: (name: string, call: () => Promise<unknown>, done: string) => Promise<void>): Promise<void> {
  if (!(await confirm({ title: t("users.deleteTitle", { name }), text: t("users.deleteText", { name }), action: t("users.delete"), danger: true }))) return;
  await change(name, () => api.users.deleteUser({ name }), t("users.deleted", { name }));
}

function NewUser({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState(String(Role.MONITOR));
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState("");
  const ready = name !== "" && password !== "";
  const submit = async () => {
    if (ready && (await attempt("new user", () => api.users.createUser({ name: name.trim(), role: Number(role) as Role, password }), inWords(setProblem)))) onClose();
  };
  return (
    <Dialog
      title={t("users.add")}
      onClose={onClose}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="primary" submit action="new user" disabledReason={ready ? undefined : t("password.fillAll")}>
            {t("users.create")}
          </Button>
        </>
      }
    >
      <TextField label={t("users.name")} value={name} onInput={setName} help={t("users.nameHelp")} autocomplete="off" />
      <SelectField label={t("users.role")} value={role} options={roleOptions()} onChange={setRole} help={roleHelp(Number(role) as Role)} />
      <TextField label={t("users.firstPassword")} type="password" autocomplete="new-password" value={password} onInput={setPassword} help={t("users.firstPasswordHelp")} error={problem || undefined} />
    </Dialog>
  );
}

export function roleHelp(role: Role): string {
  return t(role === Role.ADMIN ? "role.adminMay" : role === Role.OPERATOR ? "role.operatorMay" : "role.monitorMay");
}

function ResetPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [own, setOwn] = useState("");
  const [problem, setProblem] = useState("");
  const submit = async () => {
    if (password && own && (await attempt("password of user", () => api.users.setPassword({ user: user.name, newPassword: password, oldPassword: own }), inWords(setProblem)))) onClose();
  };
  return (
    <Dialog
      title={t("users.resetTitle", { name: user.name })}
      onClose={onClose}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="primary" submit disabledReason={password && own ? undefined : t("password.fillAll")}>
            {t("users.resetPassword")}
          </Button>
        </>
      }
    >
      <p>{t("users.resetText", { name: user.name })}</p>
      <TextField label={t("password.own")} type="password" autocomplete="current-password" value={own} onInput={setOwn} />
      <TextField label={t("password.new")} type="password" autocomplete="new-password" value={password} onInput={setPassword} help={t("password.rule")} error={problem || undefined} />
    </Dialog>
  );
}
