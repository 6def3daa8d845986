// The window of time that a chart shows: the last so long, or from an instant to another. It stands in the URL.
import { change } from "../router";

export const RANGES = { "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000, "1y": 31_536_000 } as const;
export type Range = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as Range[];
/** Ranges so short that every reading moves the chart. */
export const LIVE: ReadonlySet<Range> = new Set<Range>(["1m", "5m", "15m"]);
const DEFAULT: Range = "15m";
const LEAST_MS = 1000;
const MOST_MS = 10 * 366 * 86_400_000;

/** Milliseconds since 1970; `range` where it moves with the clock. */
export interface Span {
  range: Range | null;
  from: number;
  to: number;
}

/** The window that a query names; one that makes no sense is the default. */
export function spanOf(query: URLSearchParams, now: number): Span {
  const from = Date.parse(query.get("from") ?? "");
  const to = Date.parse(query.get("to") ?? "");
  if (from < to) return { range: null, from, to };
  const name = query.get("range") as Range;
  const range = name in RANGES ? name : DEFAULT;
  return lastOf(range, now);
}

/** The window from an instant to another, milliseconds, as the URL holds it. */
export function windowOf(from: number, to: number): Span {
  const half = Math.min(MOST_MS, Math.max(LEAST_MS, to - from)) / 2;
  const middle = (from + to) / 2;
  return { range: null, from: Math.round(middle - half), to: Math.round(middle + half) };
}

/** Put a window into the URL; Back returns to the one before unless `replace`. */
export function show(from: number, to: number, replace = false): void {
  const wanted = windowOf(from, to);
  const text = (ms: number): string => new Date(ms).toISOString();
  change({ from: text(wanted.from), to: text(wanted.to), range: "" }, replace);
}

export function showRange(range: Range): void {
  change({ from: "", to: "", range });
}

/** Twice as long around the same middle; what follows the clock takes the next range. */
export function zoomOut(span: Span): void {
  const next = outOf(span);
  if (next.range) showRange(next.range);
  else show(next.from, next.to);
}

export function zoomIn(span: Span, around = (span.from + span.to) / 2): void {
  show(around - (around - span.from) / 2, around + (span.to - around) / 2);
}

/** Where one step leads: zoom out, zoom in, and the next shorter range of those that do not follow each reading. */
export function neighbours(span: Span): Span[] {
  const quarter = (span.to - span.from) / 4;
  const into = { range: null, from: Math.round(span.from + quarter), to: Math.round(span.to - quarter) };
  const shorter = span.range && RANGE_NAMES[RANGE_NAMES.indexOf(span.range) - 1];
  const found = [outOf(span)];
  if (into.to - into.from >= LEAST_MS) found.push(into);
  if (shorter && !LIVE.has(shorter)) found.push(lastOf(shorter, span.to));
  return found;
}

/** A range that ends at an instant, milliseconds. */
export const lastOf = (range: Range, to: number): Span => ({ range, from: to - RANGES[range] * 1000, to });

function outOf({ range, from, to }: Span): Span {
  const next = range && RANGE_NAMES[RANGE_NAMES.indexOf(range) + 1];
  if (next) return lastOf(next, to);
  const half = (to - from) / 2;
  return { range: null, from: Math.round(from - half), to: Math.round(to + half) };
}
