// Simple fields of small forms: label, field, quiet text, error. `error` is in the supervisor's words.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "./icon";

interface FieldProps {
  label: string;
  help?: ComponentChildren;
  error?: string | undefined;
  disabled?: boolean;
  title?: string | undefined;
}

interface TextFieldProps extends FieldProps {
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "password" | "number";
  name?: string;
  autocomplete?: string;
  autofocus?: boolean;
  inputMode?: "text" | "numeric";
  maxLength?: number;
  required?: boolean;
}

export function TextField({ label, help, error, value, onInput, ...rest }: TextFieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} help={help} error={error}>
      <input
        id={id}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={`${id}-text`}
        spellcheck={false}
        {...rest}
      />
    </Frame>
  );
}

interface SelectFieldProps<V extends string> extends FieldProps {
  value: V;
  options: { value: V; label: string }[];
  onChange: (value: V) => void;
}

export function SelectField<V extends string>({ label, help, error, value, options, onChange, disabled, title }: SelectFieldProps<V>) {
  const id = useId();
  return (
    <Frame id={id} label={label} help={help} error={error}>
      <select
        id={id}
        value={value}
        disabled={disabled}
        title={title}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={`${id}-text`}
        onChange={(event) => onChange(event.currentTarget.value as V)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === value}>
            {option.label}
          </option>
        ))}
      </select>
    </Frame>
  );
}

function Frame({ id, label, help, error, children }: { id: string; label: string; help: ComponentChildren; error: string | undefined; children: ComponentChildren }) {
  return (
    <div class={`field ${error ? "invalid" : ""}`}>
      <label class="field-label" for={id}>
        {label}
      </label>
      <div class="field-control">
        {children}
        <div id={`${id}-text`} class="field-text">
          {error ? (
            <p class="field-error" role="alert">
              <Icon name="cross" /> {error}
            </p>
          ) : (
            help && <p class="quiet">{help}</p>
          )}
        </div>
      </div>
    </div>
  );
}
