// The guide's setup tab: information, configuration, language and time zone, restart of the machine.
import { useState } from "preact/hooks";
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { allPages } from "../../api/paging";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { confirm } from "../../components/dialog";
import { SelectField } from "../../components/field";
import { Facts, Loading, Panel } from "../../components/page";
import { download } from "../../download";
import type { SystemInfo } from "../../gen/admin/v1/admin_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { bytes, count, duration, exactTime, fromUs, now } from "../../format";
import { asLanguage, languageNames, machineLanguage, t, type Language } from "../../i18n";
import { configuration, system } from "../../live/store";
import { Link } from "../../router";
import { whyNot } from "../../session";
import { SaveButton } from "../../shell/top-bar";
import { useLoaded } from "../../use-loaded";
import { LicensingBadge } from "./licences";

export function SystemTab() {
  return (
    <>
      <Information />
      <Configuration />
      <Local />
      <Restart />
    </>
  );
}

function Information() {
  const info = system.value;
  const age = info ? Math.max(0, now.value - fromUs(info.timeUs)) : 0;
  return (
    <Panel title={t("info.title")}>
      {!info ? (
        <Loading rows={4} />
      ) : (
        <Facts
          facts={[
            [t("info.hostname"), info.hostname],
            [t("info.version"), `Aloha ${info.version}`],
            [t("info.firmware"), firmwareOf(info)],
            [t("info.model"), info.model || "–"],
            [t("info.uuid"), <span class="mono">{info.uuid || "–"}</span>],
            [t("info.ethid"), <span class="mono">{info.ethid || "–"}</span>],
            [t("info.licence"), <Licensing info={info} />],
            [t("info.time"), exactTime(fromUs(info.timeUs) + age)],
            [t("info.uptime"), duration(Number(info.uptimeS) * 1000 + age)],
            [t("info.supervisorUptime"), duration(Number(info.supervisorUptimeS) * 1000 + age)],
            [t("info.kernel"), info.kernel],
            [t("info.cores"), count(info.cores)],
            [t("info.memory"), bytes(info.memoryBytes)],
            [t("info.user"), info.user],
            [t("info.privilege"), info.privilege],
            [t("info.landlock"), info.landlockAbi > 0 ? String(info.landlockAbi) : t("info.landlockNone")],
            [t("info.timeZone"), info.timeZone || t("info.unknown")],
          ]}
        />
      )}
    </Panel>
  );
}

// "1010 (2026-12-01)" of an image, else the system that packages made.
function firmwareOf({ firmwareRevision, firmwareDate, operatingSystem }: SystemInfo): string {
  if (!firmwareRevision) return operatingSystem || "–";
  return firmwareDate ? `${firmwareRevision} (${firmwareDate})` : firmwareRevision;
}

function Licensing({ info }: { info: SystemInfo }) {
  return (
    <>
      <LicensingBadge licensing={info.licensing} /> <Link to="/setup/maintenance">{t("info.licenceOpen")}</Link>
    </>
  );
}

function Configuration() {
  const state = configuration.value;
  const reset = async () => {
    const sure = await confirm({ title: t("reset.title"), text: t("reset.text"), action: t("reset.next"), danger: true });
    if (!sure || !(await confirm({ title: t("reset.sure"), text: t("reset.sureText"), action: t("reset.do"), danger: true, typed: "factory" }))) return;
    await perform("reset", () => api.configuration.resetConfig({}), (answer) => t("reset.done", { version: String(answer.version) }));
  };
  const erase = async () => {
    const sure = await confirm({ title: t("erase.title"), text: t("erase.text"), action: t("reset.next"), danger: true });
    if (!sure || !(await confirm({ title: t("erase.sure"), text: t("erase.sureText"), action: t("erase.do"), danger: true, typed: "erase" }))) return;
    await perform("erase", () => api.configuration.resetConfig({ erase: true }), t("erase.done"));
  };
  // The text format, as alohactl config apply takes it.
  const save = async () => {
    const { text, version } = await api.configuration.getConfig({});
    download(`aloha-${version}.textproto`, text, "text/plain");
  };
  return (
    <Panel title={t("configuration.title")}>
      <div class="panel-body stack-wide">
        <p>
          {!state ? (
            t("state.loading")
          ) : state.unsavedChanges ? (
            <Badge tone="warn">{t("configuration.unsaved", { version: String(state.running?.version ?? 0n) })}</Badge>
          ) : (
            <Badge tone="ok">{t("configuration.saved", { version: String(state.running?.version ?? 0n) })}</Badge>
          )}
        </p>
        <div class="form-actions">
          <SaveButton />
          <Button icon="download" action="download" onClick={() => void perform("download", save)}>
            {t("configuration.download")}
          </Button>
          <Button icon="history" action="reset" needs={Role.ADMIN} onClick={() => void reset()}>
            {t("reset.action")}
          </Button>
          <Button icon="trash" action="erase" needs={Role.ADMIN} onClick={() => void erase()}>
            {t("erase.action")}
          </Button>
        </div>
      </div>
    </Panel>
  );
}

function Local() {
  const info = system.value;
  const zones = useLoaded(() => allPages((page) => api.system.listTimeZones(page), (page) => page.timeZones));
  const [language, setLanguage] = useState<Language | undefined>(undefined);
  const [zone, setZone] = useState<string | undefined>(undefined);
  const denied = whyNot(Role.ADMIN);
  const currentLanguage: Language = language ?? (asLanguage(info?.language) || "en");
  const currentZone = zone ?? info?.timeZone ?? "";
  const changed = (language !== undefined && language !== info?.language) || (zone !== undefined && zone !== info?.timeZone);
  const update = async () => {
    if (language !== undefined && language !== info?.language) {
      if (await perform("local", () => api.system.setLanguage({ language }), t("local.languageSet"))) machineLanguage.value = language;
    }
    if (zone !== undefined && zone !== info?.timeZone) await perform("local", () => api.system.setTimeZone({ timeZone: zone }), t("local.zoneSet"));
    setLanguage(undefined);
    setZone(undefined);
  };
  return (
    <Panel title={t("local.title")}>
      <div class="form">
        <SelectField
          label={t("local.language")}
          help={t("local.languageHelp")}
          value={currentLanguage}
          options={(Object.keys(languageNames) as Language[]).map((value) => ({ value, label: languageNames[value] }))}
          disabled={denied !== undefined}
          title={denied}
          onChange={setLanguage}
        />
        <SelectField
          label={t("local.zone")}
          help={zones.problem ? t("local.noZones", { why: zones.problem.message }) : undefined}
          value={currentZone}
          options={[...new Set([currentZone, ...(zones.value ?? [])])].map((value) => ({ value, label: value || t("info.unknown") }))}
          disabled={denied !== undefined || !zones.value}
          title={denied}
          onChange={setZone}
        />
        <div class="form-actions">
          <Button kind="primary" icon="check" action="local" needs={Role.ADMIN} disabledReason={changed ? undefined : t("form.unchanged")} onClick={() => void update()}>
            {t("action.update")}
          </Button>
        </div>
      </div>
    </Panel>
  );
}

// Asks for the name of the machine first.
export function RebootButton() {
  const name = system.value?.hostname ?? "";
  const reboot = async () => {
    const text = configuration.value?.unsavedChanges ? t("reboot.textUnsaved") : t("reboot.text");
    if (!(await confirm({ title: t("reboot.title"), text, action: t("reboot.action"), danger: true, typed: name }))) return;
    await perform("reboot", () => api.system.rebootSystem({}), t("reboot.done"));
  };
  return (
    <Button icon="restart" action="reboot" needs={Role.ADMIN} onClick={() => void reboot()}>
      {t("reboot.action")}
    </Button>
  );
}

function Restart() {
  return (
    <Panel title={t("reboot.panel")}>
      <div class="panel-body stack-wide">
        <p class="quiet">{t("reboot.note")}</p>
        <div class="form-actions">
          <RebootButton />
        </div>
      </div>
    </Panel>
  );
}
