// The one stream of the browser: opened after the sign-in, opened again with back-off when it breaks.
import { Code } from "@connectrpc/connect";
import { effect, signal } from "@preact/signals";
import { api } from "../api/clients";
import { isCode } from "../api/errors";
import { caller, noticeEnd } from "../session";
import { clearLog, connection, forget, lastSeen, take } from "./store";

// Something comes every five seconds; silence longer than this means that the way is gone.
const SILENCE_MS = 12_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export interface LogWish {
  // As WatchLogRequest.service.
  service: string;
}
// Log lines, while a page shows them.
const wish = signal<LogWish | undefined>(undefined);

export function watchLog(service: string): () => void {
  const mine = { service };
  clearLog();
  wish.value = mine;
  return () => {
    if (wish.value === mine) wish.value = undefined;
  };
}

let wake = () => {};

// Runs until the session ends.
async function run(log: LogWish | undefined, stop: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  while (!stop.aborted) {
    try {
      await read(log, stop, () => (pause = FIRST_PAUSE_MS));
    } catch (error) {
      if (stop.aborted) return;
      if (isCode(error, Code.Unauthenticated)) {
        noticeEnd(error);
        return;
      }
    }
    if (stop.aborted) return;
    connection.value = "lost";
    await rest(pause * (0.75 + Math.random() / 2));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

async function read(log: LogWish | undefined, stop: AbortSignal, heard: () => void): Promise<void> {
  const mine = new AbortController();
  const abort = () => mine.abort();
  stop.addEventListener("abort", abort);
  let watchdog = setTimeout(abort, SILENCE_MS);
  try {
    if (log) clearLog(); // its lines are told again
    const request = {
      statsIntervalMs: 1000,
      eventBacklog: 100,
      ...(log && { log: { service: log.service, backlog: 1000, follow: true } }),
    };
    for await (const live of api.events.watchAll(request, { signal: mine.signal })) {
      if (stop.aborted) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(abort, SILENCE_MS);
      lastSeen.value = Date.now();
      connection.value = "live";
      heard();
      take(live);
    }
  } finally {
    clearTimeout(watchdog);
    stop.removeEventListener("abort", abort);
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

// A machine that wakes up, or a network that is back, need not wait for the pause to end.
window.addEventListener("online", () => wake());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") wake();
});

let stopping: AbortController | undefined;
let reader = "";

// Follows the session and what pages wish.
export function startLive(): void {
  effect(() => {
    const name = caller.value?.name ?? "";
    const log = wish.value;
    stopping?.abort();
    if (name !== reader) forget();
    reader = name;
    if (!name) return;
    stopping = new AbortController();
    void run(log, stopping.signal);
  });
}
