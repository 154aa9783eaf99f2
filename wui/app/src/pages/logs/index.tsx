// The log lines of all processes as they come, filtered; the filter stands in the URL.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../components/button";
import { Icon } from "../../components/icon";
import { Empty, PageHeader, Panel } from "../../components/page";
import { copyText } from "../../components/table";
import type { LogLine } from "../../gen/admin/v1/admin_pb";
import { count, exactTime, fromUs, timeOnly } from "../../format";
import { t } from "../../i18n";
import { connection, logLines, services, workers } from "../../live/store";
import { watchLog } from "../../live/stream";
import { query, setQuery } from "../../router";

// A page of more lines than this is slow, and nobody reads it.
const DRAWN = 500;
const LEVELS = ["error", "warning", "info", "debug", "access"];

export default function LogsPage() {
  const source = query("source");
  const level = query("level");
  const filter = query("q");
  const [paused, setPaused] = useState<LogLine[] | undefined>(undefined);
  useEffect(() => watchLog(source), [source]);

  const all = paused ?? logLines.value;
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = all.filter((line) => (!level || line.level === level) && words.every((word) => `${line.worker} ${line.level} ${line.text}`.toLowerCase().includes(word)));
  const drawn = matching.slice(-DRAWN);
  const sources = [...(services.value ?? []).map((service) => service.name), ...(workers.value ?? []).map((worker) => worker.name)];
  const copyAll = () => void copyText(matching.map(asText).join("\n"));

  return (
    <>
      <PageHeader title={t("page.logs")} question={t("logs.question")} />
      <Panel>
        <div class="table-tools">
          <label class="filter">
            <Icon name="search" />
            <span class="hidden">{t("table.filter")}</span>
            <input type="search" value={filter} placeholder={t("logs.filter")} spellcheck={false} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
            <span class="quiet filter-count">{t("table.found", { found: matching.length, n: all.length })}</span>
          </label>
          <Choice label={t("logs.source")} name="source" value={source} options={[...new Set(sources)]} />
          <Choice label={t("logs.level")} name="level" value={level} options={LEVELS} />
          <Button icon={paused ? "play" : "pause"} pressed={paused !== undefined} onClick={() => setPaused(paused ? undefined : logLines.value)}>
            {t(paused ? "logs.resume" : "logs.pause")}
          </Button>
          <Button kind="quiet" icon="copy" onClick={copyAll}>
            {t("table.copy")}
          </Button>
        </div>
        {drawn.length > 0 ? (
          <Lines lines={drawn} follow={!paused} more={matching.length - drawn.length} />
        ) : (
          <Empty icon="log" title={t(all.length > 0 ? "logs.noMatch" : connection.value === "live" ? "logs.quiet" : "state.loading")}>
            {all.length > 0 ? t("logs.noMatchNext") : t("logs.quietNext")}
          </Empty>
        )}
      </Panel>
    </>
  );
}

function Choice({ label, name, value, options }: { label: string; name: string; value: string; options: string[] }) {
  return (
    <label class="inline-choice">
      <span class="hidden">{label}</span>
      <select value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
        <option value="">{t("choice.all", { what: label })}</option>
        {options.map((option) => (
          <option key={option} value={option} selected={option === value}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}

// Stays at the end while the reader is there.
function Lines({ lines, follow, more }: { lines: LogLine[]; follow: boolean; more: number }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (follow && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, follow]);
  const scrolled = () => {
    if (!box.current) return; // the page was left
    const { scrollTop, clientHeight, scrollHeight } = box.current;
    atEnd.current = scrollTop + clientHeight > scrollHeight - 40;
  };
  return (
    <div ref={box} class="log" tabIndex={0} role="log" aria-live="off" aria-label={t("page.logs")} onScroll={scrolled}>
      {more > 0 && <p class="quiet log-more">{t("logs.earlier", { n: count(more) })}</p>}
      {lines.map((line, index) => (
        <Line key={`${line.timeUs} ${index}`} line={line} />
      ))}
    </div>
  );
}

function Line({ line }: { line: LogLine }) {
  const ms = fromUs(line.timeUs);
  return (
    <>
      {line.dropped > 0n && <p class="log-dropped">{t("logs.dropped", { n: Number(line.dropped) })}</p>}
      <div class={`log-line ${line.level}`}>
        <time dateTime={new Date(ms).toISOString()} title={exactTime(ms)}>
          {timeOnly(ms)}
        </time>
        <span class="log-worker">{line.worker}</span>
        <span class="log-level">{line.level}</span>
        <span class="log-text">{line.text}</span>
      </div>
    </>
  );
}

const asText = (line: LogLine) => `${new Date(fromUs(line.timeUs)).toISOString()} ${line.worker} ${line.level} ${line.text}`;
