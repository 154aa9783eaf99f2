// The processes: what each may do, what it is seen to do, and red where that is more.
import { useState } from "preact/hooks";
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { Badge, type Tone } from "../../components/badge";
import { Button } from "../../components/button";
import { Dialog, confirm } from "../../components/dialog";
import { Facts, Loading, Panel } from "../../components/page";
import { Table, type Column } from "../../components/table";
import { Worker_State as State, type Worker } from "../../gen/admin/v1/admin_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { bytes, count, duration } from "../../format";
import { t } from "../../i18n";
import { workers } from "../../live/store";

export function WorkerTable() {
  const all = workers.value;
  const [openAt, setOpenAt] = useState<string | undefined>(undefined);
  const open = all?.find((worker) => worker.name === openAt);
  return (
    <Panel title={t("workers.title")} note={t("workers.note")}>
      {all ? <Table id="workers" label={t("workers.title")} simple columns={columns()} rows={all} rowKey={(worker) => worker.name} empty={null} onOpen={(worker) => setOpenAt(worker.name)} /> : <Loading rows={6} />}
      {open && <WorkerDialog worker={open} onClose={() => setOpenAt(undefined)} />}
    </Panel>
  );
}

const states: Record<State, [Tone, "workers.starting" | "workers.running" | "workers.waiting" | "workers.draining" | "workers.stopped" | "workers.crashLoop"]> = {
  [State.STATE_UNSPECIFIED]: ["idle", "workers.stopped"],
  [State.STARTING]: ["info", "workers.starting"],
  [State.RUNNING]: ["ok", "workers.running"],
  [State.WAITING]: ["warn", "workers.waiting"],
  [State.DRAINING]: ["warn", "workers.draining"],
  [State.STOPPED]: ["idle", "workers.stopped"],
  [State.CRASH_LOOP]: ["bad", "workers.crashLoop"],
};

function columns(): Column<Worker>[] {
  return [
    {
      key: "name",
      title: t("workers.name"),
      render: (w) => (
        <div class="stack worker-name">
          <strong>{w.binary || w.name}</strong>
          <span class="quiet small">{w.reason}</span>
        </div>
      ),
      text: (w) => w.binary || w.name,
    },
    { key: "service", title: t("workers.service"), render: (w) => w.service, text: (w) => w.service },
    {
      key: "state",
      title: t("workers.state"),
      render: (w) => {
        const [tone, word] = states[w.state];
        return (
          <Badge tone={tone} title={w.lastExit ? t("workers.lastExit", { text: w.lastExit }) : ""}>
            {t(word)}
          </Badge>
        );
      },
      sort: (w) => w.state,
    },
    { key: "pid", title: "PID", numeric: true, render: (w) => w.pid || "–", sort: (w) => w.pid },
    { key: "memory", title: t("workers.memory"), numeric: true, render: (w) => (w.memoryBytes ? bytes(w.memoryBytes) : "–"), sort: (w) => w.memoryBytes },
    { key: "cpu", title: t("workers.cpu"), numeric: true, render: (w) => duration(Number(w.cpuUs) / 1000), sort: (w) => w.cpuUs },
    { key: "uptime", title: t("workers.uptime"), numeric: true, render: (w) => duration(Number(w.uptimeS) * 1000), sort: (w) => w.uptimeS },
    { key: "restarts", title: t("workers.restarts"), numeric: true, render: (w) => count(w.restarts), sort: (w) => w.restarts },
    { key: "confinement", title: t("workers.confinement"), render: (w) => <Confined worker={w} />, sort: (w) => (w.confined ? 1 : 0) },
    {
      key: "actions",
      title: "",
      render: (w) => (
        <span class="actions">
          <RestartButton worker={w} />
        </span>
      ),
    },
  ];
}

function Confined({ worker }: { worker: Worker }) {
  const weaker = worker.confinement.filter((one) => !one.asDeclared);
  if (!worker.pid) return <span class="quiet">–</span>;
  if (weaker.length === 0) return <Badge tone="ok">{t("workers.asDeclared")}</Badge>;
  return (
    <div class="stack">
      <Badge tone="bad">{t("workers.weaker")}</Badge>
      {weaker.map((one) => (
        <span key={one.measure} class="small tone-bad">
          {t("workers.weakerAt", { measure: one.measure, observed: one.observed, declared: one.declared })}
        </span>
      ))}
    </div>
  );
}

function RestartButton({ worker }: { worker: Worker }) {
  const name = worker.name;
  const restart = async () => {
    const text = name === "proxy" ? t("workers.restartProxy") : t("workers.restartText", { name: worker.binary });
    if (!(await confirm({ title: t("workers.restartTitle", { name: worker.binary }), text, action: t("services.restart"), danger: name === "proxy" }))) return;
    await perform(`worker ${name}`, () => api.workers.restartWorker({ name }), t("workers.restarted", { name: worker.binary }));
  };
  const self = name === "supervisor" ? t("workers.supervisor") : undefined;
  return (
    <Button kind="quiet" icon="restart" bare needs={Role.OPERATOR} disabledReason={self} action={`worker ${name}`} onClick={() => void restart()}>
      {t("workers.restartOne", { name: worker.binary || name })}
    </Button>
  );
}

function WorkerDialog({ worker, onClose }: { worker: Worker; onClose: () => void }) {
  const [tone, word] = states[worker.state];
  return (
    <Dialog title={worker.binary || worker.name} wide onClose={onClose}>
      <p>{worker.reason}</p>
      <Facts
        facts={[
          [t("workers.state"), <Badge tone={tone}>{t(word)}</Badge>],
          ["PID", `${worker.pid || "–"}${worker.adopted ? ` (${t("workers.adopted")})` : ""}`],
          [t("workers.memory"), bytes(worker.memoryBytes)],
          [t("workers.uptime"), duration(Number(worker.uptimeS) * 1000)],
          [t("workers.restarts"), count(worker.restarts)],
          [t("workers.lastExitName"), worker.lastExit || "–"],
        ]}
      />
      <h3>{t("workers.confinement")}</h3>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={t("workers.confinement")}>
        <table class="table plain">
          <thead>
            <tr>
              <th scope="col">{t("workers.measure")}</th>
              <th scope="col">{t("workers.declared")}</th>
              <th scope="col">{t("workers.observed")}</th>
              <th scope="col">{t("workers.verdict")}</th>
            </tr>
          </thead>
          <tbody>
            {worker.confinement.map((one) => (
              <tr key={one.measure}>
                <td data-label={t("workers.measure")}>{one.measure}</td>
                <td data-label={t("workers.declared")}>{one.declared}</td>
                <td data-label={t("workers.observed")} class={one.asDeclared ? "" : "tone-bad"}>
                  {one.observed}
                </td>
                <td data-label={t("workers.verdict")}>
                  <Badge tone={one.asDeclared ? "ok" : "bad"}>{t(one.asDeclared ? "workers.asDeclared" : "workers.weaker")}</Badge>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {worker.lastLog.length > 0 && (
        <>
          <h3>{t("workers.lastLog")}</h3>
          <pre class="lines" tabIndex={0}>
            {worker.lastLog.join("\n")}
          </pre>
        </>
      )}
    </Dialog>
  );
}
