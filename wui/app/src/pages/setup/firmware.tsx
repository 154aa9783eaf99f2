// Firmware of the appliance: what is in each slot, an update by file, the way back. The file goes up in pieces, and on
// from where it was cut off.
import { useState } from "preact/hooks";
import { attempt, inWords, perform } from "../../actions";
import { api } from "../../api/clients";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { confirm } from "../../components/dialog";
import { FilePicker } from "../../components/file-picker";
import { Icon } from "../../components/icon";
import { Empty, Loading, Panel } from "../../components/page";
import { Table, type Column } from "../../components/table";
import { exactTime } from "../../format";
import { FirmwareSlot_State, FirmwareState_Updates, type FirmwareSlot, type FirmwareState } from "../../gen/admin/v1/firmware_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { firmware } from "../../live/store";
import { RebootButton } from "./system";

const PIECE = 256 * 1024;
const LARGEST = 2 * 1024 * 1024 * 1024;

export function Firmware() {
  const state = firmware.value;
  return (
    <Panel title={t("firmware.title")} note={state?.updates === FirmwareState_Updates.SLOTS ? t("firmware.note") : undefined}>
      {!state || state.updates === FirmwareState_Updates.UPDATES_UNSPECIFIED ? (
        <Loading />
      ) : state.updates === FirmwareState_Updates.PACKAGES ? (
        <Empty icon="upload" title={t("firmware.packages", { version: state.version })}>
          {t("firmware.packagesNext")}
        </Empty>
      ) : (
        <Slots state={state} />
      )}
    </Panel>
  );
}

function Slots({ state }: { state: FirmwareState }) {
  return (
    <>
      <Table
        id="slots"
        label={t("firmware.slots")}
        columns={columns()}
        rows={state.slots}
        rowKey={(slot) => slot.name}
        empty={<Empty title={t("firmware.noSlots")}>{state.trouble}</Empty>}
      />
      <Told state={state} />
      <Update state={state} />
    </>
  );
}

function columns(): Column<FirmwareSlot>[] {
  return [
    { key: "name", title: t("firmware.slot"), render: (s) => <strong class="mono">{s.bootName || s.name}</strong>, text: (s) => s.bootName },
    { key: "version", title: t("firmware.version"), render: (s) => s.version || "–", text: (s) => s.version },
    { key: "state", title: t("firmware.state"), render: (s) => <StateBadge slot={s} />, sort: (s) => s.state },
    { key: "role", title: t("firmware.role"), render: (s) => roleOf(s) },
    {
      key: "installed",
      title: t("firmware.installed"),
      render: (s) => (s.installedS ? exactTime(Number(s.installedS) * 1000) : "–"),
      sort: (s) => s.installedS,
    },
  ];
}

function StateBadge({ slot }: { slot: FirmwareSlot }) {
  switch (slot.state) {
    case FirmwareSlot_State.GOOD:
      return <Badge tone="ok">{t("firmware.good")}</Badge>;
    case FirmwareSlot_State.BAD:
      return <Badge tone="bad">{t("firmware.bad")}</Badge>;
    default:
      return <Badge tone="idle">{t("firmware.empty")}</Badge>;
  }
}

function roleOf({ booted, next }: FirmwareSlot): string {
  return [booted && t("firmware.runs"), next && t("firmware.next")].filter(Boolean).join(", ") || "–";
}

// What goes on, or how it ended.
function Told({ state }: { state: FirmwareState }) {
  const told = telling(state);
  return told ? <div class="panel-body">{told}</div> : null;
}

function telling({ installation, result, trouble, slots }: FirmwareState) {
  if (installation) {
    const { version, progressPercent, step } = installation;
    return <Progress what={version ? t("firmware.installing", { version }) : t("firmware.installingOther")} percent={progressPercent} step={step} />;
  }
  if (trouble && slots.length > 0) return <Notice bad text={trouble} />;
  if (!result) return undefined;
  const version = result.version || "–";
  return result.succeeded ? <Notice text={t("firmware.done", { version })} /> : <Notice bad text={t("firmware.failed", { version, error: result.error })} />;
}

function Progress({ what, percent, step }: { what: string; percent: number; step?: string }) {
  return (
    <div class="progress">
      <span>{what}</span>
      <progress max={100} value={percent} aria-label={what} />
      <span class="quiet">
        {percent} % {step}
      </span>
    </div>
  );
}

function Notice({ text, bad = false }: { text: string; bad?: boolean }) {
  return (
    <p class={`notice ${bad ? "bad" : ""}`} role={bad ? "alert" : "status"}>
      <Icon name={bad ? "cross" : "info"} />
      <span>{text}</span>
    </p>
  );
}

async function send(file: File, tell: (percent: number) => void): Promise<void> {
  const whole = { source: `${[...file.name].slice(0, 40).join("")}, ${file.size}, ${file.lastModified}`, totalBytes: BigInt(file.size) };
  const { upload } = await api.firmware.getFirmware({});
  let sent = upload?.source === whole.source && upload.totalBytes === whole.totalBytes ? Number(upload.receivedBytes) : 0;
  while (sent < file.size) {
    const data = new Uint8Array(await file.slice(sent, sent + PIECE).arrayBuffer());
    const { receivedBytes } = await api.firmware.uploadFirmware({ ...whole, offset: BigInt(sent), data });
    sent = Number(receivedBytes);
    tell(Math.floor((sent * 100) / file.size));
  }
}

function Update({ state }: { state: FirmwareState }) {
  const [file, setFile] = useState<File | undefined>(undefined);
  const [older, setOlder] = useState(false);
  const [sent, setSent] = useState<number | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const busy = state.installation ? t("firmware.busy") : undefined;
  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    setProblem("");
  };
  const install = async (chosen: File) => {
    await send(chosen, setSent);
    await api.firmware.installFirmware({ allowDowngrade: older });
    choose(undefined);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!file) return setProblem(t("import.fileMissing"));
    if (file.size === 0 || file.size > LARGEST) return setProblem(t("firmware.wrongSize"));
    setSent(0);
    await attempt("firmware", () => install(file), inWords(setProblem));
    setSent(undefined);
  };
  return (
    <form class="form" onSubmit={(event) => void submit(event)} noValidate>
      <FilePicker label={t("firmware.file")} accept=".raucb" file={file} help={t("firmware.fileHelp")} error={problem || undefined} onChange={choose} />
      <label class="check">
        <input type="checkbox" checked={older} onChange={(event) => setOlder(event.currentTarget.checked)} />
        <span>{t("firmware.downgrade")}</span>
      </label>
      {sent !== undefined && <Progress what={t("firmware.sending")} percent={sent} />}
      <div class="form-actions">
        <Button kind="primary" icon="upload" submit action="firmware" needs={Role.ADMIN} disabledReason={busy}>
          {t("firmware.install")}
        </Button>
        <Button icon="history" action="firmware-back" needs={Role.ADMIN} disabledReason={busy ?? whyNoWayBack(state)} onClick={() => void rollback(state)}>
          {t("firmware.rollback")}
        </Button>
        <RebootButton />
      </div>
    </form>
  );
}

const otherOf = (state: FirmwareState) => state.slots.find((slot) => !slot.next);

function whyNoWayBack(state: FirmwareState): string | undefined {
  const other = otherOf(state);
  if (!other || other.state === FirmwareSlot_State.EMPTY) return t("firmware.otherEmpty");
  return other.state === FirmwareSlot_State.GOOD ? undefined : t("firmware.otherBad");
}

async function rollback(state: FirmwareState): Promise<void> {
  const other = otherOf(state);
  const names = { slot: other?.bootName ?? "", version: other?.version || "–" };
  if (!(await confirm({ title: t("firmware.rollbackTitle", names), text: t("firmware.rollbackText"), action: t("firmware.rollback"), danger: true }))) return;
  await perform("firmware-back", () => api.firmware.rollbackFirmware({}), t("firmware.rolledBack", names));
}
