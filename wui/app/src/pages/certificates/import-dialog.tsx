// A .pfx or .pem with its password: sealed in this browser, so that nobody on the way to aloha-keys can open it.
import { create, toBinary } from "@bufbuild/protobuf";
import { useRef, useState } from "preact/hooks";
import { attempt } from "../../actions";
import { api } from "../../api/clients";
import { sentence, type Problem } from "../../api/errors";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { TextField } from "../../components/field";
import { FilePicker } from "../../components/file-picker";
import { Icon } from "../../components/icon";
import { toast } from "../../components/toast";
import { CertificateFileSchema, type CertificateChange } from "../../gen/admin/v1/certificates_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { nameOfFile } from "./store";

const LARGEST = 256 * 1024;

interface ImportDialogProps {
  // Replaces this one; otherwise the name is asked for.
  name?: string | undefined;
  taken: string[];
  // The page shows by itself that it is there: only warnings are told.
  quiet?: boolean;
  onClose: () => void;
  onDone?: (change: CertificateChange) => void;
}

export function ImportDialog({ name: fixed, taken, quiet, onClose, onDone }: ImportDialogProps) {
  const [name, setName] = useState(fixed ?? "");
  const [file, setFile] = useState<File | undefined>(undefined);
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [wrong, setWrong] = useState<{ name?: string; file?: string }>({});
  const form = useRef<HTMLDivElement>(null);
  const replaces = taken.includes(name.trim());

  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    setProblem(undefined);
    setWrong({});
    if (chosen && !fixed && !name) setName(nameOfFile(chosen.name));
  };
  const send = async () => {
    const missing = {
      ...(name.trim() === "" && { name: t("import.nameMissing") }),
      ...(!file && { file: t("import.fileMissing") }),
      ...(file && file.size > LARGEST && { file: t("import.tooLarge") }),
    };
    setWrong(missing);
    setProblem(undefined);
    if (Object.keys(missing).length > 0) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    await importIt(file!);
  };
  const importIt = async (chosen: File) => {
    let change: CertificateChange | undefined;
    const send = async () => (change = await sendSealed(name.trim(), chosen, password));
    if (!(await attempt("import", send, setProblem)) || !change) return;
    if (!quiet || change.warnings.length > 0) toast("ok", [t("import.done", { name: name.trim() }), ...change.warnings].join(" "));
    onDone?.(change);
    onClose();
  };
  const fileError = wrong.file ?? (problem && !isAboutPassword(problem) ? sentence(problem) : undefined);
  return (
    <Dialog
      title={fixed ? t("import.replaceTitle", { name: fixed }) : t("import.title")}
      onClose={onClose}
      onSubmit={() => void send()}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="primary" icon="upload" submit action="import" needs={Role.ADMIN}>
            {t("import.action")}
          </Button>
        </>
      }
    >
      <div class="stack" ref={form}>
        <FilePicker label={t("import.file")} accept=".pfx,.p12,.pem,.crt,.key" file={file} help={t("import.fileHelp")} error={fileError} onChange={choose} />
        <TextField
          label={t("import.password")}
          type="password"
          autocomplete="off"
          help={t("import.passwordHelp")}
          error={problem && isAboutPassword(problem) ? sentence(problem) : undefined}
          value={password}
          onInput={setPassword}
        />
        {!fixed && <TextField label={t("field.name")} help={t("import.nameHelp")} error={wrong.name} value={name} onInput={setName} maxLength={63} />}
        {!fixed && replaces && (
          <p class="notice warn">
            <Icon name="warning" />
            <span>{t("import.replaces", { name: name.trim() })}</span>
          </p>
        )}
        <p class="quiet small">
          <Icon name="lock" /> {t("import.sealed")}
        </p>
      </div>
    </Dialog>
  );
}

async function sendSealed(name: string, file: File, password: string): Promise<CertificateChange> {
  const [{ publicKey }, { seal }, content] = await Promise.all([api.certificates.getImportKey({}), import("../../api/seal"), file.arrayBuffer()]);
  const message = create(CertificateFileSchema, { file: new Uint8Array(content), password });
  return api.certificates.importCertificate({ name, sealed: seal(toBinary(CertificateFileSchema, message), publicKey) });
}

function isAboutPassword(problem: Problem): boolean {
  return problem.violations.some((one) => one.path.includes("password")) || /password/i.test(problem.message);
}
