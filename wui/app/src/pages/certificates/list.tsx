import { useState } from "preact/hooks";
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { confirm } from "../../components/dialog";
import { Show } from "../../components/loaded";
import { Empty, Panel } from "../../components/page";
import { Table, type Column } from "../../components/table";
import { dateOnly, exactTime, now } from "../../format";
import type { Certificate } from "../../gen/admin/v1/certificates_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { DetailsDialog } from "./details";
import { ImportDialog } from "./import-dialog";
import { SelfSignedDialog } from "./self-signed-dialog";
import { stateOf, useCertificates } from "./store";

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;

type Open = { kind: "import" } | { kind: "selfSigned" } | { kind: "replace" | "details"; name: string } | undefined;

export function CertificateList() {
  const loaded = useCertificates();
  const [open, setOpen] = useState<Open>(undefined);
  const taken = (loaded.value ?? []).map((one) => one.name);
  const close = () => setOpen(undefined);
  const tools = (
    <>
      <Button icon="plus" needs={Role.ADMIN} onClick={() => setOpen({ kind: "selfSigned" })}>
        {t("selfSigned.title")}
      </Button>
      <Button icon="upload" kind="primary" needs={Role.ADMIN} onClick={() => setOpen({ kind: "import" })}>
        {t("import.title")}
      </Button>
    </>
  );
  return (
    <Panel title={t("page.certificates")} note={t("certificate.note")} actions={tools}>
      <Show loaded={loaded}>
        {(certificates) => (
          <Table
            id="certificates"
            label={t("page.certificates")}
            columns={columns(setOpen, () => loaded.reload())}
            rows={certificates}
            rowKey={(row) => row.name}
            order="name"
            onOpen={(row) => setOpen({ kind: "details", name: row.name })}
            empty={<Empty icon="certificate" title={t("certificate.none")}>{t("certificate.noneNext")}</Empty>}
          />
        )}
      </Show>
      {open?.kind === "import" && <ImportDialog taken={taken} onClose={close} onDone={loaded.reload} />}
      {open?.kind === "replace" && <ImportDialog name={open.name} taken={taken} onClose={close} onDone={loaded.reload} />}
      {open?.kind === "selfSigned" && <SelfSignedDialog taken={taken} onClose={close} onDone={loaded.reload} />}
      {open?.kind === "details" && <DetailsDialog name={open.name} onClose={close} />}
    </Panel>
  );
}

function columns(open: (what: Open) => void, reload: () => void): Column<Certificate>[] {
  return [
    { key: "name", title: t("field.name"), render: (row) => <strong>{row.name}</strong>, text: (row) => row.name },
    { key: "status", title: t("certificate.status"), render: (row) => <State certificate={row} />, text: (row) => stateOf(row).word },
    { key: "cn", title: t("certificate.commonName"), render: (row) => <Names certificate={row} />, text: (row) => [row.commonName, ...row.names].join(" ") },
    { key: "from", title: t("certificate.from"), render: (row) => <span class="nowrap">{day(row.notBeforeS)}</span>, text: (row) => day(row.notBeforeS), sort: (row) => row.notBeforeS },
    { key: "until", title: t("certificate.until"), render: (row) => <Until seconds={row.notAfterS} />, text: (row) => day(row.notAfterS), sort: (row) => row.notAfterS },
    { key: "key", title: t("certificate.keyType"), render: (row) => <span class="nowrap">{row.keyType}</span>, text: (row) => row.keyType },
    { key: "print", title: t("certificate.fingerprint"), render: (row) => <Fingerprint text={row.fingerprint} />, text: (row) => row.fingerprint },
    { key: "used", title: t("certificate.usedBy"), render: (row) => <UsedBy paths={row.usedBy} />, text: (row) => row.usedBy.join(" ") },
    { key: "actions", title: "", render: (row) => <Actions certificate={row} open={open} reload={reload} /> },
  ];
}

const day = (seconds: bigint) => dateOnly(Number(seconds) * 1000);

function State({ certificate }: { certificate: Certificate }) {
  const { tone, word } = stateOf(certificate);
  return (
    <Badge tone={tone} title={certificate.problem}>
      {word}
    </Badge>
  );
}

function Names({ certificate }: { certificate: Certificate }) {
  const others = certificate.names.filter((name) => name !== certificate.commonName);
  return (
    <span>
      {certificate.commonName}
      {others.length > 0 && (
        <span class="quiet" title={others.join(", ")}>
          {" "}
          {others.length > 2 ? t("certificate.moreNames", { n: others.length }) : others.join(", ")}
        </span>
      )}
    </span>
  );
}

export function Until({ seconds }: { seconds: bigint }) {
  const ms = Number(seconds) * 1000;
  const days = Math.floor((ms - now.value) / DAY_MS);
  return (
    <span title={exactTime(ms)}>
      <span class="nowrap">{dateOnly(ms)}</span>
      {days >= 0 && days < SOON_DAYS && (
        <>
          {" "}
          <Badge tone="warn">{t("certificate.soon", { n: days })}</Badge>
        </>
      )}
    </span>
  );
}

export function Fingerprint({ text }: { text: string }) {
  return (
    <span class="mono" title={text}>
      {text.slice(0, 16)}…
    </span>
  );
}

export function UsedBy({ paths }: { paths: string[] }) {
  if (paths.length === 0) return <span class="quiet">{t("certificate.unused")}</span>;
  return <span title={paths.join("\n")}>{paths.length > 2 ? t("certificate.usedPlaces", { n: paths.length }) : paths.join(", ")}</span>;
}

function Actions({ certificate, open, reload }: { certificate: Certificate; open: (what: Open) => void; reload: () => void }) {
  const { name, usedBy, file } = certificate;
  const remove = async () => {
    if (!(await confirm({ title: t("certificate.deleteTitle", { name }), text: t("certificate.deleteText"), action: t("certificate.delete"), danger: true }))) return;
    if (await perform(`delete ${name}`, () => api.certificates.deleteCertificate({ name }), t("certificate.deleted", { name }))) reload();
  };
  const fromFile = file ? t("certificate.fromFile", { file }) : undefined;
  return (
    <span class="actions">
      <Button kind="quiet" icon="upload" needs={Role.ADMIN} disabledReason={fromFile} onClick={() => open({ kind: "replace", name })}>
        {t("certificate.replace")}
      </Button>
      <Button
        kind="quiet"
        icon="trash"
        bare
        needs={Role.ADMIN}
        action={`delete ${name}`}
        disabledReason={fromFile ?? (usedBy.length > 0 ? t("certificate.inUse", { where: usedBy.join(", ") }) : undefined)}
        onClick={() => void remove()}
      >
        {t("certificate.delete")}
      </Button>
    </span>
  );
}
