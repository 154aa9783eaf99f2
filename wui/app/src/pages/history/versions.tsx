// Every applied version: who, when, why; compared with another one; applied again.
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { allPages } from "../../api/paging";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { Dialog, confirm } from "../../components/dialog";
import { Diff } from "../../components/diff";
import { Show } from "../../components/loaded";
import { Empty, Panel, Time } from "../../components/page";
import { Table, type Column } from "../../components/table";
import type { Version } from "../../gen/admin/v1/configuration_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { configuration } from "../../live/store";
import { query, setQuery } from "../../router";
import { useLoaded } from "../../use-loaded";

export function VersionsTab() {
  // A version by anybody, and a save, show at once.
  const state = configuration.value;
  const loaded = useLoaded(
    () => allPages((page) => api.configuration.listVersions(page), (page) => page.versions),
    [state?.running?.version, state?.unsavedChanges],
  );
  const [from, to] = [query("from"), query("to")];
  return (
    <Panel title={t("history.versions")} note={t("history.note")}>
      <Show loaded={loaded}>
        {(versions) => (
          <>
            <Table
              id="versions"
              label={t("history.versions")}
              columns={columns()}
              rows={versions}
              rowKey={(version) => String(version.version)}
              order="-version"
              empty={<Empty icon="history" title={t("history.empty")} />}
              onOpen={(version) => setQuery({ from: String(version.version), to: "running" })}
            />
            {from && to && <Comparison key={`${from} ${to}`} from={from} to={to} versions={versions} />}
          </>
        )}
      </Show>
    </Panel>
  );
}

function columns(): Column<Version>[] {
  return [
    { key: "version", title: t("history.version"), numeric: true, render: (v) => String(v.version), text: (v) => String(v.version), sort: (v) => v.version },
    { key: "time", title: t("history.time"), render: (v) => <Time us={v.timeUs} />, text: (v) => new Date(Number(v.timeUs) / 1000).toISOString(), sort: (v) => v.timeUs },
    { key: "actor", title: t("history.actor"), render: (v) => v.actor, text: (v) => v.actor },
    { key: "origin", title: t("history.origin"), render: (v) => v.origin, text: (v) => v.origin },
    { key: "note", title: t("history.noteColumn"), render: (v) => v.note || <span class="quiet">–</span>, text: (v) => v.note },
    {
      key: "state",
      title: t("history.state"),
      render: (v) => (
        <span class="actions start">
          {v.running && <Badge tone="ok">{t("history.running")}</Badge>}
          {v.saved && (
            <Badge tone="info" icon="save">
              {t("history.saved")}
            </Badge>
          )}
        </span>
      ),
    },
    {
      key: "actions",
      title: "",
      render: (v) => (
        <span class="actions">
          <Button kind="quiet" onClick={() => setQuery({ from: String(v.version), to: "running" })} disabledReason={v.running ? t("history.isRunning") : undefined}>
            {t("history.compare")}
          </Button>
          <Button kind="quiet" icon="history" needs={Role.ADMIN} disabledReason={v.running ? t("history.isRunning") : undefined} action="rollback" onClick={() => void rollBack(v.version)}>
            {t("history.rollback")}
          </Button>
        </span>
      ),
    },
  ];
}

async function rollBack(version: bigint): Promise<void> {
  const sure = await confirm({ title: t("history.rollbackTitle", { version: String(version) }), text: t("history.rollbackText", { version: String(version) }), action: t("history.rollback") });
  if (!sure) return;
  await perform("rollback", () => api.configuration.rollbackConfig({ version }), (answer) => t("history.rolledBack", { version: String(version), now: String(answer.version) }));
}

// "saved" and "running" are numbers 0 of the API; so that a link says which.
function Comparison({ from, to, versions }: { from: string; to: string; versions: Version[] }) {
  const loaded = useLoaded(() => api.configuration.diffVersions({ fromVersion: asNumber(from, "saved"), toVersion: asNumber(to, "running") }), [from, to]);
  const close = () => setQuery({ from: "", to: "" });
  const numbers = versions.map((version) => String(version.version));
  const old = from === "saved" ? undefined : versions.find((version) => String(version.version) === from);
  return (
    <Dialog
      title={t("diff.title")}
      wide
      onClose={close}
      actions={
        <>
          <Button onClick={close}>{t("action.close")}</Button>
          {old && !old.running && (
            <Button kind="primary" icon="history" needs={Role.ADMIN} action="rollback" onClick={() => void rollBack(old.version).then(close)}>
              {t("history.rollbackTo", { version: from })}
            </Button>
          )}
        </>
      }
    >
      <div class="diff-choice">
        <label>
          <span>{t("diff.from")}</span>
          <select value={from} onChange={(event) => setQuery({ from: event.currentTarget.value })}>
            <option value="saved">{t("diff.saved")}</option>
            {numbers.map((number) => (
              <option key={number} value={number} selected={number === from}>
                {number}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>{t("diff.to")}</span>
          <select value={to} onChange={(event) => setQuery({ to: event.currentTarget.value })}>
            <option value="running">{t("diff.running")}</option>
            {numbers.map((number) => (
              <option key={number} value={number} selected={number === to}>
                {number}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Show loaded={loaded}>{(answer) => <Diff text={answer.diff} />}</Show>
    </Dialog>
  );
}

function asNumber(name: string, zero: string): bigint {
  return name === zero || !/^\d+$/.test(name) ? 0n : BigInt(name);
}
