import { perform } from "../../actions";
import { api } from "../../api/clients";
import { Button } from "../../components/button";
import { confirm } from "../../components/dialog";
import { RefreshButton, Show } from "../../components/loaded";
import { Empty, Panel } from "../../components/page";
import { Table, type Column } from "../../components/table";
import type { PersistenceEntry } from "../../gen/admin/v1/traffic_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { count, duration } from "../../format";
import { t } from "../../i18n";
import { useLoaded } from "../../use-loaded";

const SHOWN = 1000;

export function PersistenceTab() {
  const loaded = useLoaded(() => api.persistence.listEntries({ pageSize: SHOWN }));
  const clear = async (entry: PersistenceEntry) => {
    const request = { table: entry.table, clientAddress: entry.clientAddress };
    await perform(`clear ${keyOf(entry)}`, () => api.persistence.clearEntries(request), (answer) => t("persistence.cleared", { n: Number(answer.cleared) }));
    loaded.reload();
  };
  const clearAll = async (total: number) => {
    const text = t("persistence.clearAllText", { n: total });
    if (!(await confirm({ title: t("persistence.clearAll"), text, action: t("persistence.clear"), danger: true }))) return;
    await perform("clear all", () => api.persistence.clearEntries({}), (answer) => t("persistence.cleared", { n: Number(answer.cleared) }));
    loaded.reload();
  };
  return (
    <Panel title={t("dashboard.persistence")} note={t("persistence.note")} actions={<RefreshButton loaded={loaded} />}>
      <Show loaded={loaded}>
        {(answer) => (
          <>
            <Table
              id="entries"
              label={t("dashboard.persistence")}
              columns={columns(clear)}
              rows={answer.entries}
              rowKey={keyOf}
              empty={<Empty title={t("persistence.empty")}>{t("persistence.emptyNext")}</Empty>}
              tools={
                <Button icon="trash" needs={Role.OPERATOR} disabledReason={answer.total === 0n ? t("persistence.empty") : undefined} onClick={() => void clearAll(Number(answer.total))}>
                  {t("persistence.clearAll")}
                </Button>
              }
            />
            {answer.total > BigInt(answer.entries.length) && (
              <p class="quiet table-none">{t("sessions.more", { shown: answer.entries.length, total: count(answer.total) })}</p>
            )}
          </>
        )}
      </Show>
    </Panel>
  );
}

const keyOf = (entry: PersistenceEntry) => `${entry.table} ${entry.clientAddress}${entry.clientHash}`;

function columns(clear: (entry: PersistenceEntry) => void): Column<PersistenceEntry>[] {
  return [
    { key: "client", title: t("sessions.client"), render: (e) => <span class="mono">{e.clientAddress || t("persistence.hash", { hash: e.clientHash.slice(0, 12) })}</span>, text: (e) => e.clientAddress || e.clientHash },
    { key: "server", title: t("sessions.server"), render: (e) => e.server, text: (e) => e.server },
    { key: "table", title: t("persistence.table"), render: (e) => e.table, text: (e) => e.table },
    { key: "expires", title: t("persistence.expires"), numeric: true, render: (e) => duration(Number(e.expiresInMs)), text: (e) => String(e.expiresInMs), sort: (e) => e.expiresInMs },
    {
      key: "actions",
      title: "",
      render: (e) => (
        <Button
          kind="quiet"
          icon="trash"
          bare
          needs={Role.OPERATOR}
          action={`clear ${keyOf(e)}`}
          disabledReason={e.clientAddress ? undefined : t("persistence.hashOnly")}
          onClick={() => clear(e)}
        >
          {t("persistence.clearOne", { client: e.clientAddress || e.clientHash })}
        </Button>
      ),
    },
  ];
}
