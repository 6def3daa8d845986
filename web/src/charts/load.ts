// Asking for the readings of a window, at a resolution that suits it; what was asked for lately is kept.
import { address, send } from "../api/client";
import { workspace, zone } from "../settings";
import { type Columns, type DataRow, columnsOf } from "./series";
import type { Span } from "./span";

export type Step = "minute" | "hour" | "day";
export const SECONDS: Record<Step, number> = { minute: 60, hour: 3600, day: 86_400 };

export interface Loaded {
  columns: Columns;
  /** null: every reading. */
  step: Step | null;
  rows: readonly DataRow[];
}

const HOUR = 3_600_000;

/** Readings as they are while they fit, then the coarsest step that still shows a shape. */
export function stepFor(span: Span): Step | null {
  const length = span.to - span.from;
  if (length <= HOUR) return null;
  if (length <= 36 * HOUR) return "minute";
  return length <= 62 * 24 * HOUR ? "hour" : "day";
}

export function queryOf(servers: readonly string[], span: Span, quantities: readonly string[] = []): string {
  const step = stepFor(span);
  return address("/data", {
    server_ulid: servers,
    sensor_type: quantities,
    start_time: new Date(span.from).toISOString(),
    end_time: new Date(span.to).toISOString(),
    aggregation: step,
    group_by: step && servers.length > 1 ? "server" : null,
  });
}

// Going back and forth between windows asks once; a window that follows the clock is another one each time.
const KEPT = 24;
const kept = new Map<string, Promise<DataRow[]>>();

export async function load(servers: readonly string[], span: Span, signal?: AbortSignal): Promise<DataRow[]> {
  const url = queryOf(servers, span);
  const key = `${workspace.value} ${zone.value} ${url}`;
  const found = kept.get(key);
  if (found) return found;
  const asked = send("GET", url, signal ? { signal } : {}).then((answer) => answer.json() as Promise<DataRow[]>);
  if (span.range === null) {
    kept.set(key, asked);
    asked.catch(() => kept.delete(key));
    if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? "");
  }
  return asked;
}

export async function loadServer(ulid: string, span: Span, signal?: AbortSignal): Promise<Loaded> {
  const rows = await load([ulid], span, signal);
  const step = stepFor(span);
  return { columns: columnsOf(rows, step && SECONDS[step]), step, rows };
}
