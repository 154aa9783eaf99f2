import { perform } from "../../actions";
import { api } from "../../api/clients";
import { Button } from "../../components/button";
import { confirm } from "../../components/dialog";
import { RefreshButton, Show } from "../../components/loaded";
import { Empty, Panel } from "../../components/page";
import { Table, type Column } from "../../components/table";
import type { Session } from "../../gen/admin/v1/traffic_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { bytes, count, duration } from "../../format";
import { t } from "../../i18n";
import { virtualServices } from "../../live/store";
import { query, setQuery } from "../../router";
import { useLoaded } from "../../use-loaded";

const SHOWN = 1000;

export function SessionsTab() {
  const service = query("service");
  const server = query("backend");
  const loaded = useLoaded(() => api.sessions.listSessions({ virtualService: service, server, pageSize: SHOWN }), [service, server]);
  const close = async (session: Session) => {
    await perform(`close ${session.id}`, () => api.sessions.closeSession({ id: session.id }), t("sessions.closed", { n: 1 }));
    loaded.reload();
  };
  const closeAll = async (total: number) => {
    const text = t("sessions.closeAllText", { n: total });
    if (!(await confirm({ title: t("sessions.closeAll"), text, action: t("sessions.close"), danger: true }))) return;
    await perform("close all", () => api.sessions.closeSession({ virtualService: service, server }), (answer) => t("sessions.closed", { n: Number(answer.closed) }));
    loaded.reload();
  };
  return (
    <Panel title={t("dashboard.sessions")} actions={<RefreshButton loaded={loaded} />}>
      <Show loaded={loaded}>
        {(answer) => (
          <>
            <Table
              id="sessions"
              label={t("dashboard.sessions")}
              columns={columns(close)}
              rows={answer.sessions}
              rowKey={(session) => String(session.id)}
              order="-age"
              empty={<Empty icon="network" title={t("sessions.empty")}>{t("sessions.emptyNext")}</Empty>}
              tools={
                <>
                  <Choice label={t("sessions.service")} name="service" value={service} options={(virtualServices.value ?? []).map((one) => one.name)} />
                  <Choice label={t("sessions.server")} name="backend" value={server} options={serverNames()} />
                  <Button
                    icon="cross"
                    needs={Role.OPERATOR}
                    disabledReason={!service && !server ? t("sessions.chooseFirst") : answer.total === 0n ? t("sessions.empty") : undefined}
                    onClick={() => void closeAll(Number(answer.total))}
                  >
                    {t("sessions.closeAll")}
                  </Button>
                </>
              }
            />
            {answer.total > BigInt(answer.sessions.length) && (
              <p class="quiet table-none">{t("sessions.more", { shown: answer.sessions.length, total: count(answer.total) })}</p>
            )}
          </>
        )}
      </Show>
    </Panel>
  );
}

function serverNames(): string[] {
  return [...new Set((virtualServices.value ?? []).flatMap((service) => service.servers.map((server) => server.name)))];
}

function Choice({ label, name, value, options }: { label: string; name: string; value: string; options: string[] }) {
  return (
    <label class="inline-choice">
      <span class="hidden">{label}</span>
      <select value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
        <option value="">{t("choice.all", { what: label })}</option>
        {options.map((option) => (
          <option key={option} value={option} selected={option === value}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}

function columns(close: (session: Session) => void): Column<Session>[] {
  return [
    { key: "client", title: t("sessions.client"), render: (s) => <span class="mono">{s.client}</span>, text: (s) => s.client },
    { key: "service", title: t("sessions.service"), render: (s) => s.virtualService, text: (s) => s.virtualService },
    { key: "server", title: t("sessions.server"), render: (s) => s.server || <span class="quiet">{t("sessions.waiting")}</span>, text: (s) => s.server },
    { key: "state", title: t("sessions.state"), render: (s) => s.state, text: (s) => s.state },
    {
      key: "what",
      title: t("sessions.what"),
      render: (s) => <span class="mono">{[s.request, s.sni].filter(Boolean).join(" · ") || "–"}</span>,
      text: (s) => [s.request, s.sni, s.tlsVersion, s.tlsCipher].filter(Boolean).join(" "),
    },
    { key: "tls", title: "TLS", render: (s) => <span title={s.tlsCipher}>{s.tlsVersion || "–"}</span>, sort: (s) => s.tlsVersion },
    { key: "age", title: t("sessions.age"), numeric: true, render: (s) => duration(Number(s.ageMs)), text: (s) => String(s.ageMs), sort: (s) => s.ageMs },
    { key: "idle", title: t("sessions.idle"), numeric: true, render: (s) => duration(Number(s.idleMs)), text: (s) => String(s.idleMs), sort: (s) => s.idleMs },
    { key: "in", title: t("sessions.in"), numeric: true, render: (s) => bytes(s.bytesFromClient), text: (s) => String(s.bytesFromClient), sort: (s) => s.bytesFromClient },
    { key: "out", title: t("sessions.out"), numeric: true, render: (s) => bytes(s.bytesToClient), text: (s) => String(s.bytesToClient), sort: (s) => s.bytesToClient },
    {
      key: "actions",
      title: "",
      render: (s) => (
        <Button kind="quiet" icon="cross" bare needs={Role.OPERATOR} action={`close ${s.id}`} onClick={() => close(s)}>
          {t("sessions.closeOne", { client: s.client })}
        </Button>
      ),
    },
  ];
}
