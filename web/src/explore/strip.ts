// What the overview computes: which time it shows, its lines, and where a dragged window ends up.
import type { Column } from "../charts/series";
import type { Span } from "../charts/span";

/** So much longer than the window is the strip when it is laid out anew. */
const TIMES = 6;
/** Of the strip's length the window takes at least and at most so much, or the strip is laid out anew: 24 px on a phone. */
const LEAST = 0.07;
const MOST = 0.6;
const LEAST_MS = 1000;
const DAY_MS = 86_400_000;
/** How long a strip may be: six minutes to three years. */
const LENGTHS = [DAY_MS / 240, DAY_MS / 24, DAY_MS / 4, DAY_MS, 3 * DAY_MS, 10 * DAY_MS, 30 * DAY_MS, 91 * DAY_MS, 365 * DAY_MS, 1096 * DAY_MS];

/** The time around a window: not beyond now, unless the window is. */
export function around({ from, to }: Span, now: number): Span {
  const wanted = (to - from) * TIMES;
  const length = LENGTHS.find((one) => one >= wanted) ?? Math.max((to - from) * 2, LENGTHS.at(-1) ?? 0);
  const end = Math.max(to, Math.min(now, (from + to) / 2 + length / 2));
  return { range: null, from: end - Math.max(length, to - from), to: end };
}

export function staysIn({ from, to }: Span, frame: Span): boolean {
  const share = (to - from) / (frame.to - frame.from);
  // A window that follows the clock passes the strip's end by a little before it is laid out anew.
  const slack = (frame.to - frame.from) / 100;
  return from >= frame.from - slack && to <= frame.to + slack && share >= LEAST && share <= MOST;
}

/** The lowest and the highest of all lines. */
export function spread(columns: readonly (Column | null)[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const column of columns) {
    for (const value of column?.values ?? []) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

/** An SVG path, broken at gaps. */
export function pathOf({ times, values }: Column, frame: Span, [low, high]: readonly [number, number], width: number, height: number): string {
  const x = (seconds: number): string => (((seconds * 1000 - frame.from) / (frame.to - frame.from)) * width).toFixed(1);
  const y = (value: number): string => (height - 3 - ((value - low) / (high - low || 1)) * (height - 6)).toFixed(1);
  let isDown = false;
  const pieces = times.map((time, index) => {
    const value = values[index];
    const letter = isDown ? "L" : "M";
    isDown = value !== null && value !== undefined;
    return isDown ? `${letter}${x(time)} ${y(value as number)}` : "";
  });
  return pieces.join("");
}

/** The window after a grip was moved by so many milliseconds; it stays within the strip. */
export function moved({ from, to }: Span, grip: "from" | "to" | "both", by: number, frame: Span): Span {
  if (grip === "from") return { range: null, from: Math.min(Math.max(frame.from, from + by), to - LEAST_MS), to };
  if (grip === "to") return { range: null, from, to: Math.max(Math.min(frame.to, to + by), from + LEAST_MS) };
  const step = Math.max(frame.from - from, Math.min(frame.to - to, by));
  return { range: null, from: from + step, to: to + step };
}
