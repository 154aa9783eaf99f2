// The running configuration, whole, as it is now: asked for once, and again whenever the stream tells of a newer version.
import { effect, signal } from "@preact/signals";
import { api } from "../api/clients";
import { toProblem, type Problem } from "../api/errors";
import type { Config } from "../gen/config/v1/config_pb";
import { configuration } from "../live/store";
import { caller, noticeEnd } from "../session";

export interface Doc {
  config: Config;
  // Canonical text format.
  text: string;
  version: bigint;
  // Who made this version; empty: not known.
  actor: string;
}

export const running = signal<Doc | undefined>(undefined);
export const problem = signal<Problem | undefined>(undefined);
let newest: Promise<void> = Promise.resolve();

// Asks for it, and gives the answer to the newest question: an older one may be outdated.
export async function loadRunning(): Promise<Doc | undefined> {
  const mine = (newest = ask());
  await mine;
  if (mine !== newest) await newest;
  return running.peek();
}

let asked = 0;
async function ask(): Promise<void> {
  const turn = ++asked;
  try {
    const { config, text, version } = await api.configuration.getConfig({});
    if (turn !== asked || !config) return;
    const known = configuration.peek()?.running;
    problem.value = undefined;
    running.value = { config, text, version, actor: known?.version === version ? known.actor : "" };
  } catch (error) {
    noticeEnd(error);
    if (turn === asked) problem.value = toProblem(error);
  }
}

// While a page shows the configuration.
export function followRunning(): () => void {
  void loadRunning();
  return effect(() => {
    const told = configuration.value?.running;
    const held = running.peek();
    if (caller.value && told && held && told.version !== held.version) void loadRunning();
  });
}
