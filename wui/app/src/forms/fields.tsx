// Fields of an area: label left, field right, beside it what is wrong, what holds by default, or a word of help.
import type { Message } from "@bufbuild/protobuf";
import { createContext, type ComponentChildren } from "preact";
import { useContext, useId } from "preact/hooks";
import { Icon } from "../components/icon";
import { Role } from "../gen/admin/v1/users_pb";
import { t } from "../i18n";
import { whyNot } from "../session";
import type { Area } from "./area";
import { pathOf, type Place } from "./place";
import { isShown, type FieldSpec, type Option } from "./spec";
import { joinDuration, read, splitDuration, units, write, type Unit } from "./value";

export const AreaContext = createContext<Area | undefined>(undefined);

export function useTheArea(): Area {
  return useContext(AreaContext)!;
}

// Why nothing here can be changed; undefined: it can.
export function readOnly(): string | undefined {
  return whyNot(Role.ADMIN);
}

// What every control needs to be a good one.
export interface Control {
  id: string;
  path: string;
  value: string;
  error: string | undefined;
  placeholder: string;
  onChange: (text: string) => void;
}

export function Fields<M extends Message>({ place, specs }: { place: Place<M>; specs: FieldSpec<M>[] }) {
  const config = useTheArea().config.value;
  if (!config) return null;
  return (
    <>
      {specs
        .filter((spec) => isShown(spec, place, config))
        .map((spec) => (
          <Field key={spec.name} place={place} spec={spec} />
        ))}
    </>
  );
}

// The field of a message, bound to the area's draft.
export function useControl<M extends Message>(place: Place<M>, spec: FieldSpec<M>): Control {
  const area = useTheArea();
  const config = area.config.value!;
  const path = pathOf(place, spec.name);
  const unread = area.unread.value.get(path);
  return {
    id: useId(),
    path,
    value: unread ?? read(config, place, spec.name),
    error: unread !== undefined ? t("form.notNumber") : area.errorAt(path),
    placeholder: spec.kind === "switch" || spec.kind === "choice" ? "" : (spec.fallback?.({ own: place.get(config), config }) ?? ""),
    onChange: (text) => {
      let good = true;
      area.edit(path, (draft) => void (good = write(draft, place, spec.name, spec.kind, text)));
      if (!good) area.setUnread(path, text);
    },
  };
}

export function Field<M extends Message>({ place, spec }: { place: Place<M>; spec: FieldSpec<M> }) {
  const control = useControl(place, spec);
  const config = useTheArea().config.value!;
  const around = { own: place.get(config), config };
  const fallback = spec.fallback?.(around);
  return (
    <Line control={control} label={spec.label()} text={<QuietText spec={spec} fallback={fallback} help={spec.help?.(around)} />}>
      <ControlOf spec={spec} control={control} fallback={fallback} options={spec.options?.(around) ?? []} />
    </Line>
  );
}

function QuietText<M extends Message>({ spec, fallback, help }: { spec: FieldSpec<M>; fallback: string | undefined; help: string | undefined }) {
  const typed = spec.kind !== "switch" && spec.kind !== "choice";
  const told = typed && fallback ? t("form.default", { value: durationText(spec.kind === "duration", fallback) }) : "";
  return <>{[told, help].filter(Boolean).join(" · ")}</>;
}

function durationText(isDuration: boolean, text: string): string {
  if (!isDuration) return text;
  const { number, unit } = splitDuration(text, "s");
  return /^[\d.]+$/.test(number) ? `${number} ${unitName(unit)}` : text;
}

// Label, control, text: a row on a wide screen, below each other on a narrow one.
export function Line({ control, label, text, children }: { control: Control; label: string; text?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class={`opt ${control.error ? "invalid" : ""}`}>
      <label class="opt-label" for={control.id}>
        {label}
      </label>
      <div class="opt-control">{children}</div>
      <TextOf control={control}>{text}</TextOf>
    </div>
  );
}

export function TextOf({ control, children }: { control: Control; children?: ComponentChildren }) {
  return (
    <div id={`${control.id}-text`} class="opt-text">
      {control.error ? (
        <p class="field-error">
          <Icon name="cross" /> <span>{control.error}</span>
        </p>
      ) : (
        <p class="quiet">{children}</p>
      )}
    </div>
  );
}

interface ControlProps<M extends Message> {
  spec: FieldSpec<M>;
  control: Control;
  fallback: string | undefined;
  options: Option[];
  label?: string;
}

export function ControlOf<M extends Message>({ spec, control, fallback, options, label }: ControlProps<M>) {
  switch (spec.kind) {
    case "choice":
      return <Choice control={control} options={options} fallback={spec.decided ? undefined : (fallback ?? "")} {...(label && { label })} />;
    case "switch":
      return <Switch control={control} fallback={fallback === "true"} {...(label && { label })} />;
    case "duration":
      return <DurationInput control={control} fallback={fallback ?? ""} {...(label && { label })} />;
    default:
      return <Text control={control} numeric={spec.kind === "port" || spec.kind === "number"} suggest={spec.suggest?.() ?? []} {...(label && { label })} />;
  }
}

// The attributes that tie a control to its label, its text and its rights. `label`: where no label stands beside it.
export function tied(control: Control, label?: string) {
  const reason = readOnly();
  return {
    id: control.id,
    "data-path": control.path,
    "aria-invalid": control.error ? ("true" as const) : undefined,
    "aria-describedby": `${control.id}-text`,
    "aria-label": label,
    disabled: reason !== undefined,
    title: reason,
  };
}

export function Text({ control, numeric, label, suggest = [] }: { control: Control; numeric?: boolean; label?: string; suggest?: string[] }) {
  const list = `${control.id}-list`;
  return (
    <>
      <input
        {...tied(control, label)}
        class={numeric ? "short" : ""}
        value={control.value}
        placeholder={control.placeholder}
        inputMode={numeric ? "numeric" : undefined}
        list={suggest.length ? list : undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={(event) => control.onChange(event.currentTarget.value)}
      />
      {suggest.length > 0 && (
        <datalist id={list}>
          {suggest.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </>
  );
}

// `fallback`: the option that holds while nothing is chosen; it is offered as "default (…)".
export function Choice({ control, options, fallback, label }: { control: Control; options: Option[]; fallback?: string | undefined; label?: string }) {
  const name = options.find((option) => option.value === fallback)?.label;
  const all = fallback === undefined ? options : [{ value: "", label: name ? t("form.defaultChoice", { value: name }) : t("form.noChoice") }, ...options];
  const known = all.some((option) => option.value === control.value);
  return (
    <select {...tied(control, label)} value={control.value} onChange={(event) => control.onChange(event.currentTarget.value)}>
      {!known && <option value={control.value}>{control.value || t("form.noChoice")}</option>}
      {all.map((option) => (
        <option key={option.value} value={option.value} selected={option.value === control.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

// The default is never written: a switch that stands as it would by itself is left out.
export function Switch({ control, fallback, label }: { control: Control; fallback: boolean; label?: string }) {
  const on = control.value === "" ? fallback : control.value === "true";
  const flip = (next: boolean) => control.onChange(next === fallback ? "" : String(next));
  return (
    <span class="switch">
      <input type="checkbox" role="switch" {...tied(control, label)} checked={on} onChange={(event) => flip(event.currentTarget.checked)} />
      <span aria-hidden="true">{on ? t("form.on") : t("form.off")}</span>
    </span>
  );
}

function DurationInput({ control, fallback, label }: { control: Control; fallback: string; label?: string }) {
  const own = splitDuration(control.value, fallback);
  const shown = splitDuration(fallback, fallback);
  const change = (part: Partial<{ number: string; unit: Unit }>) => control.onChange(joinDuration({ ...own, ...part }));
  return (
    <span class="duration">
      <input
        {...tied(control, label)}
        class="short"
        value={own.number}
        placeholder={own.unit === shown.unit ? shown.number : ""}
        inputMode="decimal"
        autocomplete="off"
        onInput={(event) => change({ number: event.currentTarget.value })}
      />
      <UnitSelect unit={own.unit} empty={own.number.trim() === ""} onChange={(unit) => change({ unit })} />
    </span>
  );
}

function UnitSelect({ unit, empty, onChange }: { unit: Unit; empty: boolean; onChange: (unit: Unit) => void }) {
  return (
    <select class="unit" aria-label={t("form.unit")} value={unit} disabled={empty || readOnly() !== undefined} onChange={(event) => onChange(event.currentTarget.value as Unit)}>
      {units.map((one) => (
        <option key={one} value={one} selected={one === unit}>
          {unitName(one)}
        </option>
      ))}
    </select>
  );
}

export function unitName(unit: Unit): string {
  return { ms: t("unit.millisecond"), s: t("unit.second"), m: t("unit.minute"), h: t("unit.hour") }[unit];
}
