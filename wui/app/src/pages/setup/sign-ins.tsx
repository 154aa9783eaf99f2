// Sessions of the web interface that stand.
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { allPages } from "../../api/paging";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { RefreshButton, Show } from "../../components/loaded";
import { Empty, Panel, Time } from "../../components/page";
import { Table, type Column } from "../../components/table";
import { Role, type SignIn } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { may, signOut } from "../../session";
import { useLoaded } from "../../use-loaded";
import { newestEvent } from "./users";

export function SignInsTab() {
  const loaded = useLoaded(() => allPages((page) => api.users.listSignIns(page), (page) => page.signIns), [newestEvent("user", "audit")]);
  const end = async (one: SignIn) => {
    if (one.current) return signOut();
    await perform(`sign-in ${one.id}`, () => api.users.revokeSignIn({ id: one.id }), t("signIns.ended", { user: one.user }));
    loaded.reload();
  };
  return (
    <Panel title={t("setup.signIns")} note={t(may(Role.ADMIN) ? "signIns.note" : "signIns.noteOwn")} actions={<RefreshButton loaded={loaded} />}>
      <Show loaded={loaded}>
        {(signIns) => (
          <Table id="sign-ins" label={t("setup.signIns")} columns={columns((one) => void end(one))} rows={signIns} rowKey={(one) => one.id} order="-used" empty={<Empty icon="user" title={t("signIns.empty")} />} />
        )}
      </Show>
    </Panel>
  );
}

function columns(end: (one: SignIn) => void): Column<SignIn>[] {
  return [
    {
      key: "user",
      title: t("signIns.user"),
      render: (s) => (
        <span class="actions start">
          <strong>{s.user}</strong>
          {s.current && <Badge tone="info">{t("signIns.current")}</Badge>}
        </span>
      ),
      text: (s) => s.user,
    },
    { key: "address", title: t("signIns.address"), render: (s) => <span class="mono">{s.address}</span>, text: (s) => s.address },
    { key: "agent", title: t("signIns.browser"), render: (s) => <span class="small">{s.userAgent}</span>, text: (s) => s.userAgent },
    { key: "begun", title: t("signIns.begun"), render: (s) => <Time us={s.begunUs} />, sort: (s) => s.begunUs },
    { key: "used", title: t("signIns.used"), render: (s) => <Time us={s.lastUsedUs} />, sort: (s) => s.lastUsedUs },
    { key: "ends", title: t("signIns.ends"), render: (s) => <Time us={s.endsUs} />, sort: (s) => s.endsUs },
    {
      key: "actions",
      title: "",
      render: (s) => (
        <span class="actions">
          <Button kind="quiet" icon="leave" action={`sign-in ${s.id}`} onClick={() => end(s)}>
            {t(s.current ? "user.signOut" : "signIns.end")}
          </Button>
        </span>
      ),
    },
  ];
}
