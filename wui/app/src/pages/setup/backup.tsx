// All that was set up, in one file, and its way back. A passphrase is sealed in this browser, so that nobody on the way to
// aloha-keys knows it.
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { useState } from "preact/hooks";
import { attempt, inWords } from "../../actions";
import { api } from "../../api/clients";
import { sentence, type Problem } from "../../api/errors";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { TextField } from "../../components/field";
import { FilePicker } from "../../components/file-picker";
import { Icon } from "../../components/icon";
import { Facts, Panel } from "../../components/page";
import { toast } from "../../components/toast";
import { download } from "../../download";
import { exactTime, fromUs } from "../../format";
import { BackupPassphraseSchema, type BackupInfo, type PreviewRestoreResponse, type RestoreBackupResponse } from "../../gen/admin/v1/backup_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";

// What a call from a browser carries; alohactl takes larger ones.
const LARGEST = 370 * 1024;
const SHORTEST = 12;

async function sealPassphrase(passphrase: string): Promise<Uint8Array> {
  if (passphrase === "") return new Uint8Array();
  const [{ publicKey }, { seal }] = await Promise.all([api.certificates.getImportKey({}), import("../../api/seal")]);
  const message = create(BackupPassphraseSchema, { passphrase: new TextEncoder().encode(passphrase) });
  return seal(toBinary(BackupPassphraseSchema, message), publicKey);
}

export function Backup() {
  return (
    <>
      <Make />
      <Restore />
    </>
  );
}

function Make() {
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const [withoutKeys, setWithoutKeys] = useState(false);
  const [problem, setProblem] = useState("");
  const short = passphrase !== "" && passphrase.length < SHORTEST ? t("backup.short") : undefined;
  const differ = again !== "" && passphrase !== again ? t("backup.differ") : undefined;
  const ready = !short && passphrase === again;
  const make = async () => {
    const sealedPassphrase = await sealPassphrase(passphrase);
    const made = await api.backups.createBackup({ sealedPassphrase, withoutPrivateKeys: withoutKeys });
    download(made.fileName, made.backup, "application/octet-stream");
    toast("ok", t("backup.made", { name: made.fileName, keys: String(made.info?.contents?.privateKeys ?? 0) }));
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!ready || !(await attempt("backup", make, inWords(setProblem)))) return;
    setPassphrase("");
    setAgain("");
  };
  return (
    <Panel title={t("backup.title")} note={t("backup.note")}>
      <form class="form" onSubmit={(event) => void submit(event)} noValidate>
        <TextField label={t("backup.passphrase")} type="password" autocomplete="new-password" value={passphrase} onInput={setPassphrase} help={t("backup.passphraseHelp")} error={short ?? (problem || undefined)} />
        {passphrase !== "" && (
          <>
            <TextField label={t("password.again")} type="password" autocomplete="new-password" value={again} onInput={setAgain} error={differ} />
            <label class="check">
              <input type="checkbox" checked={withoutKeys} onChange={(event) => setWithoutKeys(event.currentTarget.checked)} />
              <span>{t("backup.withoutKeys")}</span>
            </label>
          </>
        )}
        {passphrase === "" && (
          <p class="quiet small">
            <Icon name="info" /> {t("backup.clear")}
          </p>
        )}
        <div class="form-actions">
          <Button kind="primary" icon="download" submit action="backup" needs={Role.ADMIN} disabledReason={ready ? undefined : t("backup.fillBoth")}>
            {t("backup.action")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Restore() {
  const [file, setFile] = useState<File | undefined>(undefined);
  const [passphrase, setPassphrase] = useState("");
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [wrong, setWrong] = useState("");
  const [plan, setPlan] = useState<PreviewRestoreResponse | undefined>(undefined);
  const [locked, setLocked] = useState(false);
  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    setProblem(undefined);
    setWrong("");
    setLocked(false);
  };
  const request = async (chosen: File) => ({
    backup: new Uint8Array(await chosen.arrayBuffer()),
    sealedPassphrase: await sealPassphrase(passphrase),
  });
  const preview = async (event: Event) => {
    event.preventDefault();
    setWrong("");
    if (!file) return setWrong(t("import.fileMissing"));
    if (file.size > LARGEST) return setWrong(t("restore.tooLarge"));
    await attempt("restore", async () => show(await api.backups.previewRestore(await request(file))), setProblem);
  };
  const show = (answer: PreviewRestoreResponse) => {
    setLocked(answer.info?.contents === undefined);
    if (answer.info?.contents) setPlan(answer);
  };
  const done = (answer: RestoreBackupResponse) => {
    setPlan(undefined);
    choose(undefined);
    setPassphrase("");
    toast("ok", answer.confirmWithinS ? t("restore.confirm", { seconds: String(answer.confirmWithinS) }) : t("restore.done", { version: String(answer.version) }));
  };
  const denied = problem?.code === Code.PermissionDenied ? sentence(problem) : undefined;
  const fileError = wrong || (problem && !denied ? sentence(problem) : undefined);
  return (
    <Panel title={t("restore.title")} note={t("restore.note")}>
      <form class="form" onSubmit={(event) => void preview(event)} noValidate>
        <FilePicker label={t("restore.file")} accept=".backup" file={file} error={fileError || undefined} onChange={choose} />
        <TextField
          label={t("backup.passphrase")}
          type="password"
          autocomplete="off"
          value={passphrase}
          onInput={setPassphrase}
          help={t("restore.passphraseHelp")}
          error={denied ?? (locked ? t("restore.locked") : undefined)}
        />
        <div class="form-actions">
          <Button kind="primary" icon="upload" submit action="restore" needs={Role.ADMIN}>
            {t("restore.preview")}
          </Button>
        </div>
      </form>
      {plan && file && <PlanDialog plan={plan} call={async () => api.backups.restoreBackup(await request(file))} onClose={() => setPlan(undefined)} onDone={done} />}
    </Panel>
  );
}

interface PlanDialogProps {
  plan: PreviewRestoreResponse;
  call: () => Promise<RestoreBackupResponse>;
  onClose: () => void;
  onDone: (answer: RestoreBackupResponse) => void;
}

function PlanDialog({ plan, call, onClose, onDone }: PlanDialogProps) {
  const [problem, setProblem] = useState("");
  const refused = plan.steps.length === 0;
  const restore = () => attempt("restore", async () => onDone(await call()), inWords(setProblem));
  return (
    <Dialog
      title={t("restore.plan")}
      wide
      onClose={onClose}
      onSubmit={() => !refused && void restore()}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="danger" submit action="restore" needs={Role.ADMIN} disabledReason={refused ? t("restore.refused") : undefined}>
            {t("restore.action")}
          </Button>
        </>
      }
    >
      {plan.info && <Facts facts={factsOf(plan.info)} />}
      <ul>
        {plan.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
        {plan.findings.map((finding) => (
          <li key={finding.path + finding.message} class="field-error">
            {finding.path} {finding.message}
          </li>
        ))}
      </ul>
      {problem && (
        <p class="notice bad" role="alert">
          <Icon name="cross" />
          <span>{problem}</span>
        </p>
      )}
    </Dialog>
  );
}

function factsOf(info: BackupInfo): [string, string][] {
  return [
    [t("info.hostname"), info.host],
    [t("restore.made"), exactTime(fromUs(info.timeUs))],
    [t("info.version"), `Aloha ${info.version}`],
    [t("restore.encrypted"), t(info.encrypted ? "restore.yes" : "restore.no")],
  ];
}
