// Who has the virtual addresses, and why.
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { Badge, type Tone } from "../../components/badge";
import { Button } from "../../components/button";
import { confirm } from "../../components/dialog";
import { Icon } from "../../components/icon";
import { Empty, Facts, Panel, Time } from "../../components/page";
import { Table, type Column } from "../../components/table";
import { count } from "../../format";
import type { VirtualRouter } from "../../gen/admin/v1/high_availability_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { VirtualRouterState_State as State, type VrrpPeer, type VrrpTransition } from "../../gen/worker/v1/vrrp_pb";
import { t, type PlainKey } from "../../i18n";
import { vrrp } from "../../live/store";
import { Link } from "../../router";

export function StateTab() {
  const routers = vrrp.value?.routers ?? [];
  if (routers.length === 0) {
    return (
      <Panel>
        <Empty icon="network" title={t("vrrpState.none")}>
          <Link to="/network">{t("vrrpState.noneNext")}</Link>
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      {routers.map((router) => (
        <Router key={router.addresses.join()} router={router} />
      ))}
    </>
  );
}

function Router({ router }: { router: VirtualRouter }) {
  const { state } = router;
  return (
    <Panel title={router.addresses.join(", ")} actions={<Release router={router} />}>
      <div class="vrrp-why">
        <StateBadge state={state?.state} />
        <p>{state?.why || (state ? "" : t("vrrpState.notRunning"))}</p>
      </div>
      <Problems router={router} />
      <Facts
        facts={[
          [t("vrrpState.since"), state ? <Time us={state.sinceUs} /> : "–"],
          [t("network.interface"), router.interface || t("vrrpState.noInterface")],
          [t("ha.clusterId"), String(router.vrid)],
          [t("ha.version"), String(router.version)],
          [t("ha.priority"), priority(router)],
          [t("vrrpState.source"), state?.source || "–"],
          [t("vrrpState.adverts"), state ? t("vrrpState.advertCounts", { sent: count(state.advertsSentTotal), received: count(state.advertsReceivedTotal) }) : "–"],
        ]}
      />
      <Peers peers={state?.peers ?? []} />
      <History history={state?.history ?? []} />
    </Panel>
  );
}

function priority({ state }: VirtualRouter): string {
  if (!state) return "–";
  if (state.priority === state.effectivePriority) return String(state.priority);
  return t("vrrpState.lowered", { priority: String(state.priority), effective: String(state.effectivePriority) });
}

const words: Record<State, { tone: Tone; word: PlainKey }> = {
  [State.STATE_UNSPECIFIED]: { tone: "idle", word: "vrrp.notRunning" },
  [State.FAULT]: { tone: "bad", word: "vrrp.fault" },
  [State.BACKUP]: { tone: "info", word: "vrrp.backup" },
  [State.MASTER]: { tone: "ok", word: "vrrp.master" },
};

function StateBadge({ state = State.STATE_UNSPECIFIED }: { state?: State | undefined }) {
  const { tone, word } = words[state] ?? words[State.STATE_UNSPECIFIED];
  return <Badge tone={tone}>{t(word)}</Badge>;
}

function Problems({ router: { state } }: { router: VirtualRouter }) {
  const problems = [...(state?.twoMasters ? [t("vrrpState.twoMasters")] : []), ...(state?.problem ? [state.problem] : []), ...(state?.hindrances ?? []).map((one) => one.reason || one.name)];
  return (
    <>
      {problems.map((text) => (
        <p key={text} class="notice bad area-notice" role="alert">
          <Icon name="warning" />
          <span>{text}</span>
        </p>
      ))}
    </>
  );
}

function Peers({ peers }: { peers: VrrpPeer[] }) {
  const columns: Column<VrrpPeer>[] = [
    { key: "address", title: t("vrrpState.peer"), render: (row) => row.address, text: (row) => row.address },
    { key: "priority", title: t("ha.priority"), render: (row) => row.priority, sort: (row) => row.priority, numeric: true },
    { key: "seen", title: t("vrrpState.lastSeen"), render: (row) => <Time us={row.lastSeenUs} />, sort: (row) => row.lastSeenUs },
    { key: "adverts", title: t("vrrpState.adverts"), render: (row) => count(row.advertsTotal), sort: (row) => row.advertsTotal, numeric: true },
  ];
  return <Table id="peers" simple label={t("vrrpState.peers")} columns={columns} rows={peers} rowKey={(row) => row.address} empty={<p class="panel-note quiet">{t("vrrpState.noPeers")}</p>} />;
}

function History({ history }: { history: VrrpTransition[] }) {
  const columns: Column<VrrpTransition>[] = [
    { key: "time", title: t("vrrpState.time"), render: (row) => <Time us={row.timeUs} /> },
    { key: "to", title: t("vrrpState.to"), render: (row) => <StateBadge state={row.to} /> },
    { key: "from", title: t("vrrpState.from"), render: (row) => <StateBadge state={row.from} /> },
    { key: "why", title: t("vrrpState.why"), render: (row) => row.why, text: (row) => row.why },
  ];
  return (
    <section class="panel-section">
      <h3>{t("vrrpState.history")}</h3>
      <Table id="transitions" simple label={t("vrrpState.history")} columns={columns} rows={history} rowKey={(row) => String(row.timeUs)} empty={<p class="panel-note quiet">{t("vrrpState.noHistory")}</p>} />
    </section>
  );
}

// The virtual addresses go to the other node until it is taken back.
function Release({ router: { state } }: { router: VirtualRouter }) {
  const released = state?.hindrances.some((one) => one.name === "released") ?? false;
  const release = async () => {
    const sure = await confirm({ title: t("vrrpState.releaseTitle"), text: t("vrrpState.releaseText"), action: t("vrrpState.release"), danger: true });
    if (sure) await perform("release", () => api.highAvailability.releaseMastership({}), t("vrrpState.released"));
  };
  const cancel = () => perform("release", () => api.highAvailability.releaseMastership({ cancel: true }), t("vrrpState.cancelled"));
  if (released) {
    return (
      <Button action="release" needs={Role.OPERATOR} onClick={() => void cancel()}>
        {t("vrrpState.cancelRelease")}
      </Button>
    );
  }
  return (
    <Button action="release" needs={Role.OPERATOR} disabledReason={state ? undefined : t("vrrpState.notRunning")} onClick={() => void release()}>
      {t("vrrpState.release")}
    </Button>
  );
}
