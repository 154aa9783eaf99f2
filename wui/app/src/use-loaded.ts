// Values that are asked for once, and again when something says so: nothing is polled.
import { Code } from "@connectrpc/connect";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isCode, toProblem, type Problem } from "./api/errors";
import { noticeEnd } from "./session";

// Connections that were kept may belong to a listener that is no more; a browser keeps six.
const ATTEMPTS = 7;
const PAUSE_MS = 200;

async function patiently<T>(load: () => Promise<T>, left = ATTEMPTS): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (left <= 1 || !isCode(error, Code.Unavailable)) throw error;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return patiently(load, left - 1);
  }
}

export interface Loaded<T> {
  value: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  // When it was asked for; milliseconds since 1970.
  at: number;
  reload: () => void;
}

// `keys`: loads again when one of them changes.
export function useLoaded<T>(load: () => Promise<T>, keys: unknown[] = []): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, "reload">>({ value: undefined, problem: undefined, loading: true, at: 0 });
  const turn = useRef(0);
  const reload = useCallback(() => {
    const mine = ++turn.current;
    setState((known) => ({ ...known, loading: true }));
    patiently(load).then(
      (value) => mine === turn.current && setState({ value, problem: undefined, loading: false, at: Date.now() }),
      (error: unknown) => {
        noticeEnd(error);
        if (mine === turn.current) setState((known) => ({ ...known, problem: toProblem(error), loading: false }));
      },
    );
  }, keys);
  useEffect(() => {
    reload();
    return () => void ++turn.current;
  }, [reload]);
  return { ...state, reload };
}
