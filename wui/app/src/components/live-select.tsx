import { useState } from "preact/hooks";

interface LiveSelectProps<V extends string> {
  label: string;
  value: V;
  options: { value: V; label: string }[];
  // Why nothing can be chosen.
  disabledReason?: string | undefined;
  // Resolves when it is done, or refused.
  onChoose: (value: V) => Promise<unknown>;
}

// A choice that takes effect at once: what was chosen is shown until there is an answer, then what holds.
export function LiveSelect<V extends string>({ label, value, options, disabledReason, onChoose }: LiveSelectProps<V>) {
  const [chosen, setChosen] = useState<V | undefined>(undefined);
  const shown = chosen ?? value;
  const choose = async (next: V) => {
    setChosen(next);
    await onChoose(next);
    setChosen(undefined);
  };
  return (
    <select class="narrow" aria-label={label} disabled={disabledReason !== undefined} title={disabledReason} value={shown} onChange={(event) => void choose(event.currentTarget.value as V)}>
      {options.map((option) => (
        <option key={option.value} value={option.value} selected={option.value === shown}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
