// Every table: sorted, filtered, walked through with the arrow keys, copied. What is chosen stands in the URL.
import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { count } from "../format";
import { t } from "../i18n";
import { query, setQuery } from "../router";
import { Button } from "./button";
import { Icon } from "./icon";
import { toast } from "./toast";

export interface Column<R> {
  key: string;
  title: string;
  render: (row: R) => ComponentChildren;
  // What is filtered and copied; without it the column takes part in neither.
  text?: (row: R) => string;
  // What is sorted by; default: `text`.
  sort?: (row: R) => string | number | bigint;
  numeric?: boolean;
}

interface TableProps<R> {
  // Names it in the URL: "?sessions.q=10.0.0.9".
  id: string;
  // For screen readers.
  label: string;
  columns: Column<R>[];
  rows: R[];
  rowKey: (row: R) => string;
  empty: ComponentChildren;
  // "-age": descending by age.
  order?: string;
  // Enter or a click on the row.
  onOpen?: (row: R) => void;
  // More controls beside the filter.
  tools?: ComponentChildren;
  // Short lists of settings need neither filter nor copying.
  simple?: boolean;
}

// Rows drawn at first, and more at a time.
const DRAWN = 200;

export function Table<R>(props: TableProps<R>) {
  const { id, columns, rows, empty, order = "", tools, simple } = props;
  const filter = simple ? "" : query(`${id}.q`);
  const sorting = query(`${id}.sort`, order);
  const [limit, setLimit] = useState(DRAWN);
  const shown = sort(filterRows(rows, columns, filter), columns, sorting);
  if (rows.length === 0 && !tools) return <>{empty}</>;
  return (
    <div class="table-block">
      {(!simple || tools) && (
        <div class="table-tools">
          {!simple && <Filter id={id} value={filter} found={shown.length} of={rows.length} />}
          {tools}
          {!simple && (
            <Button kind="quiet" icon="copy" onClick={() => void copy(columns, shown)} disabledReason={shown.length ? undefined : t("table.nothing")}>
              {t("table.copy")}
            </Button>
          )}
        </div>
      )}
      {rows.length === 0 ? empty : <Grid {...props} rows={shown.slice(0, limit)} sorting={sorting} />}
      {shown.length > limit && (
        <p class="table-none">
          <Button onClick={() => setLimit(limit + 5 * DRAWN)}>{t("table.more", { n: shown.length - limit })}</Button>
        </p>
      )}
      {rows.length > 0 && shown.length === 0 && <p class="quiet table-none">{t("table.noMatch")}</p>}
    </div>
  );
}

function Filter({ id, value, found, of }: { id: string; value: string; found: number; of: number }) {
  return (
    <label class="filter">
      <Icon name="search" />
      <span class="hidden">{t("table.filter")}</span>
      <input
        type="search"
        value={value}
        placeholder={t("table.filter")}
        spellcheck={false}
        onInput={(event) => setQuery({ [`${id}.q`]: event.currentTarget.value })}
      />
      <span class="quiet filter-count">{value ? t("table.found", { found, n: of }) : count(of)}</span>
    </label>
  );
}

function Grid<R>({ id, label, columns, rows, rowKey, sorting, onOpen }: TableProps<R> & { sorting: string }) {
  const body = useRef<HTMLTableSectionElement>(null);
  const hint = useId();
  const keys = (event: KeyboardEvent, row: R, index: number) => {
    if (event.target !== event.currentTarget) return;
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -index, End: rows.length };
    const step = steps[event.key];
    if (step !== undefined) {
      const target = Math.max(0, Math.min(rows.length - 1, index + step));
      (body.current!.rows[target] as HTMLElement | undefined)?.focus();
    } else if (event.key === "Enter" && onOpen) {
      onOpen(row);
    } else if (event.key === "c" && (event.ctrlKey || event.metaKey) && !window.getSelection()?.toString()) {
      void copy(columns, [row]);
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    <div class="table-scroll">
      <span id={hint} class="hidden">
        {t("table.keys")}
      </span>
      <table class="table" aria-label={label} aria-describedby={hint}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.key} id={id} column={column} sorting={sorting} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row, index) => (
            <tr
              key={rowKey(row)}
              tabIndex={index === 0 ? 0 : -1}
              class={onOpen ? "opens" : ""}
              onKeyDown={(event) => keys(event, row, index)}
              onClick={(event) => onOpen && !(event.target as Element).closest("button, a, input, select") && onOpen(row)}
            >
              {columns.map((column) => (
                <td key={column.key} class={column.numeric ? "numeric" : ""} data-label={column.title}>
                  {column.render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading<R>({ id, column, sorting }: { id: string; column: Column<R>; sorting: string }) {
  const descending = sorting === `-${column.key}`;
  const sorted = descending || sorting === column.key;
  const turn = () => setQuery({ [`${id}.sort`]: sorted && !descending ? `-${column.key}` : column.key });
  return (
    <th scope="col" class={column.numeric ? "numeric" : ""} aria-sort={sorted ? (descending ? "descending" : "ascending") : undefined}>
      {column.sort || column.text ? (
        <button type="button" class="heading" onClick={turn}>
          {column.title}
          {sorted && <Icon name={descending ? "down" : "up"} />}
        </button>
      ) : (
        column.title || <span class="hidden">{t("table.actions")}</span>
      )}
    </th>
  );
}

function filterRows<R>(rows: R[], columns: Column<R>[], filter: string): R[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = columns.map((column) => column.text?.(row) ?? "").join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function sort<R>(rows: R[], columns: Column<R>[], sorting: string): R[] {
  const descending = sorting.startsWith("-");
  const column = columns.find((one) => one.key === sorting.replace(/^-/, ""));
  const value = column?.sort ?? column?.text;
  if (!value) return rows;
  const compare = (a: R, b: R) => {
    const [x, y] = [value(a), value(b)];
    if (typeof x === "string" && typeof y === "string") return x.localeCompare(y, undefined, { numeric: true });
    return x < y ? -1 : x > y ? 1 : 0;
  };
  return [...rows].sort((a, b) => (descending ? -compare(a, b) : compare(a, b)));
}

// As text with tabs, as spreadsheets take it.
async function copy<R>(columns: Column<R>[], rows: R[]): Promise<void> {
  const told = columns.filter((column) => column.text);
  const lines = [told.map((column) => column.title), ...rows.map((row) => told.map((column) => column.text!(row)))];
  await copyText(lines.map((cells) => cells.join("\t")).join("\n"));
}

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast("ok", t("table.copied"));
  } catch {
    toast("bad", t("table.notCopied"));
  }
}
