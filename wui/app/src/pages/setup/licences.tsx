// The guide's licences: what was taken in, and what an issuer has to know of this machine. Traffic depends on none.
import { useState } from "preact/hooks";
import { attempt, perform } from "../../actions";
import { api } from "../../api/clients";
import { sentence } from "../../api/errors";
import { allPages } from "../../api/paging";
import { Badge, type Tone } from "../../components/badge";
import { Button } from "../../components/button";
import { Dialog, confirm } from "../../components/dialog";
import { FilePicker } from "../../components/file-picker";
import { Show } from "../../components/loaded";
import { Empty, Facts, Panel } from "../../components/page";
import { Table, copyText, type Column } from "../../components/table";
import { exactTime } from "../../format";
import { SystemInfo_Licensing } from "../../gen/admin/v1/admin_pb";
import { License_State, type License, type LicenseRequestData } from "../../gen/admin/v1/licenses_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t, type PlainKey } from "../../i18n";
import { useLoaded } from "../../use-loaded";
import { newestEvent } from "./users";

const LARGEST = 16 * 1024;

export function Licences() {
  const [adding, setAdding] = useState(false);
  const loaded = useLoaded(async () => {
    const { requestData, issuers } = await api.licenses.listLicenses({ pageSize: 1 });
    const licenses = await allPages((page) => api.licenses.listLicenses(page), (page) => page.licenses);
    return { licenses, requestData, issuers };
  }, [newestEvent("license")]);
  const remove = async (serial: string) => {
    if (!(await confirm({ title: t("licences.removeTitle", { serial }), text: t("licences.removeText"), action: t("licences.remove"), danger: true }))) return;
    await perform(`license ${serial}`, () => api.licenses.removeLicense({ serial }), t("licences.removed", { serial }));
  };
  const add = (
    <Button kind="primary" icon="upload" needs={Role.ADMIN} onClick={() => setAdding(true)}>
      {t("licences.add")}
    </Button>
  );
  return (
    <Panel title={t("licences.title")} note={t("licences.note")} actions={add}>
      <Show loaded={loaded}>
        {({ licenses, requestData, issuers }) => (
          <>
            <Table
              id="licences"
              label={t("licences.title")}
              columns={columns((serial) => void remove(serial))}
              rows={licenses}
              rowKey={(license) => license.serial}
              empty={
                <Empty icon="certificate" title={t("licences.empty")}>
                  {issuers.length ? t("licences.emptyNext") : t("licences.noIssuer")}
                </Empty>
              }
            />
            {requestData && <RequestData data={requestData} />}
          </>
        )}
      </Show>
      {adding && <AddLicence onClose={() => setAdding(false)} />}
    </Panel>
  );
}

// How the product is licensed, in a word.
export function LicensingBadge({ licensing }: { licensing: SystemInfo_Licensing }) {
  switch (licensing) {
    case SystemInfo_Licensing.LICENSED:
      return <Badge tone="ok">{t("licensing.licensed")}</Badge>;
    case SystemInfo_Licensing.NO_VALID_LICENSE:
      return <Badge tone="warn">{t("licensing.noValid")}</Badge>;
    default:
      return <Badge tone="info">{t("licensing.evaluation")}</Badge>;
  }
}

const states: Record<number, [Tone, PlainKey]> = {
  [License_State.VALID]: ["ok", "licences.valid"],
  [License_State.NOT_YET_VALID]: ["info", "licences.notYet"],
  [License_State.EXPIRED]: ["warn", "licences.expired"],
  [License_State.OTHER_MACHINE]: ["warn", "licences.otherMachine"],
  [License_State.UNTRUSTED]: ["warn", "licences.untrusted"],
};

function StateBadge({ license }: { license: License }) {
  const [tone, word] = states[license.state] ?? ["idle", "info.unknown"];
  return <Badge tone={tone}>{t(word)}</Badge>;
}

// A licence names days of UTC.
function Day({ seconds }: { seconds: bigint }) {
  if (seconds === 0n) return <span class="quiet">{t("time.never")}</span>;
  const ms = Number(seconds) * 1000;
  return <span title={exactTime(ms)}>{new Date(ms).toISOString().slice(0, 10)}</span>;
}

function columns(remove: (serial: string) => void): Column<License>[] {
  return [
    { key: "serial", title: t("licences.serial"), render: (l) => <strong class="mono">{l.serial}</strong>, text: (l) => l.serial },
    { key: "owner", title: t("licences.owner"), render: (l) => l.owner, text: (l) => l.owner },
    { key: "units", title: t("licences.units"), render: (l) => l.units, text: (l) => String(l.units), sort: (l) => l.units, numeric: true },
    { key: "features", title: t("licences.features"), render: (l) => l.features.join(", ") || "–", text: (l) => l.features.join(" ") },
    { key: "from", title: t("licences.from"), render: (l) => <Day seconds={l.fromS} />, sort: (l) => l.fromS },
    { key: "expires", title: t("licences.expires"), render: (l) => <Day seconds={l.expiresS} />, sort: (l) => l.expiresS },
    { key: "status", title: t("licences.status"), render: (l) => <StateBadge license={l} />, sort: (l) => l.state },
    {
      key: "actions",
      title: "",
      render: (l) => (
        <span class="actions">
          <Button kind="quiet" icon="trash" needs={Role.ADMIN} action={`license ${l.serial}`} onClick={() => remove(l.serial)}>
            {t("licences.remove")}
          </Button>
        </span>
      ),
    },
  ];
}

function RequestData({ data }: { data: LicenseRequestData }) {
  return (
    <div class="panel-body stack-wide">
      <h3>{t("licences.request")}</h3>
      <p class="quiet">{t("licences.requestNote")}</p>
      <Facts
        facts={[
          [t("info.uuid"), <span class="mono">{data.uuid || "–"}</span>],
          [t("info.ethid"), <span class="mono">{data.ethid || "–"}</span>],
        ]}
      />
      <div class="form-actions">
        <Button icon="copy" onClick={() => void copyText(data.text)}>
          {t("licences.copyRequest")}
        </Button>
      </div>
    </div>
  );
}

function AddLicence({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    setProblem("");
  };
  const send = async () => {
    if (!file) return setProblem(t("import.fileMissing"));
    if (file.size > LARGEST) return setProblem(t("licences.tooLarge"));
    const call = async () => api.licenses.addLicense({ file: new Uint8Array(await file.arrayBuffer()) });
    if (await attempt("licence", call, (found) => setProblem(found ? sentence(found) : ""))) onClose();
  };
  return (
    <Dialog
      title={t("licences.add")}
      onClose={onClose}
      onSubmit={() => void send()}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="primary" icon="upload" submit action="licence" needs={Role.ADMIN}>
            {t("licences.addAction")}
          </Button>
        </>
      }
    >
      <FilePicker label={t("licences.file")} accept=".license,.txt" file={file} help={t("licences.fileHelp")} error={problem || undefined} onChange={choose} />
    </Dialog>
  );
}
