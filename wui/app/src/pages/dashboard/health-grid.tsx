// Is mail being served? A row per service, a column per server.
import { useState } from "preact/hooks";
import { Badge } from "../../components/badge";
import { Icon } from "../../components/icon";
import { Empty, Loading, Panel, Time } from "../../components/page";
import { tooltip } from "../../components/tooltip";
import type { Server, VirtualService } from "../../gen/admin/v1/traffic_pb";
import { count } from "../../format";
import { t } from "../../i18n";
import { configuration, virtualServices } from "../../live/store";
import { Area_State } from "../../gen/admin/v1/configuration_pb";
import { Link, query, setQuery } from "../../router";
import { ServerDialog } from "./server-dialog";
import { describe } from "./service-names";
import { stateOf } from "./server-state";

export function HealthGrid() {
  const all = virtualServices.value;
  const [openAt, setOpenAt] = useState<string>(query("server"));
  const open = (name: string) => {
    setOpenAt(name);
    setQuery({ server: name });
  };
  if (!all) {
    return (
      <Panel title={t("grid.title")}>
        <Loading rows={6} />
      </Panel>
    );
  }
  const chosen = all.flatMap((service) => service.servers).find((server) => nameOf(server) === openAt);
  return (
    <Panel title={t("grid.title")} actions={<Legend />}>
      {all.length === 0 ? (
        <Empty icon="config" title={t("grid.empty")}>
          <Link to="/config">{t("grid.emptyNext")}</Link>
        </Empty>
      ) : (
        <Grid services={all} onOpen={(server) => open(nameOf(server))} />
      )}
      <Incomplete />
      {chosen && <ServerDialog server={chosen} onClose={() => open("")} />}
    </Panel>
  );
}

const nameOf = (server: Server) => `${server.virtualService}/${server.name}`;

function Grid({ services, onOpen }: { services: VirtualService[]; onOpen: (server: Server) => void }) {
  const columns = [...new Set(services.flatMap((service) => service.servers.map((server) => server.name)))];
  return (
    <div class="table-scroll">
      <table class="grid" aria-label={t("grid.title")}>
        <thead>
          <tr>
            <th scope="col">{t("grid.service")}</th>
            <th scope="col">{t("grid.state")}</th>
            <th scope="col" class="numeric grid-sessions">
              {t("grid.sessions")}
            </th>
            {columns.map((name) => (
              <th key={name} scope="col" class="grid-server">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <Row key={service.name} service={service} columns={columns} onOpen={onOpen} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ service, columns, onOpen }: { service: VirtualService; columns: string[]; onOpen: (server: Server) => void }) {
  const what = describe(service);
  return (
    <tr>
      <th scope="row">
        <span class="grid-name">{service.name}</span>
        {what && <span class="quiet small grid-what">{what}</span>}
      </th>
      <td>
        <Badge tone={service.serving ? "ok" : "bad"}>{t(service.serving ? "grid.serving" : "grid.notServing")}</Badge>
      </td>
      <td class="numeric grid-sessions">{count(service.sessions)}</td>
      {service.servers.length === 0 ? (
        <td class="quiet small grid-leads" colSpan={columns.length}>
          {leadsTo(service)}
        </td>
      ) : (
        columns.map((name) => {
          const server = service.servers.find((one) => one.name === name);
          return <td key={name}>{server ? <Cell server={server} onOpen={onOpen} /> : <span class="grid-none">–</span>}</td>;
        })
      )}
    </tr>
  );
}

function leadsTo(service: VirtualService): string {
  if (service.redirect) return t("grid.redirects", { to: service.redirect });
  const targets = [...new Set(service.routes.map((route) => route.virtualService).filter(Boolean))];
  return targets.length > 0 ? t("grid.routes", { to: targets.join(", ") }) : "";
}

function Cell({ server, onOpen }: { server: Server; onOpen: (server: Server) => void }) {
  const state = stateOf(server);
  const hint = tooltip(() => (
    <>
      <strong>
        {nameOf(server)}: {state.word}
      </strong>
      {server.reason && <span>{server.reason}</span>}
      {server.lastCheck && <span class="quiet">{t("server.lastCheck", { text: server.lastCheck })}</span>}
      <span class="quiet">
        {t("server.since")} <Time us={server.sinceUs} />
      </span>
      <span class="quiet">{t("server.sessions", { n: Number(server.sessions) })}</span>
    </>
  ));
  return (
    <button type="button" class={`cell ${state.tone}`} aria-label={`${nameOf(server)}: ${state.word}, ${t("server.sessions", { n: Number(server.sessions) })}`} onClick={() => onOpen(server)} {...hint}>
      <Icon name={state.icon} />
      <span class="cell-word">{state.word}</span>
      <span class="cell-sessions">{count(server.sessions)}</span>
    </button>
  );
}

function Legend() {
  return <span class="quiet small">{t("grid.hint")}</span>;
}

// Areas that are switched on and cannot serve yet.
function Incomplete() {
  const areas = (configuration.value?.areas ?? []).filter((area) => area.state === Area_State.INCOMPLETE);
  if (areas.length === 0) return null;
  return (
    <ul class="grid-incomplete">
      {areas.map((area) => (
        <li key={area.name}>
          <Badge tone="warn">{t("grid.incomplete")}</Badge> <Link to={`/config/${area.name}`}>{area.name}</Link> <span class="quiet">{area.reason}</span>
        </li>
      ))}
    </ul>
  );
}
