// What a change would do, as sentences; then it is applied, or not.
import { Code } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { useEffect, useRef, useState } from "preact/hooks";
import { attempt, inProgress } from "../actions";
import { api } from "../api/clients";
import { sentence, type Problem } from "../api/errors";
import { Button } from "../components/button";
import { Dialog } from "../components/dialog";
import { TextField } from "../components/field";
import { Icon } from "../components/icon";
import type { FieldViolation } from "../gen/admin/v1/admin_pb";
import type { ApplyConfigResponse, ConfigSourceSchema, PlanStep } from "../gen/admin/v1/configuration_pb";
import { Role } from "../gen/admin/v1/users_pb";
import { t } from "../i18n";
import { configuration } from "../live/store";
import { FindingList } from "./findings";

export interface Proposal {
  source: MessageInitShape<typeof ConfigSourceSchema>;
  // That the plan was made for.
  version: bigint;
  steps: PlanStep[];
  warnings: FieldViolation[];
  // Undone after so many seconds unless confirmed; 0: it stays.
  confirmWithinS?: number;
  // Whether a path belongs to what is edited; warnings of others are told when asked for.
  owns?: (path: string) => boolean;
  // Has to be typed first: where traffic stops.
  typed?: string | undefined;
}

interface PlanDialogProps {
  proposal: Proposal;
  onClose: () => void;
  onApplied: (answer: ApplyConfigResponse) => void;
  // With fields that are wrong, or because the configuration is not that of the plan any more.
  onRefused: (problem: Problem) => void;
  onBusy?: (busy: boolean) => void;
}

export function PlanDialog({ proposal, onClose, onApplied, onRefused, onBusy }: PlanDialogProps) {
  const [note, setNote] = useState("");
  const [save, setSave] = useState(false);
  const [typed, setTyped] = useState("");
  const [failed, setFailed] = useState("");
  const told = useRef<HTMLDivElement>(null);
  // A long plan may have been scrolled through.
  useEffect(() => told.current?.scrollIntoView({ block: "nearest" }), [failed]);
  const { steps, warnings, confirmWithinS = 0 } = proposal;
  const waits = confirmWithinS > 0 || steps.some((step) => step.kind === "network");
  const busy = inProgress.value.has("apply");
  const ready = !proposal.typed || typed.trim() === proposal.typed;
  const apply = async () => {
    if (busy || !ready) return;
    const send = async () => onApplied(await api.configuration.applyConfig({ source: proposal.source, expectedVersion: proposal.version, confirmWithinS, note: note.trim(), save }));
    await attempt("apply", send, (problem) => {
      onBusy?.(!problem);
      if (problem && (problem.code === Code.Aborted || problem.violations.length)) return onRefused(problem);
      setFailed(problem ? sentence(problem) : "");
    });
  };
  return (
    <Dialog
      title={t("plan.title")}
      wide
      onClose={onClose}
      onSubmit={() => void apply()}
      actions={
        <>
          <Button onClick={onClose}>{t("plan.back")}</Button>
          <Button kind={proposal.typed ? "danger" : "primary"} submit action="apply" needs={Role.ADMIN} disabledReason={ready ? undefined : t("confirm.typeFirst", { word: proposal.typed! })}>
            {t("plan.apply")}
          </Button>
        </>
      }
    >
      {failed && (
        <div class="notice bad" role="alert" ref={told}>
          <Icon name="cross" />
          <span>{failed}</span>
        </div>
      )}
      <Steps steps={steps} />
      <Warnings warnings={warnings} owns={proposal.owns ?? (() => true)} />
      {waits && (
        <div class="notice warn">
          <Icon name="history" />
          <span>{t("plan.confirm")}</span>
        </div>
      )}
      {proposal.typed && <TextField label={t("confirm.type", { word: proposal.typed })} value={typed} onInput={setTyped} autocomplete="off" />}
      <TextField label={t("plan.note")} help={t("plan.noteHelp")} value={note} onInput={setNote} maxLength={200} />
      {!configuration.value?.authoritative && (
        <label class="check">
          <input type="checkbox" checked={save} onChange={(event) => setSave(event.currentTarget.checked)} />
          <span>{t("plan.save")}</span>
        </label>
      )}
    </Dialog>
  );
}

function Warnings({ warnings, owns }: { warnings: FieldViolation[]; owns: (path: string) => boolean }) {
  const own = warnings.filter((one) => owns(one.path));
  const others = warnings.filter((one) => !owns(one.path));
  return (
    <>
      {own.length > 0 && <FindingList title={t("plan.warnings", { n: own.length })} findings={own} />}
      {others.length > 0 && (
        <details class="more-options">
          <summary>{t("plan.otherWarnings", { n: others.length })}</summary>
          <FindingList title={t("plan.warnings", { n: others.length })} findings={others} />
        </details>
      )}
    </>
  );
}

// What came of it. How long it still waits for a confirmation stands above every page.
export function outcome({ version, confirmWithinS }: ApplyConfigResponse): string {
  const waits = confirmWithinS > 0 && configuration.value?.confirmWithinS;
  return waits ? t("plan.waits", { version: String(version) }) : t("plan.done", { version: String(version) });
}

export function Steps({ steps }: { steps: PlanStep[] }) {
  if (steps.length === 0) return <p class="plan-empty">{t("plan.empty")}</p>;
  return (
    <ol class="plan-steps" aria-label={t("plan.steps")}>
      {steps.map((step, index) => (
        <li key={index}>
          {step.virtualService && !step.text.startsWith(step.virtualService) && <strong>{step.virtualService}: </strong>}
          {step.text}
        </li>
      ))}
    </ol>
  );
}
