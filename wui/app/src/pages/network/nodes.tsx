// The other node: pairing by a one-time code, the link, and whether both have the same.
import { useState } from "preact/hooks";
import { attempt, inWords, perform } from "../../actions";
import { api } from "../../api/clients";
import { Badge, type Tone } from "../../components/badge";
import { Button } from "../../components/button";
import { confirm, Dialog } from "../../components/dialog";
import { Diff } from "../../components/diff";
import { TextField } from "../../components/field";
import { Icon } from "../../components/icon";
import { Empty, Facts, Panel, Time } from "../../components/page";
import { copyText } from "../../components/table";
import { duration, now } from "../../format";
import type { Nodes, PairingCode } from "../../gen/admin/v1/nodes_pb";
import { SyncState_State as State, type SyncState } from "../../gen/admin/v1/synchronization_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t, type PlainKey } from "../../i18n";
import { nodes, synchronization, vrrp } from "../../live/store";
import { Link } from "../../router";

export function NodesTab() {
  if (!vrrp.value || !nodes.value) {
    return (
      <Panel>
        <Empty icon="network" title={t("nodes.none")}>
          <Link to="/network">{t("vrrpState.noneNext")}</Link>
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      <PeerPanel known={nodes.value} />
      {nodes.value.peer && <SyncPanel state={synchronization.value} />}
      <PairPanel known={nodes.value} />
    </>
  );
}

function PeerPanel({ known }: { known: Nodes }) {
  const { peer } = known;
  const remove = async () => {
    if (!(await confirm({ title: t("nodes.removeTitle"), text: t("nodes.removeText"), action: t("nodes.remove"), danger: true }))) return;
    await perform("removeNode", () => api.highAvailability.removeNode({}), t("nodes.removed"));
  };
  return (
    <Panel
      title={t("nodes.peer")}
      actions={
        peer && (
          <Button icon="trash" needs={Role.ADMIN} action="removeNode" onClick={() => void remove()}>
            {t("nodes.remove")}
          </Button>
        )
      }
    >
      {!peer ? (
        <Empty icon="network" title={t("nodes.notPaired")}>
          {t("nodes.notPairedNext")}
        </Empty>
      ) : (
        <>
          <div class="vrrp-why">
            {peer.link?.connected ? <Badge tone="ok">{t("nodes.connected")}</Badge> : <Badge tone="bad">{t("nodes.disconnected")}</Badge>}
            <p>{peer.link?.connected ? "" : peer.link?.reason}</p>
          </div>
          <Facts
            facts={[
              [t("field.name"), peer.name || "–"],
              [t("field.address"), peer.address || "–"],
              [t("vrrpState.since"), peer.link ? <Time us={peer.link.sinceUs} /> : "–"],
              [t("nodes.paired"), <Time us={peer.pairedS * 1_000_000n} />],
              [t("nodes.version"), peer.link?.version || "–"],
              [t("nodes.roundTrip"), peer.link?.connected ? `${(Number(peer.link.roundTripUs) / 1000).toFixed(1)} ms` : "–"],
              [t("nodes.itsFingerprint"), <span class="mono">{peer.fingerprint}</span>],
              [t("nodes.ownFingerprint"), <span class="mono">{known.fingerprint}</span>],
            ]}
          />
        </>
      )}
    </Panel>
  );
}

const words: Record<State, { tone: Tone; word: PlainKey }> = {
  [State.STATE_UNSPECIFIED]: { tone: "idle", word: "sync.unknown" },
  [State.NOT_PAIRED]: { tone: "idle", word: "sync.notPaired" },
  [State.DISCONNECTED]: { tone: "bad", word: "sync.disconnected" },
  [State.IN_SYNC]: { tone: "ok", word: "sync.inSync" },
  [State.SYNCING]: { tone: "info", word: "sync.syncing" },
  [State.CONFLICT]: { tone: "bad", word: "sync.conflict" },
  [State.REFUSED]: { tone: "bad", word: "sync.refused" },
};

function SyncPanel({ state }: { state: SyncState | undefined }) {
  const [diff, setDiff] = useState<{ text: string; problem: string } | undefined>(undefined);
  if (!state) return null;
  const { tone, word } = words[state.state] ?? words[State.STATE_UNSPECIFIED];
  const compare = async () => {
    const answer = await perform("compare", () => api.synchronization.getSynchronization({ withDiff: true }));
    if (answer) setDiff({ text: answer.diff, problem: answer.diffProblem });
  };
  const push = async () => {
    const sure = await confirm({ title: t("sync.pushTitle"), text: t("sync.pushText", { peer: state.peer || t("nodes.peer") }), action: t("sync.push"), danger: true });
    if (sure) await perform("sync", () => api.synchronization.startSynchronization({}), t("sync.pushed"));
  };
  return (
    <Panel
      title={t("sync.title")}
      actions={
        <>
          <Button action="compare" onClick={() => void compare()}>
            {t("sync.compare")}
          </Button>
          <Button kind={state.state === State.CONFLICT ? "primary" : "plain"} needs={Role.ADMIN} action="sync" onClick={() => void push()}>
            {t("sync.push")}
          </Button>
        </>
      }
    >
      <div class="vrrp-why">
        <Badge tone={tone}>{t(word)}</Badge>
        <p>{state.state === State.CONFLICT ? "" : state.reason}</p>
      </div>
      {state.state === State.CONFLICT && (
        <p class="notice warn area-notice" role="alert">
          <Icon name="warning" />
          <span>{t("sync.conflictHelp")}</span>
        </p>
      )}
      <Facts
        facts={[
          [t("vrrpState.since"), <Time us={state.sinceUs} />],
          [t("sync.lastInSync"), <Time us={state.lastInSyncUs} />],
        ]}
      />
      {diff && (
        <Dialog title={t("sync.diffTitle")} wide onClose={() => setDiff(undefined)}>
          {diff.problem ? <p role="alert">{diff.problem}</p> : <Diff text={diff.text} />}
        </Dialog>
      )}
    </Panel>
  );
}

function PairPanel({ known }: { known: Nodes }) {
  return (
    <Panel title={t("pair.title")} note={t("pair.note")}>
      <div class="pair">
        <CodeForm known={known} />
        <JoinForm />
      </div>
    </Panel>
  );
}

// This node gives a code out.
function CodeForm({ known }: { known: Nodes }) {
  const [code, setCode] = useState<PairingCode | undefined>(undefined);
  const make = async () => setCode(await perform("pairingCode", () => api.highAvailability.createPairingCode({})));
  const left = code ? Number(code.expiresS) * 1000 - now.value : 0;
  const used = code !== undefined && known.codeExpiresS === 0n;
  return (
    <section class="pair-half">
      <h3>{t("pair.here")}</h3>
      <p class="quiet">{t("pair.hereText")}</p>
      {code && left > 0 && !used ? (
        <>
          <p class="pair-code" aria-live="polite">
            <code>{code.code}</code>
            <Button kind="quiet" icon="copy" bare onClick={() => void copyText(code.code)}>
              {t("table.copy")}
            </Button>
          </p>
          <p class="quiet">{t("pair.codeEnds", { left: duration(left), port: String(code.port) })}</p>
        </>
      ) : (
        code && <p class="quiet">{used ? t("pair.codeUsed") : t("pair.codeEnded")}</p>
      )}
      <Button icon="key" needs={Role.ADMIN} action="pairingCode" onClick={() => void make()}>
        {t("pair.makeCode")}
      </Button>
    </section>
  );
}

// This node joins the one that gave the code out.
function JoinForm() {
  const [address, setAddress] = useState("");
  const [code, setCode] = useState("");
  const [failed, setFailed] = useState("");
  const ready = address.trim() !== "" && code.trim() !== "";
  const join = async () => {
    if (!ready) return;
    const pair = () => api.highAvailability.pairNode({ address: address.trim(), code: code.trim() });
    if (await attempt("pair", pair, inWords(setFailed))) setCode("");
  };
  return (
    <form
      class="pair-half"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void join();
      }}
    >
      <h3>{t("pair.there")}</h3>
      <p class="quiet">{t("pair.thereText")}</p>
      <TextField label={t("pair.address")} help={t("pair.addressHelp")} value={address} onInput={setAddress} autocomplete="off" />
      <TextField label={t("pair.code")} error={failed || undefined} value={code} onInput={setCode} autocomplete="off" />
      <div>
        <Button kind="primary" submit needs={Role.ADMIN} action="pair" disabledReason={ready ? undefined : t("pair.missing")}>
          {t("pair.join")}
        </Button>
      </div>
    </form>
  );
}
