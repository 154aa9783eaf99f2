// Where the reader is: path and query of the URL, so that a link can be sent to a colleague.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

export interface Place {
  path: string;
  query: URLSearchParams;
}

const read = (): Place => ({ path: window.location.pathname, query: new URLSearchParams(window.location.search) });
export const place = signal<Place>(read());

// Asked before another page is shown; false: stay. Set by pages with changes that were not validated.
type Guard = () => Promise<boolean>;
const guards = new Set<Guard>();
const position = () => (window.history.state as { position?: number } | null)?.position ?? 0;
let current = position();
let returning = false;

export async function go(url: string): Promise<void> {
  const target = new URL(url, window.location.href);
  if (target.pathname !== place.value.path && !(await mayLeave())) return;
  window.history.pushState({ position: ++current }, "", target);
  place.value = read();
  window.scrollTo(0, 0);
}

window.addEventListener("popstate", async () => {
  if (returning) {
    returning = false;
    return;
  }
  const steps = position() - current;
  if (window.location.pathname !== place.value.path && guards.size > 0) {
    // The browser has left already: go back, ask, and go again.
    returning = true;
    window.history.go(-steps);
    if (!(await mayLeave())) return;
    guards.clear();
    window.history.go(steps);
    return;
  }
  current = position();
  place.value = read();
});

window.addEventListener("beforeunload", (event) => {
  if (guards.size > 0) event.preventDefault();
});

async function mayLeave(): Promise<boolean> {
  for (const guard of guards) if (!(await guard())) return false;
  return true;
}

// While `active`, asks before the page is left.
export function useLeaveGuard(active: boolean, guard: Guard): void {
  useEffect(() => {
    if (!active) return undefined;
    guards.add(guard);
    return () => void guards.delete(guard);
  }, [active]);
}

// One parameter of the query; `fallback` is not written into the URL.
export function query(name: string, fallback = ""): string {
  return place.value.query.get(name) ?? fallback;
}

export function setQuery(changes: Record<string, string>): void {
  const parameters = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) parameters.set(name, value);
    else parameters.delete(name);
  }
  const text = parameters.toString();
  window.history.replaceState(window.history.state, "", window.location.pathname + (text ? `?${text}` : ""));
  place.value = read();
}

interface LinkProps {
  to: string;
  class?: string;
  current?: boolean;
  title?: string;
  label?: string;
  children: ComponentChildren;
}

export function Link({ to, current, label, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void go(to);
  };
  return (
    <a href={to} onClick={follow} aria-current={current ? "page" : undefined} aria-label={label} {...rest}>
      {children}
    </a>
  );
}
