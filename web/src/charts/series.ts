// Rows of GET /data as columns to draw, a quantity at a time, with what is missing between them.

export type DataRow = { timestamp: string; server_ulid?: string } & Record<string, number | string | undefined>;

/** Seconds since 1970, ascending, and values; null ends the line. `low` and `high` where the values are means. */
export interface Column {
  times: number[];
  values: (number | null)[];
  low: (number | null)[] | null;
  high: (number | null)[] | null;
  gaps: [number, number][];
}
export type Columns = Map<string, Column>;

// Three missed readings in a row are silence, one or two are jitter; below this nobody sees a gap.
const MISSED = 3.5;
const LEAST_GAP_SECONDS = 2;

/** Columns of rows; `step`: seconds between buckets, null: readings as they are. */
export function columnsOf(rows: readonly DataRow[], step: number | null): Columns {
  const found: Columns = new Map();
  // Where each key's values go: 100,000 rows have the same few keys.
  const places = new Map<string, { column: Column; kind: Kind }>();
  for (const row of rows) {
    const time = Date.parse(row.timestamp) / 1000;
    for (const key in row) {
      const value = row[key];
      if (typeof value !== "number") continue;
      let place = places.get(key);
      if (!place) {
        const [name, kind] = nameAndKind(key);
        places.set(key, (place = { column: columnFor(found, name), kind }));
      }
      const { column, kind } = place;
      if (kind === "mean") {
        column.times.push(time);
        column.values.push(value);
      } else (column[kind] ??= []).push(value);
    }
  }
  for (const [name, column] of found) found.set(name, withGaps(column, step ? step * 1.5 : null));
  return found;
}

function columnFor(columns: Columns, name: string): Column {
  let column = columns.get(name);
  if (!column) columns.set(name, (column = { times: [], values: [], low: null, high: null, gaps: [] }));
  return column;
}

type Kind = "mean" | "low" | "high";
const SUFFIXES = [
  ["_mean", "mean"],
  ["_min", "low"],
  ["_max", "high"],
] as const;

/** `temperature_max` is the highest of the temperature. */
export function nameAndKind(key: string): [string, Kind] {
  for (const [suffix, kind] of SUFFIXES) if (key.endsWith(suffix)) return [key.slice(0, -suffix.length), kind];
  return [key, "mean"];
}

/** The longest distance between two readings that is not silence. */
export function allowance(times: readonly number[]): number {
  const distances: number[] = [];
  const every = Math.max(1, Math.floor(times.length / 500));
  for (let i = every; i < times.length; i += every) distances.push(((times[i] ?? 0) - (times[i - 1] ?? 0)));
  distances.sort((a, b) => a - b);
  return Math.max(LEAST_GAP_SECONDS, (distances[Math.floor(distances.length / 2)] ?? 0) * MISSED);
}

function withGaps(column: Column, allowed: number | null): Column {
  const most = allowed ?? allowance(column.times);
  if (!hasGap(column.times, most)) return column;
  const out: Column = { times: [], values: [], low: column.low && [], high: column.high && [], gaps: [] };
  column.times.forEach((time, index) => {
    const before = column.times[index - 1];
    if (before !== undefined && time - before > most) {
      out.gaps.push([before, time]);
      put(out, (before + time) / 2, null, null, null);
    }
    put(out, time, column.values[index] ?? null, column.low?.[index] ?? null, column.high?.[index] ?? null);
  });
  return out;
}

function hasGap(times: readonly number[], most: number): boolean {
  for (let i = 1; i < times.length; i += 1) if ((times[i] ?? 0) - (times[i - 1] ?? 0) > most) return true;
  return false;
}

function put(column: Column, time: number, value: number | null, low: number | null, high: number | null): void {
  column.times.push(time);
  column.values.push(value);
  column.low?.push(low);
  column.high?.push(high);
}

/** Add a live reading; one that is no later than the last changes nothing. */
export function append(columns: Columns, time: number, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "number") continue;
    const column = columnFor(columns, name);
    const before = column.times.at(-1);
    if (before !== undefined && time <= before) continue;
    if (before !== undefined && time - before > allowance(column.times.slice(-50))) {
      column.gaps.push([before, time]);
      put(column, (before + time) / 2, null, null, null);
    }
    put(column, time, value, value, value);
  }
}

/** Forget what is older than `from`, now and then, so that a chart that runs for days stays small. */
export function trim(columns: Columns, from: number): void {
  for (const column of columns.values()) {
    const first = column.times.findIndex((time) => time >= from);
    if (first < 500) continue;
    column.times.splice(0, first);
    column.values.splice(0, first);
    column.low?.splice(0, first);
    column.high?.splice(0, first);
    column.gaps = column.gaps.filter(([, end]) => end >= from);
  }
}

export interface Statistics {
  min: number;
  mean: number;
  max: number;
}

/** Over what lies in [from, to] seconds; null when nothing does. */
export function statistics(column: Column, from: number, to: number): Statistics | null {
  const { times, values, low, high } = column;
  let [min, max, sum, n] = [Infinity, -Infinity, 0, 0];
  for (let index = 0; index < times.length; index += 1) {
    const time = times[index] ?? 0;
    const value = values[index];
    if (value === null || value === undefined || time < from || time > to) continue;
    min = Math.min(min, low?.[index] ?? value);
    max = Math.max(max, high?.[index] ?? value);
    sum += value;
    n += 1;
  }
  return n > 0 ? { min, max, mean: sum / n } : null;
}
