// The guide's four services: status, start-up, actions.
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { Badge, type Tone } from "../../components/badge";
import { Button } from "../../components/button";
import { confirm } from "../../components/dialog";
import type { IconName } from "../../components/icon";
import { LiveSelect } from "../../components/live-select";
import { Loading, Panel } from "../../components/page";
import { Service_StartMode as StartMode, Service_State as State, type Service } from "../../gen/admin/v1/admin_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { services, stats } from "../../live/store";
import { whyNot } from "../../session";

export function ServiceTable() {
  const all = services.value;
  return (
    <Panel title={t("services.title")}>
      {!all ? (
        <Loading rows={4} />
      ) : (
        <table class="table services" aria-label={t("services.title")}>
          <thead>
            <tr>
              <th scope="col">{t("services.name")}</th>
              <th scope="col">{t("services.status")}</th>
              <th scope="col">{t("services.startup")}</th>
              <th scope="col">{t("services.actions")}</th>
            </tr>
          </thead>
          <tbody>
            {all.map((service) => (
              <Row key={service.name} service={service} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

const states: Record<State, [Tone, "services.ok" | "services.nok" | "services.notInUse"]> = {
  [State.STATE_UNSPECIFIED]: ["idle", "services.notInUse"],
  [State.OK]: ["ok", "services.ok"],
  [State.NOK]: ["bad", "services.nok"],
  [State.NOT_IN_USE]: ["idle", "services.notInUse"],
};

// What people know these four as.
const meanings: Record<string, "services.system" | "services.vrrp" | "services.haproxy" | "services.stunnel"> = {
  system: "services.system",
  vrrp: "services.vrrp",
  haproxy: "services.haproxy",
  stunnel: "services.stunnel",
};

function Row({ service }: { service: Service }) {
  const [tone, word] = states[service.state];
  const meaning = meanings[service.name];
  return (
    <tr data-service={service.name}>
      <td data-label={t("services.name")}>
        <div class="stack">
          <strong>{service.name}</strong>
          {meaning && <span class="quiet small">{t(meaning)}</span>}
        </div>
      </td>
      <td data-label={t("services.status")}>
        <div class="stack">
          <span role="status">
            <Badge tone={tone}>{t(word)}</Badge>
          </span>
          {service.reason && <span class="quiet small">{service.reason}</span>}
        </div>
      </td>
      <td data-label={t("services.startup")}>
        <StartUp service={service} />
      </td>
      <td data-label={t("services.actions")}>
        <Actions service={service} />
      </td>
    </tr>
  );
}

function StartUp({ service }: { service: Service }) {
  const reason = whyNot(Role.OPERATOR) ?? (service.name === "system" ? t("services.systemAuto") : undefined);
  const set = (value: "auto" | "manual") =>
    perform(
      `mode ${service.name}`,
      () => api.services.setStartMode({ name: service.name, startMode: value === "manual" ? StartMode.MANUAL : StartMode.AUTO }),
      t(value === "manual" ? "services.nowManual" : "services.nowAuto", { name: service.name }),
    );
  return (
    <LiveSelect
      label={t("services.startupOf", { name: service.name })}
      value={service.startMode === StartMode.MANUAL ? "manual" : "auto"}
      options={[
        { value: "auto", label: t("services.auto") },
        { value: "manual", label: t("services.manual") },
      ]}
      disabledReason={reason}
      onChoose={set}
    />
  );
}

type Verb = "start" | "stop" | "restart" | "reload";
const verbs: [Verb, IconName][] = [
  ["start", "play"],
  ["stop", "stop"],
  ["restart", "restart"],
  ["reload", "reload"],
];

function Actions({ service }: { service: Service }) {
  return (
    <span class="actions start">
      {verbs.map(([verb, icon]) => (
        <Button key={verb} icon={icon} needs={Role.OPERATOR} action={`service ${service.name}`} disabledReason={whyNotNow(service, verb)} onClick={() => void run(service, verb)}>
          {t(`services.${verb}`)}
        </Button>
      ))}
    </span>
  );
}

function whyNotNow(service: Service, verb: Verb): string | undefined {
  if (service.name === "system" && verb === "stop") return t("services.systemStop");
  if (service.state === State.NOT_IN_USE) return t("services.unused", { name: service.name });
  if (verb === "start" && service.state === State.OK) return t("services.runs", { name: service.name });
  return undefined;
}

async function run(service: Service, verb: Verb): Promise<void> {
  const { name } = service;
  if (verb === "stop" && !(await sureToStop(name))) return;
  if (verb === "restart" && name === "haproxy" && !(await sureToRestart(name))) return;
  const calls = {
    start: () => api.services.startService({ name }),
    stop: () => api.services.stopService({ name }),
    restart: () => api.services.restartService({ name }),
    reload: () => api.services.reloadService({ name }),
  };
  await perform(`service ${name}`, calls[verb], t(`services.${verb}Done`, { name }));
}

const live = () => (stats.value?.virtualServices ?? []).reduce((sum, service) => sum + Number(service.traffic?.sessions ?? 0n), 0);

// The word has to be typed where traffic stops.
function sureToStop(name: string): Promise<boolean> {
  const text = name === "haproxy" ? t("services.stopHaproxy", { n: live() }) : name === "stunnel" ? t("services.stopStunnel") : t("services.stopVrrp");
  return confirm({
    title: t("services.stopTitle", { name }),
    text,
    action: t("services.stop"),
    danger: true,
    ...(name === "vrrp" ? {} : { typed: name }),
  });
}

function sureToRestart(name: string): Promise<boolean> {
  return confirm({ title: t("services.restartTitle", { name }), text: t("services.restartHaproxy", { n: live() }), action: t("services.restart"), danger: true });
}
