// One server of one service: why it is in its state, and ready, drain or maintenance with what each would do.
import { useEffect, useState } from "preact/hooks";
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Icon, type IconName } from "../../components/icon";
import { Facts, Time } from "../../components/page";
import { Server_AdminState as AdminState, type CheckResult, type Server } from "../../gen/admin/v1/traffic_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { count, duration } from "../../format";
import { t, type PlainKey } from "../../i18n";
import { virtualServices } from "../../live/store";
import { Link } from "../../router";
import { stateOf } from "./server-state";

export function ServerDialog({ server, onClose }: { server: Server; onClose: () => void }) {
  const [everywhere, setEverywhere] = useState(false);
  const state = stateOf(server);
  const same = (virtualServices.value ?? []).flatMap((service) => service.servers).filter((one) => one.name === server.name);
  const meant = everywhere ? same : [server];
  const sessions = meant.reduce((all, one) => all + Number(one.sessions), 0);
  const name = everywhere ? server.name : `${server.virtualService}/${server.name}`;
  const set = (adminState: AdminState, word: string) =>
    void perform("server", () => api.servers.setServerState({ server: name, adminState }), t("server.set", { name, word })).then((answer) => answer && onClose());
  return (
    <Dialog title={`${server.virtualService}/${server.name}`} onClose={onClose}>
      <p>
        <Badge tone={state.tone} icon={state.icon}>
          {state.word}
        </Badge>{" "}
        {server.reason}
      </p>
      <Facts
        facts={[
          [t("server.address"), `${server.address}:${server.port}`],
          [t("server.since"), <Time us={server.sinceUs} />],
          [t("server.lastCheckName"), server.lastCheck || "–"],
          [
            t("server.sessionsName"),
            <Link to={`/sessions?service=${encodeURIComponent(server.virtualService)}&backend=${encodeURIComponent(server.name)}`}>{t("server.sessionsOf", { n: Number(server.sessions), total: count(server.sessionsTotal) })}</Link>,
          ],
        ]}
      />
      {same.length > 1 && (
        <label class="check">
          <input type="checkbox" checked={everywhere} onChange={(event) => setEverywhere(event.currentTarget.checked)} />
          <span>{t("server.everywhere", { name: server.name, n: same.length })}</span>
        </label>
      )}
      <ul class="choices">
        {choices.map((choice) => (
          <Choice key={choice.state} choice={choice} current={meant.every((one) => one.adminState === choice.state)} sessions={sessions} onChoose={set} />
        ))}
      </ul>
      <Recent server={server} />
    </Dialog>
  );
}

interface ChoiceOf {
  state: AdminState;
  icon: IconName;
  word: PlainKey;
  effect: "server.readyEffect" | "server.drainEffect" | "server.maintenanceEffect";
}

const choices: ChoiceOf[] = [
  { state: AdminState.READY, icon: "check", word: "server.ready", effect: "server.readyEffect" },
  { state: AdminState.DRAIN, icon: "drain", word: "server.drain", effect: "server.drainEffect" },
  { state: AdminState.MAINTENANCE, icon: "wrench", word: "server.maintenance", effect: "server.maintenanceEffect" },
];

interface ChoiceProps {
  choice: ChoiceOf;
  current: boolean;
  sessions: number;
  onChoose: (state: AdminState, word: string) => void;
}

function Choice({ choice, current, sessions, onChoose }: ChoiceProps) {
  const word = t(choice.word);
  const effect = choice.effect === "server.readyEffect" ? t(choice.effect) : t(choice.effect, { n: sessions });
  return (
    <li>
      <Button
        icon={choice.icon}
        action="server"
        needs={Role.OPERATOR}
        pressed={current}
        disabledReason={current ? t("server.already", { word }) : undefined}
        onClick={() => onChoose(choice.state, word)}
      >
        {word}
      </Button>
      <span class="quiet">{effect}</span>
    </li>
  );
}

// What the checks found, newest first.
function Recent({ server }: { server: Server }) {
  const [results, setResults] = useState<CheckResult[] | undefined>(undefined);
  useEffect(() => {
    let here = true;
    api.virtualServices.getVirtualService({ name: server.virtualService }).then(
      (service) => here && setResults(service.servers.find((one) => one.name === server.name)?.results ?? []),
      () => here && setResults([]),
    );
    return () => void (here = false);
  }, [server.virtualService, server.name, server.sinceUs]);
  if (!results || results.length === 0) return null;
  return (
    <div>
      <h3>{t("server.checks")}</h3>
      <ul class="checks">
        {results.slice(0, 10).map((result) => (
          <li key={`${result.timeUs} ${result.check}`}>
            <span class={result.success ? "tone-ok" : "tone-bad"}>
              <Icon name={result.success ? "check" : "cross"} />
              <span class="hidden">{t(result.success ? "server.passed" : "server.failed")}</span>
            </span>
            <Time us={result.timeUs} />
            <span>{result.reason}</span>
            <span class="quiet">{duration(Number(result.durationUs) / 1000)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
