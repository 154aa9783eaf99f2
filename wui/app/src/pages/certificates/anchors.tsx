// Whom the balancer trusts to sign the certificates of servers and of remote administrators.
import { useState } from "preact/hooks";
import { attempt, perform } from "../../actions";
import { api } from "../../api/clients";
import { sentence } from "../../api/errors";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { confirm, Dialog } from "../../components/dialog";
import { TextField } from "../../components/field";
import { FilePicker } from "../../components/file-picker";
import { Show } from "../../components/loaded";
import { Empty, Panel } from "../../components/page";
import { Table, type Column } from "../../components/table";
import { now } from "../../format";
import type { TrustAnchor } from "../../gen/admin/v1/certificates_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { Fingerprint, Until, UsedBy } from "./list";
import { nameOfFile, useTrustAnchors } from "./store";

const LARGEST = 1024 * 1024;

export function AnchorList() {
  const loaded = useTrustAnchors();
  const [open, setOpen] = useState<{ name?: string } | undefined>(undefined);
  const tools = (
    <Button icon="upload" kind="primary" needs={Role.ADMIN} onClick={() => setOpen({})}>
      {t("anchor.import")}
    </Button>
  );
  return (
    <Panel title={t("anchor.title")} note={t("anchor.note")} actions={tools}>
      <Show loaded={loaded}>
        {(anchors) => (
          <Table
            id="anchors"
            label={t("anchor.title")}
            columns={columns((name) => setOpen({ name }), loaded.reload)}
            rows={anchors}
            rowKey={(row) => row.name}
            order="name"
            empty={<Empty icon="certificate" title={t("anchor.none")}>{t("anchor.noneNext")}</Empty>}
          />
        )}
      </Show>
      {open && <AnchorDialog name={open.name} taken={(loaded.value ?? []).map((one) => one.name)} onClose={() => setOpen(undefined)} onDone={loaded.reload} />}
    </Panel>
  );
}

const firstEnd = (row: TrustAnchor) => row.certificates.map((one) => one.notAfterS).sort((a, b) => Number(a - b))[0] ?? 0n;

function columns(replace: (name: string) => void, reload: () => void): Column<TrustAnchor>[] {
  return [
    { key: "name", title: t("field.name"), render: (row) => <strong>{row.name}</strong>, text: (row) => row.name },
    { key: "status", title: t("certificate.status"), render: (row) => <State anchor={row} /> },
    { key: "cn", title: t("certificate.commonName"), render: (row) => row.certificates.map((one) => one.commonName).join(", "), text: (row) => row.certificates.map((one) => one.commonName).join(" ") },
    { key: "until", title: t("certificate.until"), render: (row) => <Until seconds={firstEnd(row)} />, sort: firstEnd },
    { key: "print", title: t("certificate.fingerprint"), render: (row) => row.certificates.slice(0, 2).map((one) => <Fingerprint key={one.fingerprint} text={one.fingerprint} />), text: (row) => row.certificates.map((one) => one.fingerprint).join(" ") },
    { key: "used", title: t("certificate.usedBy"), render: (row) => <UsedBy paths={row.usedBy} />, text: (row) => row.usedBy.join(" ") },
    { key: "actions", title: "", render: (row) => <Actions anchor={row} replace={replace} reload={reload} /> },
  ];
}

function State({ anchor }: { anchor: TrustAnchor }) {
  const ended = anchor.certificates.some((one) => Number(one.notAfterS) * 1000 < now.value);
  if (ended) return <Badge tone="bad">{t("certificate.expired")}</Badge>;
  if (!anchor.certificates.every((one) => one.isCa)) return <Badge tone="warn">{t("anchor.noCa")}</Badge>;
  return <Badge tone="ok">{t("certificate.valid")}</Badge>;
}

function Actions({ anchor, replace, reload }: { anchor: TrustAnchor; replace: (name: string) => void; reload: () => void }) {
  const { name, usedBy } = anchor;
  const remove = async () => {
    if (!(await confirm({ title: t("certificate.deleteTitle", { name }), text: t("anchor.deleteText"), action: t("certificate.delete"), danger: true }))) return;
    if (await perform(`delete ${name}`, () => api.trustAnchors.deleteTrustAnchor({ name }), t("certificate.deleted", { name }))) reload();
  };
  return (
    <span class="actions">
      <Button kind="quiet" icon="upload" needs={Role.ADMIN} onClick={() => replace(name)}>
        {t("certificate.replace")}
      </Button>
      <Button
        kind="quiet"
        icon="trash"
        bare
        needs={Role.ADMIN}
        action={`delete ${name}`}
        disabledReason={usedBy.length > 0 ? t("certificate.inUse", { where: usedBy.join(", ") }) : undefined}
        onClick={() => void remove()}
      >
        {t("certificate.delete")}
      </Button>
    </span>
  );
}

function AnchorDialog({ name: fixed, taken, onClose, onDone }: { name: string | undefined; taken: string[]; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState(fixed ?? "");
  const [file, setFile] = useState<File | undefined>(undefined);
  const [wrong, setWrong] = useState<{ name?: string; file?: string }>({});
  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    setWrong({});
    if (chosen && !fixed && !name) setName(nameOfFile(chosen.name));
  };
  const send = async () => {
    const missing = {
      ...(name.trim() === "" && { name: t("import.nameMissing") }),
      ...(!file && { file: t("import.fileMissing") }),
      ...(file && file.size > LARGEST && { file: t("anchor.tooLarge") }),
    };
    setWrong(missing);
    if (!file || Object.keys(missing).length > 0) return;
    const send = async () => api.trustAnchors.importTrustAnchor({ name: name.trim(), file: new Uint8Array(await file.arrayBuffer()) });
    if (!(await attempt("anchor", send, (problem) => setWrong(problem ? { file: sentence(problem) } : {})))) return;
    onDone();
    onClose();
  };
  return (
    <Dialog
      title={fixed ? t("import.replaceTitle", { name: fixed }) : t("anchor.import")}
      onClose={onClose}
      onSubmit={() => void send()}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="primary" icon="upload" submit action="anchor" needs={Role.ADMIN}>
            {t("import.action")}
          </Button>
        </>
      }
    >
      <FilePicker label={t("anchor.file")} accept=".pem,.crt,.cer,.der" file={file} help={t("anchor.fileHelp")} error={wrong.file} onChange={choose} />
      {!fixed && (
        <TextField label={t("field.name")} help={taken.includes(name.trim()) ? t("import.replaces", { name: name.trim() }) : t("anchor.nameHelp")} error={wrong.name} value={name} onInput={setName} maxLength={63} />
      )}
    </Dialog>
  );
}
