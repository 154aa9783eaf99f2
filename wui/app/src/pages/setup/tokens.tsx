// Tokens of programs. The secret is shown once.
import { useState } from "preact/hooks";
import { attempt, inWords, perform } from "../../actions";
import { api } from "../../api/clients";
import { allPages } from "../../api/paging";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { Dialog, confirm } from "../../components/dialog";
import { SelectField, TextField } from "../../components/field";
import { Show } from "../../components/loaded";
import { Empty, Panel, Time, TimeFrom } from "../../components/page";
import { Table, copyText, type Column } from "../../components/table";
import { Role, type Token } from "../../gen/admin/v1/users_pb";
import { fromUs, now } from "../../format";
import { t } from "../../i18n";
import { may, role as ownRole, roleName, whyNot } from "../../session";
import { useLoaded } from "../../use-loaded";
import { newestEvent, roleHelp, roleOptions } from "./users";

export function TokensTab() {
  const [creating, setCreating] = useState(false);
  const allowed = may(Role.ADMIN);
  const loaded = useLoaded(() => (allowed ? allPages((page) => api.tokens.listTokens(page), (page) => page.tokens) : Promise.resolve([])), [newestEvent("token", "audit"), allowed]);
  const add = (
    <Button kind="primary" icon="plus" needs={Role.ADMIN} onClick={() => setCreating(true)}>
      {t("tokens.add")}
    </Button>
  );
  const revoke = async (name: string) => {
    if (!(await confirm({ title: t("tokens.revokeTitle", { name }), text: t("tokens.revokeText"), action: t("tokens.revoke"), danger: true }))) return;
    await perform(`token ${name}`, () => api.tokens.revokeToken({ name }), t("tokens.revoked", { name }));
    loaded.reload();
  };
  return (
    <Panel title={t("setup.tokens")} note={t("tokens.note")} actions={add}>
      {!allowed ? (
        <Empty icon="lock" title={whyNot(Role.ADMIN)!} />
      ) : (
        <Show loaded={loaded}>
          {(tokens) => (
            <Table
              id="tokens"
              label={t("setup.tokens")}
              columns={columns((name) => void revoke(name))}
              rows={tokens}
              rowKey={(token) => token.name}
              empty={
                <Empty icon="key" title={t("tokens.empty")}>
                  {t("tokens.emptyNext")}
                </Empty>
              }
            />
          )}
        </Show>
      )}
      {creating && (
        <NewToken
          onClose={() => {
            setCreating(false);
            loaded.reload();
          }}
        />
      )}
    </Panel>
  );
}

function columns(revoke: (name: string) => void): Column<Token>[] {
  return [
    { key: "name", title: t("users.name"), render: (k) => <strong>{k.name}</strong>, text: (k) => k.name },
    { key: "role", title: t("users.role"), render: (k) => roleName(k.role), text: (k) => roleName(k.role) },
    { key: "scopes", title: t("tokens.scopes"), render: (k) => (k.scopes.length ? <span class="mono">{k.scopes.join(", ")}</span> : t("tokens.allScopes")), text: (k) => k.scopes.join(" ") },
    { key: "creator", title: t("tokens.creator"), render: (k) => k.creator, text: (k) => k.creator },
    {
      key: "expires",
      title: t("tokens.expires"),
      render: (k) => (k.expiresUs && fromUs(k.expiresUs) < now.value ? <Badge tone="bad">{t("tokens.expired")}</Badge> : <Time us={k.expiresUs} />),
      sort: (k) => k.expiresUs,
    },
    {
      key: "used",
      title: t("tokens.lastUsed"),
      render: (k) => <TimeFrom us={k.lastUsedUs} address={k.lastAddress} />,
      text: (k) => k.lastAddress,
      sort: (k) => k.lastUsedUs,
    },
    {
      key: "actions",
      title: "",
      render: (k) => (
        <span class="actions">
          <Button kind="quiet" icon="trash" onClick={() => revoke(k.name)}>
            {t("tokens.revoke")}
          </Button>
        </span>
      ),
    },
  ];
}

function NewToken({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState(String(Role.MONITOR));
  const [scopes, setScopes] = useState("");
  const [days, setDays] = useState("90");
  const [problem, setProblem] = useState("");
  const [secret, setSecret] = useState("");
  const number = /^\d+$/.test(days) ? Number(days) : 0;
  const wrongDays = number < 1 || number > 3650 ? t("tokens.daysRange") : undefined;
  const ready = name !== "" && !wrongDays;
  const submit = () =>
    ready &&
    attempt("new token", async () => {
      const request = { name: name.trim(), role: Number(role) as Role, scopes: scopes.split(/[\s,]+/).filter(Boolean), days: number };
      setSecret((await api.tokens.createToken(request)).secret);
    }, inWords(setProblem));
  if (secret) {
    return (
      <Dialog title={t("tokens.made", { name })} onClose={onClose} actions={<Button kind="primary" onClick={onClose}>{t("action.done")}</Button>}>
        <p>{t("tokens.once")}</p>
        <p class="secret">
          <code>{secret}</code>
          <Button kind="quiet" icon="copy" onClick={() => void copyText(secret)}>
            {t("table.copy")}
          </Button>
        </p>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={t("tokens.add")}
      onClose={onClose}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="primary" submit disabledReason={ready ? undefined : t("password.fillAll")}>
            {t("users.create")}
          </Button>
        </>
      }
    >
      <TextField label={t("users.name")} value={name} onInput={setName} help={t("users.nameHelp")} autocomplete="off" error={problem || undefined} />
      <SelectField label={t("users.role")} value={role} options={roleOptions(ownRole.value)} onChange={setRole} help={roleHelp(Number(role) as Role)} />
      <TextField label={t("tokens.scopes")} value={scopes} onInput={setScopes} help={t("tokens.scopesHelp")} autocomplete="off" />
      <TextField label={t("tokens.days")} inputMode="numeric" value={days} onInput={setDays} error={wrongDays} />
    </Dialog>
  );
}
