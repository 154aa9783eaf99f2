// What happened, newest first: what was kept, and what comes.
import type { ComponentChildren } from "preact";
import { api } from "../../api/clients";
import { allPages } from "../../api/paging";
import { Badge, type Tone } from "../../components/badge";
import { Show } from "../../components/loaded";
import { Empty, Panel, Time } from "../../components/page";
import { Table, type Column } from "../../components/table";
import { Event_Severity as Severity, type Event } from "../../gen/admin/v1/admin_pb";
import { t } from "../../i18n";
import { events } from "../../live/store";
import { query, setQuery } from "../../router";
import { useLoaded } from "../../use-loaded";

export function EventsTab() {
  const subject = query("subject");
  return <EventList title={t("history.events")} subject={subject} tools={(all) => <Subjects value={subject} events={all} />} />;
}

interface EventListProps {
  title: string;
  note?: string;
  // Only events with this subject; empty: all.
  subject?: string;
  // Which of them.
  keep?: (event: Event) => boolean;
  tools?: (all: Event[]) => ComponentChildren;
}

export function EventList({ title, note, subject = "", keep = () => true, tools }: EventListProps) {
  const loaded = useLoaded(() => allPages((page) => api.events.listEvents({ ...page, subject }), (page) => page.events), [subject]);
  return (
    <Panel title={title} note={note}>
      <Show loaded={loaded}>
        {(kept) => {
          const newest = kept[0]?.id ?? 0n;
          const fresh = events.value.filter((event) => event.id > newest && (!subject || event.subject === subject));
          const all = [...fresh, ...kept].filter(keep);
          return (
            <Table
              id="events"
              label={title}
              columns={columns()}
              rows={all}
              rowKey={(event) => String(event.id)}
              order="-time"
              empty={<Empty icon="history" title={t("events.empty")} />}
              tools={tools?.(all)}
            />
          );
        }}
      </Show>
    </Panel>
  );
}

function Subjects({ value, events: all }: { value: string; events: Event[] }) {
  const names = [...new Set(["audit", "certificate", "check", "config", "network", "node", "server", "service", "session", "sync", "token", "user", "vrrp", "worker", ...all.map((event) => event.subject)])].sort();
  return (
    <label class="inline-choice">
      <span class="hidden">{t("events.subject")}</span>
      <select value={value} onChange={(event) => setQuery({ subject: event.currentTarget.value })}>
        <option value="">{t("choice.all", { what: t("events.subject") })}</option>
        {names.map((name) => (
          <option key={name} value={name} selected={name === value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

const severities: Record<Severity, [Tone, "events.info" | "events.warning" | "events.error"]> = {
  [Severity.SEVERITY_UNSPECIFIED]: ["info", "events.info"],
  [Severity.INFO]: ["info", "events.info"],
  [Severity.WARNING]: ["warn", "events.warning"],
  [Severity.ERROR]: ["bad", "events.error"],
};

function columns(): Column<Event>[] {
  return [
    { key: "time", title: t("history.time"), render: (e) => <Time us={e.timeUs} />, text: (e) => new Date(Number(e.timeUs) / 1000).toISOString(), sort: (e) => e.id },
    {
      key: "severity",
      title: t("events.severity"),
      render: (e) => {
        const [tone, word] = severities[e.severity];
        return (
          <span class="actions start">
            <Badge tone={tone}>{t(word)}</Badge>
            {e.refused && <Badge tone="warn">{t("events.refused")}</Badge>}
          </span>
        );
      },
      text: (e) => `${t(severities[e.severity][1])}${e.refused ? ` ${t("events.refused")}` : ""}`,
      sort: (e) => e.severity,
    },
    { key: "subject", title: t("events.subject"), render: (e) => e.subject, text: (e) => e.subject },
    { key: "object", title: t("events.object"), render: (e) => <span class="mono">{e.object}</span>, text: (e) => e.object },
    {
      key: "text",
      title: t("events.text"),
      render: (e) => (
        <div class="stack">
          <span>{e.text}</span>
          {e.method && <span class="quiet small mono">{e.method}</span>}
        </div>
      ),
      text: (e) => `${e.text} ${e.method}`.trim(),
    },
    { key: "actor", title: t("history.actor"), render: (e) => e.actor, text: (e) => e.actor },
  ];
}
