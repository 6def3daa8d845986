// Asking for the readings of a window, at a resolution that suits it.
import { address } from "../api/client";
import { workspace, zone } from "../settings";
import { rowsAt } from "./kept";
import { type Columns, type DataRow, columnsOf } from "./series";
import { LIVE, type Span, neighbours } from "./span";

/** What `aggregation` calls the steps, with their seconds, from fine to coarse. */
export const SECONDS = { "10s": 10, minute: 60, "5m": 300, "15m": 900, hour: 3600, "6h": 21_600, day: 86_400 } as const;
export type Step = keyof typeof SECONDS;
export const STEPS = Object.keys(SECONDS) as Step[];

export interface Question {
  servers: readonly string[];
  span: Span;
  /** Only these; none: all. */
  quantities?: readonly string[];
  functions?: readonly string[];
  /** null: every reading; left out: what suits the window. */
  step?: Step | null;
}

export interface Loaded {
  columns: Columns;
  /** null: every reading. */
  step: Step | null;
  rows: readonly DataRow[];
  /** The window whose readings these are. */
  of: Span;
}

// Up to an hour readings show as they are; of more than this the API keeps those that draw the same shape.
const RAW_MS = 3_600_000;
export const MAX_RAW = 6000;
// More than this many buckets a pixel nobody sees.
const PER_PIXEL = 1.5;
/** What stands beside the plot: header, axis, margins. */
const BESIDE = { wide: 272, phone: 110 };
/** A window that follows the clock begins at a multiple of this, so that it is asked for once and not each time. */
const RAW_STEP_MS = 5000;
/** For so long the answer about a window that is not over is given again. */
const OPEN_MS = 20_000;
// Readings come late: until then a window counts as not over.
const MARGIN_MS = 600_000;
/** Whoever moves on within this time would only be held up. */
const REST_MS = 150;

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

const stepOf = ({ span, step }: Question): Step | null => (step === undefined ? stepFor(span) : step);

/** The address that answers a question. */
export function queryOf(question: Question, format?: "csv" | "parquet"): string {
  const { servers, quantities, functions = ["mean", "min", "max"] } = question;
  const step = stepOf(question);
  const [start, end] = bounds(question.span, step);
  return address("/data", {
    server_ulid: servers,
    start_time: new Date(start).toISOString(),
    end_time: new Date(end).toISOString(),
    sensor_type: quantities,
    ...(step ? { aggregation: step, function: functions, tz: zone.value } : { max_points: MAX_RAW }),
    group_by: step && servers.length > 1 ? "server" : null,
    format,
  });
}

/** Whole buckets: a part of one at the edge would look like news. Both inclusive, milliseconds. */
function bounds({ range, from, to }: Span, step: Step | null): [number, number] {
  if (!step && (!range || LIVE.has(range))) return [from, to];
  const size = step ? SECONDS[step] * 1000 : RAW_STEP_MS;
  return [Math.floor(from / size) * size, Math.ceil(to / size) * size - 1];
}

export function load(question: Question, signal?: AbortSignal): Promise<DataRow[]> {
  const url = queryOf(question);
  const lifetime = question.span.to < Date.now() - MARGIN_MS ? Infinity : OPEN_MS;
  return rowsAt(url, `${workspace.value} ${url}`, lifetime, signal);
}

/** Ask for what may be wanted in a moment. */
export function glance(questions: readonly Question[], signal?: AbortSignal): void {
  for (const question of questions) load(question, signal).catch(() => undefined);
}

/** Ask for one step of zoom in and out, so that it is there when it is wanted; given up when the view moves on. */
export function lookAhead(here: Span, questionsOf: (span: Span) => readonly Question[], signal: AbortSignal): void {
  const own = new AbortController();
  const timer = setTimeout(() => {
    if (!document.hidden) glance(neighbours(here).flatMap(questionsOf), own.signal);
  }, REST_MS);
  const end = (): void => {
    clearTimeout(timer);
    // Later: where the view moves to may be what is under way here.
    setTimeout(() => own.abort());
  };
  signal.addEventListener("abort", end, { once: true });
}

export async function loadServer(ulid: string, span: Span, signal: AbortSignal): Promise<Loaded> {
  const questionOf = (of: Span): Question => ({ servers: [ulid], span: of });
  const rows = await load(questionOf(span), signal);
  const step = stepFor(span);
  lookAhead(span, (of) => [questionOf(of)], signal);
  return { columns: columnsOf(rows, step && SECONDS[step]), step, rows, of: span };
}
