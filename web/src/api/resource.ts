// What a page has asked for and how that went: loading, there, or failed and to be tried again.
import { useEffect, useRef } from "preact/hooks";
import { type Signal, signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { Unreachable } from "./client";

export type State<T> =
  | { kind: "loading"; before?: T | undefined }
  | { kind: "ready"; value: T }
  | { kind: "failed"; error: unknown };

export interface Resource<T> {
  state: Signal<State<T>>;
  again: () => void;
}

// A platform that has gone away is asked for so often.
const RETRY_MS = 2000;

function valueOf<T>(state: State<T>): T | undefined {
  if (state.kind === "ready") return state.value;
  return state.kind === "loading" ? state.before : undefined;
}

/** Load anew whenever a signal that `load` reads changes; what is under way then is cancelled. */
export function useResource<T>(load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const state = useSignal<State<T>>({ kind: "loading" });
  const turn = useSignal(0);
  const isQuiet = useRef(false);
  const askQuietly = (): void => {
    isQuiet.current = true;
    turn.value += 1;
  };
  useSignalEffect(() => {
    void turn.value;
    const abort = new AbortController();
    const before = state.peek();
    let retry: ReturnType<typeof setTimeout> | undefined;
    if (!isQuiet.current) state.value = { kind: "loading", before: valueOf(before) };
    isQuiet.current = false;
    load(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) state.value = { kind: "ready", value };
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const isAway = error instanceof Unreachable;
        // What was there stays; the banner says that nothing new comes.
        if (!isAway || valueOf(before) === undefined) state.value = { kind: "failed", error };
        if (isAway) retry = setTimeout(askQuietly, RETRY_MS);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(retry);
    };
  });
  return {
    state,
    again: () => {
      turn.value += 1;
    },
  };
}

/** What a resource last had, also while it loads anew. */
export function useLatest<T>(resource: Resource<T>): { readonly value: T | undefined } {
  return useComputed(() => valueOf(resource.state.value));
}

/** Load anew every so many milliseconds while the tab is looked at: what no stream tells of. */
export function useRefresh(resource: Resource<unknown>, every: number): void {
  useEffect(() => {
    const timer = setInterval(() => document.hidden || resource.again(), every);
    return () => clearInterval(timer);
  }, []);
}

/** The browser's clock, once a second: states and "22 s ago" move with it. A hidden tab rests. */
export const clock = signal(Date.now());
setInterval(() => {
  if (!document.hidden) clock.value = Date.now();
}, 1000);
