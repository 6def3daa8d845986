// Answers that were asked for lately: one request for all who want the same, cancelled when nobody wants it any more.
import { send } from "../api/client";
import type { DataRow } from "./series";

interface Entry {
  rows: Promise<DataRow[]>;
  abort: AbortController;
  wanted: number;
  isDone: boolean;
  /** Until when the answer may be given again, milliseconds since 1970. */
  until: number;
}

// Some ten zoom steps of four servers; an answer is at most a few hundred kilobytes.
const MOST = 48;
const entries = new Map<string, Entry>();

/** The rows at an address, which may be given again for `lifetime` milliseconds. Rejects when `signal` aborts. */
export function rowsAt(url: string, key: string, lifetime: number, signal?: AbortSignal): Promise<DataRow[]> {
  const entry = fresh(key) ?? begin(url, key, lifetime);
  entry.wanted += 1;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      entry.wanted -= 1;
      if (!entry.isDone && entry.wanted === 0) {
        entry.abort.abort();
        drop(key, entry);
      }
      reject(new DOMException("the view moved on", "AbortError"));
    };
    if (signal?.aborted) return leave();
    signal?.addEventListener("abort", leave, { once: true });
    entry.rows.then(resolve, reject).finally(() => signal?.removeEventListener("abort", leave));
    return undefined;
  });
}

/** What was asked for before may have changed: ask again. */
export function forget(): void {
  entries.clear();
}

function fresh(key: string): Entry | undefined {
  const entry = entries.get(key);
  return entry && entry.until > Date.now() ? entry : undefined;
}

function begin(url: string, key: string, lifetime: number): Entry {
  const abort = new AbortController();
  const rows = send("GET", url, { signal: abort.signal }).then((answer) => answer.json() as Promise<DataRow[]>);
  const entry: Entry = { rows, abort, wanted: 0, isDone: false, until: Infinity };
  rows.then(
    () => {
      entry.isDone = true;
      entry.until = Date.now() + lifetime;
    },
    () => {
      entry.isDone = true;
      drop(key, entry);
    },
  );
  entries.delete(key);
  entries.set(key, entry);
  if (entries.size > MOST) entries.delete(entries.keys().next().value ?? "");
  return entry;
}

function drop(key: string, entry: Entry): void {
  if (entries.get(key) === entry) entries.delete(key);
}
