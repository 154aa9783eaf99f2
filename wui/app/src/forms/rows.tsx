// Repeated messages as rows: four at least, more on demand; a row that is left empty is none.
import type { Message } from "@bufbuild/protobuf";
import { useRef, useState } from "preact/hooks";
import { Button } from "../components/button";
import { t } from "../i18n";
import { ControlOf, readOnly, TextOf, useControl, useTheArea } from "./fields";
import { item, pathOf, type FieldKey, type Place } from "./place";
import type { FieldSpec } from "./spec";

export const FIRST_ROWS = 4;

interface RowsProps<P extends Message, M extends Message> {
  parent: Place<P>;
  // Field of the parent.
  list: FieldKey<P>;
  columns: FieldSpec<M>[];
  // "CAS{n}", for screen readers and as the row's heading.
  title: (n: number) => string;
  add: string;
  // How many are seen at least.
  least?: number;
}

export function Rows<P extends Message, M extends Message>({ parent, list, columns, title, add, least = FIRST_ROWS }: RowsProps<P, M>) {
  const area = useTheArea();
  const config = area.config.value!;
  const [more, setMore] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const filled = ((parent.get(config) as Record<string, unknown> | undefined)?.[list] as M[] | undefined)?.length ?? 0;
  const count = Math.max(filled, least) + more;
  const path = pathOf(parent, list);
  const remove = (index: number) => {
    area.edit(path, (draft) => placeOf(index).remove(draft));
    area.forgetBelow(path);
    setMore((now) => Math.max(0, now - (index >= filled ? 1 : 0)));
  };
  const placeOf = (index: number) => item(parent, list as never, index) as unknown as Place<M>;
  const append = () => {
    setMore(more + 1);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(".form-row:last-of-type input")?.focus());
  };
  return (
    <div class="form-rows" ref={box}>
      {Array.from({ length: count }, (_, index) => (
        <Row key={index} place={placeOf(index)} columns={columns} title={title(index + 1)} onRemove={index < filled || index >= least ? () => remove(index) : undefined} />
      ))}
      <Button icon="plus" kind="quiet" disabledReason={readOnly()} onClick={append}>
        {add}
      </Button>
    </div>
  );
}

interface RowProps<M extends Message> {
  place: Place<M>;
  columns: FieldSpec<M>[];
  title: string;
  onRemove: (() => void) | undefined;
}

function Row<M extends Message>({ place, columns, title, onRemove }: RowProps<M>) {
  return (
    <fieldset class="form-row">
      <legend class="form-row-title">{title}</legend>
      <div class="form-cells">
        {columns.map((spec) => (
          <Cell key={spec.name} place={place} spec={spec} title={title} />
        ))}
        <span class="form-row-end">
          {onRemove && (
            <Button kind="quiet" icon="trash" bare disabledReason={readOnly()} onClick={onRemove}>
              {t("form.removeRow", { row: title })}
            </Button>
          )}
        </span>
      </div>
    </fieldset>
  );
}

function Cell<M extends Message>({ place, spec, title }: { place: Place<M>; spec: FieldSpec<M>; title: string }) {
  const control = useControl(place, spec);
  const config = useTheArea().config.value!;
  const around = { own: place.get(config), config };
  if (spec.shown && !spec.shown(around)) return null;
  return (
    <div class={`form-cell ${spec.wide ? "wide" : ""} ${control.error ? "invalid" : ""}`}>
      <label class="form-cell-label" for={control.id}>
        {spec.label()}
      </label>
      <ControlOf spec={spec} control={control} fallback={spec.fallback?.(around)} options={spec.options?.(around) ?? []} label={`${title}: ${spec.label()}`} />
      {control.error || spec.help ? <TextOf control={control}>{spec.help?.(around)}</TextOf> : null}
    </div>
  );
}

