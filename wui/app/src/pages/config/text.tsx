// The whole configuration as text: edited, validated, planned and applied, with findings at line and column.
import { signal } from "@preact/signals";
import { Code } from "@connectrpc/connect";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { sentence, type Problem } from "../../api/errors";
import { Button } from "../../components/button";
import { Icon } from "../../components/icon";
import { Loading } from "../../components/page";
import { toast } from "../../components/toast";
import { leave, MeanwhileNotice, Said } from "../../forms/area-form";
import { isError, type Meanwhile } from "../../forms/area";
import { followRunning, loadRunning, running, type Doc } from "../../forms/document";
import { FindingList } from "../../forms/findings";
import { readOnly } from "../../forms/fields";
import { PlanDialog, type Proposal } from "../../forms/plan-dialog";
import type { FieldViolation } from "../../gen/admin/v1/admin_pb";
import type { ApplyConfigResponse } from "../../gen/admin/v1/configuration_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { useLeaveGuard } from "../../router";

// As an area, but of text: there is no part of it that is another's.
class TextArea {
  readonly base = signal<Doc | undefined>(undefined);
  readonly text = signal<string | undefined>(undefined);
  readonly meanwhile = signal<Meanwhile | undefined>(undefined);
  busy = false;

  changed(): boolean {
    return this.text.value !== undefined && this.text.value !== this.base.value?.text;
  }
  receive(doc: Doc): void {
    if (this.busy || this.base.value?.version === doc.version) return;
    if (this.base.value && this.changed()) this.meanwhile.value = { doc, conflict: true };
    else this.begin(doc);
  }
  begin(doc: Doc): void {
    this.base.value = doc;
    this.text.value = undefined;
    this.meanwhile.value = undefined;
  }
  cancel(): void {
    const newer = this.meanwhile.value?.doc;
    if (newer) this.begin(newer);
    this.text.value = undefined;
  }
  keepMine(): void {
    this.base.value = this.meanwhile.value?.doc ?? this.base.value;
    this.meanwhile.value = undefined;
  }
}

export function TextTab() {
  const area = useMemo(() => new TextArea(), []);
  const [findings, setFindings] = useState<FieldViolation[] | undefined>(undefined);
  const [proposal, setProposal] = useState<Proposal | undefined>(undefined);
  const [applied, setApplied] = useState<ApplyConfigResponse | undefined>(undefined);
  const editor = useRef<HTMLTextAreaElement>(null);
  useEffect(followRunning, []);
  const doc = running.value;
  useEffect(() => {
    if (doc) area.receive(doc);
  }, [doc]);
  const changed = area.changed();
  useLeaveGuard(changed, leave);
  const text = area.text.value ?? area.base.value?.text;
  const conflict = area.meanwhile.value?.conflict ?? false;

  const check = async () => {
    const answer = await perform("validate", () => api.configuration.validateConfig({ source: { source: { case: "text", value: text! } } }));
    if (answer) setFindings(answer.findings);
  };
  const plan = async () => {
    const source = { source: { case: "text" as const, value: text! } };
    const answer = await perform("plan", () => api.configuration.planConfig({ source }));
    if (!answer) return;
    setFindings(answer.findings);
    if (!answer.findings.some(isError)) setProposal({ source, version: area.base.value?.version ?? 0n, steps: answer.steps, warnings: answer.findings });
  };
  const adopt = async (answer: ApplyConfigResponse) => {
    setProposal(undefined);
    setFindings(undefined);
    area.busy = true;
    const now = await loadRunning();
    area.busy = false;
    if (now) area.begin(now);
    setApplied(answer);
  };
  const refused = async (why: Problem) => {
    setProposal(undefined);
    if (why.code !== Code.Aborted) return setFindings(why.violations);
    toast("bad", sentence(why));
    const now = await loadRunning();
    if (now) area.receive(now);
  };
  const open = (finding: FieldViolation) => goTo(editor.current!, finding.line, finding.column);
  if (text === undefined) return <Loading rows={10} />;
  return (
    <section class={`panel area ${changed ? "changed" : ""}`} aria-label={t("text.title")}>
      <header class="panel-header">
        <h2>{t("text.title")}</h2>
      </header>
      <p class="panel-note quiet">{t("text.note")}</p>
      <MeanwhileNotice area={area} />
      {findings && <Findings findings={findings} onOpen={open} />}
      <Editor editor={editor} text={text} findings={findings ?? []} onInput={(now) => (area.text.value = now)} />
      <footer class="area-footer">
        <Said changed={changed} answer={applied} version={area.base.value?.version} />
        <Button action="validate" onClick={() => void check()}>
          {t("text.check")}
        </Button>
        <Button
          icon="cross"
          disabledReason={changed ? undefined : t("form.nothing")}
          onClick={() => {
            area.cancel();
            setFindings(undefined);
          }}
        >
          {t("form.cancel")}
        </Button>
        <Button
          icon="check"
          kind="primary"
          action="plan"
          needs={Role.ADMIN}
          disabledReason={conflict ? t("form.chooseFirst") : changed ? undefined : t("form.nothing")}
          onClick={() => void plan()}
        >
          {t("form.validation")}
        </Button>
      </footer>
      {proposal && (
        <PlanDialog
          proposal={proposal}
          onClose={() => setProposal(undefined)}
          onApplied={(answer) => void adopt(answer)}
          onRefused={(why) => void refused(why)}
          onBusy={(busy) => {
            area.busy = busy;
            if (!busy && running.peek()) area.receive(running.peek()!);
          }}
        />
      )}
    </section>
  );
}

function Findings({ findings, onOpen }: { findings: FieldViolation[]; onOpen: (finding: FieldViolation) => void }) {
  const errors = findings.filter(isError);
  const warnings = findings.filter((one) => !isError(one));
  return (
    <div class="area-findings">
      {errors.length > 0 && <FindingList title={t("text.errors", { n: errors.length })} findings={errors} onOpen={onOpen} />}
      {warnings.length > 0 && <FindingList title={t("plan.warnings", { n: warnings.length })} findings={warnings} onOpen={onOpen} />}
      {findings.length === 0 && (
        <p class="notice" role="status">
          <Icon name="check" />
          <span>{t("text.good")}</span>
        </p>
      )}
    </div>
  );
}

interface EditorProps {
  editor: { current: HTMLTextAreaElement | null };
  text: string;
  findings: FieldViolation[];
  onInput: (text: string) => void;
}

// Line numbers beside the text, those with an error marked.
function Editor({ editor, text, findings, onInput }: EditorProps) {
  const numbers = useRef<HTMLPreElement>(null);
  const lines = text.split("\n").length;
  const wrong = new Set(findings.filter(isError).map((one) => one.line));
  const reason = readOnly();
  return (
    <div class="editor">
      <pre ref={numbers} class="editor-lines" aria-hidden="true">
        {Array.from({ length: lines }, (_, index) => (
          <span key={index} class={wrong.has(index + 1) ? "wrong" : ""}>
            {`${index + 1}\n`}
          </span>
        ))}
      </pre>
      <textarea
        ref={editor}
        class="editor-text"
        aria-label={t("text.title")}
        aria-invalid={wrong.size > 0 ? "true" : undefined}
        value={text}
        wrap="off"
        spellcheck={false}
        autocapitalize="off"
        readOnly={reason !== undefined}
        title={reason}
        onInput={(event) => onInput(event.currentTarget.value)}
        onScroll={(event) => {
          if (numbers.current) numbers.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
    </div>
  );
}

// Lines and columns from 1.
function goTo(editor: HTMLTextAreaElement, line: number, column: number): void {
  const lines = editor.value.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const at = before + Math.max(0, column - 1);
  editor.focus();
  editor.setSelectionRange(at, before + (lines[line - 1]?.length ?? 0));
  const height = editor.scrollHeight / lines.length;
  editor.scrollTop = Math.max(0, (line - 4) * height);
}
