// Asking for the readings of a window, at a resolution that suits it; what was asked for lately is kept.
import { address, send } from "../api/client";
import { workspace, zone } from "../settings";
import { type Columns, type DataRow, columnsOf } from "./series";
import type { Span } from "./span";

/** What `aggregation` calls the steps, with their seconds, from fine to coarse. */
export const SECONDS = { "10s": 10, minute: 60, "5m": 300, "15m": 900, hour: 3600, "6h": 21_600, day: 86_400 } as const;
export type Step = keyof typeof SECONDS;
const STEPS = Object.keys(SECONDS) as Step[];

export interface Loaded {
  columns: Columns;
  /** null: every reading. */
  step: Step | null;
  rows: readonly DataRow[];
}

// Up to an hour readings show as they are; of more than this the API keeps those that draw the same shape.
const RAW_MS = 3_600_000;
export const MAX_RAW = 6000;
// More than this many buckets a pixel nobody sees.
const PER_PIXEL = 1.5;
/** What stands beside the plot: header, axis, margins. */
const BESIDE = { wide: 272, phone: 110 };

function plotWidth(): number {
  return Math.max(200, window.innerWidth - (window.innerWidth > 720 ? BESIDE.wide : BESIDE.phone));
}

/** The finest step that gives no more buckets than the plot can show; null: every reading. */
export function stepFor(span: Span, width = plotWidth()): Step | null {
  const length = span.to - span.from;
  if (length <= RAW_MS) return null;
  const fits = (step: Step): boolean => length / 1000 / SECONDS[step] <= width * PER_PIXEL;
  return STEPS.find(fits) ?? "day";
}

export function queryOf(servers: readonly string[], span: Span, format?: "parquet"): string {
  const step = stepFor(span);
  return address("/data", {
    server_ulid: servers,
    start_time: new Date(span.from).toISOString(),
    end_time: new Date(span.to).toISOString(),
    ...(step ? { aggregation: step, function: ["mean", "min", "max"], tz: zone.value } : { max_points: MAX_RAW }),
    format,
  });
}

// Going back and forth between windows asks once; a window that follows the clock is another one each time.
const KEPT = 24;
const kept = new Map<string, Promise<DataRow[]>>();

export async function load(servers: readonly string[], span: Span, signal?: AbortSignal): Promise<DataRow[]> {
  const url = queryOf(servers, span);
  const key = `${workspace.value} ${url}`;
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
