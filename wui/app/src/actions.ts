// A change that a reader asked for: done once, its outcome told.
import { signal } from "@preact/signals";
import { sentence, toProblem, type Problem } from "./api/errors";
import { noticeEnd } from "./session";
import { toast } from "./components/toast";

// Names of actions in progress, for buttons that wait.
export const inProgress = signal<ReadonlySet<string>>(new Set());

// Runs `call`, one of its name at a time. `fail` is told what went wrong, and before that, nothing: what went wrong
// before is over. False: it failed, or the same action is in progress.
export async function attempt(name: string, call: () => Promise<unknown>, fail: (problem?: Problem) => void): Promise<boolean> {
  if (inProgress.value.has(name)) return false;
  inProgress.value = new Set(inProgress.value).add(name);
  fail();
  try {
    await call();
    return true;
  } catch (error) {
    noticeEnd(error);
    fail(toProblem(error));
    return false;
  } finally {
    const left = new Set(inProgress.value);
    left.delete(name);
    inProgress.value = left;
  }
}

// For `attempt`: has the problem shown as a sentence.
export function inWords(show: (text: string) => void): (problem?: Problem) => void {
  return (problem) => show(problem ? sentence(problem) : "");
}

// Runs `call`; tells `done` or what went wrong. Undefined: it failed, or the same action is in progress.
export async function perform<T>(name: string, call: () => Promise<T>, done?: string | ((answer: T) => string)): Promise<T | undefined> {
  let answer: T | undefined;
  const told = (problem?: Problem) => problem && toast("bad", sentence(problem));
  const run = async () => {
    answer = await call();
    const text = typeof done === "function" ? done(answer) : done;
    if (text) toast("ok", text);
  };
  return (await attempt(name, run, told)) ? answer : undefined;
}
