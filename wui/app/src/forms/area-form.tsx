// The frame of an area: title, state, fields, VALIDATION and CANCEL, and what others changed meanwhile.
import { Code } from "@connectrpc/connect";
import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { perform } from "../actions";
import { api } from "../api/clients";
import type { Problem } from "../api/errors";
import { Button } from "../components/button";
import { confirm, Dialog } from "../components/dialog";
import { Diff } from "../components/diff";
import { Icon } from "../components/icon";
import { Loading } from "../components/page";
import { toast } from "../components/toast";
import type { FieldViolation } from "../gen/admin/v1/admin_pb";
import type { ApplyConfigResponse } from "../gen/admin/v1/configuration_pb";
import { Role } from "../gen/admin/v1/users_pb";
import { t } from "../i18n";
import { useLeaveGuard } from "../router";
import { Area, concerns, isError, owns, type AreaOptions } from "./area";
import { followRunning, loadRunning, problem, running } from "./document";
import type { Owned } from "./draft";
import { AreaContext } from "./fields";
import { FindingList } from "./findings";
import { outcome, PlanDialog, type Proposal } from "./plan-dialog";

export function useArea(owned: Owned, options: AreaOptions = {}): Area {
  const area = useMemo(() => new Area(owned, options), []);
  useEffect(followRunning, []);
  const doc = running.value;
  useEffect(() => {
    if (doc) area.receive(doc);
  }, [doc]);
  useLeaveGuard(area.changed.value, leave);
  return area;
}

export const leave = () => confirm({ title: t("confirm.leave"), text: t("confirm.leaveText"), action: t("confirm.leaveAction"), danger: true });

interface AreaFormProps {
  area: Area;
  title: string;
  // Beside the title: how the area stands.
  state?: ComponentChildren;
  note?: ComponentChildren;
  // Other buttons beside VALIDATION and CANCEL.
  tools?: ComponentChildren;
  onApplied?: () => void;
  // Undone after so many seconds unless somebody confirms: for what may cut off whoever changes it.
  confirmWithinS?: number;
  // What is wrong before the supervisor is asked.
  children: ComponentChildren;
}

export function AreaForm({ area, title, state, note, tools, onApplied, confirmWithinS = 0, children }: AreaFormProps) {
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const [proposal, setProposal] = useState<Proposal | undefined>(undefined);
  const [elsewhere, setElsewhere] = useState<FieldViolation[]>([]);
  const [answer, setAnswer] = useState<ApplyConfigResponse | undefined>(undefined);
  const changed = area.changed.value;
  const conflict = useComputed(() => area.meanwhile.value?.conflict ?? false).value;

  // Errors go to their fields, the first gets the focus; what has no field here is told above.
  const show = (findings: FieldViolation[]) => {
    area.findings.value = findings;
    requestAnimationFrame(() => {
      const paths = [...form.current!.querySelectorAll("[data-path]")].map((field) => field.getAttribute("data-path")!);
      setElsewhere(findings.filter((one) => isError(one) && !paths.some((path) => concerns(one.path, path))));
      focusFirst(form.current!);
    });
  };

  const plan = async () => {
    setElsewhere([]);
    area.findings.value = [];
    if (area.unread.value.size > 0) return focusFirst(form.current!);
    const config = area.result.value;
    const version = area.base.value?.version ?? 0n;
    if (!config) return undefined;
    area.draft.value = config;
    const planned = await perform("plan", () => api.configuration.planConfig({ source: { source: { case: "config", value: config } } }));
    if (!planned) return undefined;
    if (planned.findings.some(isError)) return show(planned.findings);
    setProposal({ source: { source: { case: "config", value: config } }, version, steps: planned.steps, warnings: planned.findings, confirmWithinS, owns: (path) => owns(area.owned, path) });
  };

  // While it is applied, what the stream tells is this area's own doing.
  const setBusy = (busy: boolean) => {
    area.busy = busy;
    if (!busy && running.peek()) area.receive(running.peek()!);
  };
  const applied = async (what: ApplyConfigResponse) => {
    setProposal(undefined);
    await adopt(area);
    setAnswer(what);
    onApplied?.();
  };
  const refused = async (why: Problem) => {
    setProposal(undefined);
    if (why.code !== Code.Aborted) return show(why.violations);
    const doc = await loadRunning();
    if (doc) area.receive(doc);
    if (!area.meanwhile.value?.conflict) await plan();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (changed && !conflict) void plan();
  };
  const cancel = () => {
    area.cancel();
    setElsewhere([]);
  };
  return (
    <AreaContext.Provider value={area}>
      <form class={`panel area ${changed ? "changed" : ""}`} aria-labelledby={id} ref={form} onSubmit={submit} noValidate>
        <header class="panel-header">
          <h2 id={id}>{title}</h2>
          {state}
        </header>
        {note}
        <MeanwhileNotice area={area} />
        {elsewhere.length > 0 && (
          <div class="area-findings">
            <FindingList title={t("form.elsewhere")} findings={elsewhere} />
          </div>
        )}
        {area.config.value ? <div class="area-body">{children}</div> : problem.value ? <LoadProblem /> : <Loading />}
        <footer class="area-footer">
          <Said changed={changed} answer={answer} version={area.base.value?.version} />
          {tools}
          <Button icon="cross" disabledReason={changed ? undefined : t("form.nothing")} onClick={cancel}>
            {t("form.cancel")}
          </Button>
          <Button icon="check" kind="primary" submit action="plan" needs={Role.ADMIN} disabledReason={conflict ? t("form.chooseFirst") : changed ? undefined : t("form.nothing")}>
            {t("form.validation")}
          </Button>
        </footer>
      </form>
      {proposal && <PlanDialog proposal={proposal} onClose={() => setProposal(undefined)} onApplied={(what) => void applied(what)} onRefused={(why) => void refused(why)} onBusy={setBusy} />}
    </AreaContext.Provider>
  );
}

// Beside the buttons: that something waits for them, or what came of them while that runs.
export function Said({ changed, answer, version }: { changed: boolean; answer: ApplyConfigResponse | undefined; version: bigint | undefined }) {
  const said = answer && answer.version === version ? outcome(answer) : "";
  return (
    <span class={`area-said ${changed ? "waits" : ""}`} role="status">
      {changed ? t("form.changed") : said}
    </span>
  );
}

// What was applied is what runs: the area begins again with it.
export async function adopt(area: Area): Promise<void> {
  area.busy = true;
  const doc = await loadRunning();
  area.busy = false;
  if (doc) area.begin(doc);
}

export function focusFirst(form: HTMLElement): void {
  requestAnimationFrame(() => {
    const field = form.querySelector<HTMLElement>('[aria-invalid="true"]');
    field?.closest("details")?.setAttribute("open", "");
    field?.focus();
    field?.scrollIntoView({ block: "center" });
  });
}

function LoadProblem() {
  return (
    <div class="area-body">
      <p class="field-error" role="alert">
        <Icon name="cross" /> {problem.value!.message}
      </p>
      <Button icon="reload" onClick={() => void loadRunning()}>
        {t("action.retry")}
      </Button>
    </div>
  );
}

// Somebody else applied a configuration while this area was edited.
export function MeanwhileNotice({ area }: { area: Pick<Area, "meanwhile" | "base" | "cancel" | "keepMine"> }) {
  const [diff, setDiff] = useState<string | undefined>(undefined);
  const meanwhile = area.meanwhile.value;
  if (!meanwhile) return null;
  const { doc, conflict } = meanwhile;
  const who = doc.actor || t("form.somebody");
  const version = String(doc.version);
  const look = async () => {
    // After a rebase the base is theirs already: the version before it tells the difference.
    const from = area.base.value!.version < doc.version ? area.base.value!.version : doc.version - 1n;
    const answer = await perform("meanwhile", () => api.configuration.diffVersions({ fromVersion: from, toVersion: doc.version }));
    if (answer) setDiff(answer.diff);
  };
  const theirs = () => {
    area.cancel();
    toast("info", t("form.theirsShown", { version }));
  };
  return (
    <div class={`notice area-meanwhile ${conflict ? "warn" : ""}`} role="alert">
      <Icon name={conflict ? "warning" : "info"} />
      <div>
        <p>{conflict ? t("form.conflict", { who, version }) : t("form.meanwhile", { who, version })}</p>
        <div class="actions">
          <Button kind="quiet" action="meanwhile" onClick={() => void look()}>
            {t("form.whatChanged")}
          </Button>
          {conflict ? (
            <>
              <Button onClick={theirs}>{t("form.takeTheirs")}</Button>
              <Button onClick={() => area.keepMine()}>{t("form.keepMine")}</Button>
            </>
          ) : (
            <Button kind="quiet" onClick={() => (area.meanwhile.value = undefined)}>
              {t("action.close")}
            </Button>
          )}
        </div>
      </div>
      {diff !== undefined && (
        <Dialog title={t("form.whatChangedTitle", { who, version })} wide onClose={() => setDiff(undefined)}>
          <Diff text={diff} />
        </Dialog>
      )}
    </div>
  );
}

// Options that are rarely touched; open when one of them is set.
export function More({ title, open, children }: { title: string; open?: boolean; children: ComponentChildren }) {
  return (
    <details class="more-options" open={open}>
      <summary>{title}</summary>
      <div class="more-body">{children}</div>
    </details>
  );
}

// A part of an area with a heading of its own.
export function Part({ title, note, children }: { title: string; note?: ComponentChildren; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="area-part" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {note && <p class="quiet">{note}</p>}
      {children}
    </section>
  );
}
