import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { Button } from "./button";

interface DialogProps {
  title: string;
  // Escape, the close button, a click beside it.
  onClose: () => void;
  // Wider, for diffs and long tables.
  wide?: boolean;
  // The buttons below, the most likely one last.
  actions?: ComponentChildren;
  // Enter in a field.
  onSubmit?: () => void;
  children: ComponentChildren;
}

// The browser's own modal dialog: it keeps the focus and gives it back.
export function Dialog({ title, onClose, wide, actions, onSubmit, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  const cancel = (event: Event) => {
    event.preventDefault();
    onClose();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog
      ref={dialog}
      class={`dialog ${wide ? "wide" : ""}`}
      aria-labelledby={id}
      onCancel={cancel}
      onMouseDown={(event) => event.target === dialog.current && onClose()}
    >
      <form class="dialog-form" onSubmit={submit} noValidate>
        <header>
          <h2 id={id}>{title}</h2>
          <Button kind="quiet" icon="cross" bare onClick={onClose}>
            {t("action.close")}
          </Button>
        </header>
        <div class="dialog-body">{children}</div>
        {actions && <footer>{actions}</footer>}
      </form>
    </dialog>
  );
}

interface Question {
  title: string;
  // What will happen.
  text: ComponentChildren;
  // The word on the button.
  action: string;
  danger?: boolean;
  // Has to be typed first: where traffic stops.
  typed?: string;
}

const asked = signal<(Question & { answer: (yes: boolean) => void }) | undefined>(undefined);

// Asks once; true: do it.
export function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = undefined;
        resolve(yes);
      },
    };
  });
}

export function Questions() {
  const question = asked.value;
  return question ? <QuestionDialog key={question.title} {...question} /> : null;
}

function QuestionDialog({ title, text, action, danger, typed, answer }: Question & { answer: (yes: boolean) => void }) {
  const [input, setInput] = useState("");
  const ready = typed === undefined || input.trim() === typed;
  const yes = () => ready && answer(true);
  return (
    <Dialog
      title={title}
      onClose={() => answer(false)}
      onSubmit={yes}
      actions={
        <>
          <Button onClick={() => answer(false)}>{t("action.cancel")}</Button>
          <Button kind={danger ? "danger" : "primary"} submit disabledReason={ready ? undefined : t("confirm.typeFirst", { word: typed! })}>
            {action}
          </Button>
        </>
      }
    >
      {typeof text === "string" ? <p>{text}</p> : text}
      {typed !== undefined && (
        <label class="field stacked">
          <span class="field-label">{t("confirm.type", { word: typed })}</span>
          <input value={input} onInput={(event) => setInput(event.currentTarget.value)} autocomplete="off" spellcheck={false} autofocus />
        </label>
      )}
    </Dialog>
  );
}
