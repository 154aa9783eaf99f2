import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { ago, exactTime, fromUs } from "../format";
import { chapterOf } from "../guide";
import { t } from "../i18n";
import { Link, place } from "../router";
import { Icon, type IconName } from "./icon";

// The title of a page with the way to its chapter in the guide, one question that it answers, and what can be done here.
export function PageHeader({ title, question, actions }: { title: string; question?: string; actions?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} · Aloha`;
  }, [title]);
  return (
    <div class="page-header">
      <div>
        <div class="page-title">
          <h1>{title}</h1>
          <a class="help-link" href={chapterOf(place.value.path)} hreflang="en" target="_blank" rel="noopener" title={t("help.page")} aria-label={t("help.page")}>
            <Icon name="question" />
          </a>
        </div>
        {question && <p class="quiet">{question}</p>}
      </div>
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}

// A part of a page.
export function Panel({ title, note, actions, children }: { title?: string; note?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={title ? id : undefined}>
      {(title || actions) && (
        <header class="panel-header">
          {title && <h2 id={id}>{title}</h2>}
          {actions && <div class="actions">{actions}</div>}
        </header>
      )}
      {note && <p class="panel-note quiet">{note}</p>}
      {children}
    </section>
  );
}

// Nothing is here, and what to do next.
export function Empty({ icon = "info", title, children }: { icon?: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p class="empty-title">{title}</p>
      {children && <div class="quiet">{children}</div>}
    </div>
  );
}

// Before the first values are here: the room they take, so that nothing jumps.
export function Loading({ rows = 3 }: { rows?: number }) {
  return (
    <div class="loading" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="loading-row" />
      ))}
    </div>
  );
}

// "12 seconds ago", the exact time on hover. `us`: microseconds since 1970; 0: never.
export function Time({ us }: { us: bigint | number }) {
  if (Number(us) === 0) return <span class="quiet">{t("time.never")}</span>;
  const ms = fromUs(us);
  return (
    <time dateTime={new Date(ms).toISOString()} title={exactTime(ms)}>
      {ago(ms)}
    </time>
  );
}

// When, and from where. `address`: empty: not known.
export function TimeFrom({ us, address }: { us: bigint | number; address: string }) {
  return (
    <span>
      <Time us={us} /> {address && <span class="quiet mono">{address}</span>}
    </span>
  );
}

export interface Tab {
  // Its path.
  to: string;
  title: string;
}

// The parts of a page that has several: links, so that each has a URL of its own.
export function Tabs({ label, tabs, current }: { label: string; tabs: Tab[]; current: string }) {
  const bar = useRef<HTMLElement>(null);
  // On a phone the current one may be out of sight.
  useEffect(() => {
    const tab = bar.current?.querySelector<HTMLElement>('[aria-current="page"]');
    if (tab && bar.current) bar.current.scrollLeft = tab.offsetLeft - (bar.current.clientWidth - tab.offsetWidth) / 2;
  }, [current]);
  return (
    <nav ref={bar} class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <Link key={tab.to} to={tab.to} current={tab.to === current}>
          {tab.title}
        </Link>
      ))}
    </nav>
  );
}

// Names and values.
export function Facts({ facts }: { facts: [name: string, value: ComponentChildren][] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
