// What the page's address asks for: servers (s), quantities (q), function (f), step and window.
import { type Question, SECONDS, STEPS, type Step, stepFor } from "../charts/load";
import type { Span } from "../charts/span";

export const MAX_SERVERS = 8;
/** What a point can be; others, such as p99.9, are taken from the address. */
export const FUNCTIONS = ["mean", "min", "max", "median", "p05", "p95", "p99", "stddev", "first", "last", "count", "delta", "rate"] as const;
const FUNCTION = /^(mean|min|max|sum|count|first|last|median|stddev|delta|rate|integral|twa|coverage|p\d{1,2}(\.\d+)?)$/;
// More buckets than this say no more and take long.
const MOST_BUCKETS = 20_000;

export interface Asked {
  servers: readonly string[];
  /** Empty: all. */
  quantities: readonly string[];
  func: string;
  /** What the address says; null: what suits the window. */
  step: Step | null;
}

const list = (text: string | null): string[] => (text ?? "").split(",").filter(Boolean);

export function askedBy(query: URLSearchParams): Asked {
  const func = query.get("f") ?? "";
  const step = query.get("step") as Step;
  return {
    servers: list(query.get("s")).slice(0, MAX_SERVERS),
    quantities: list(query.get("q")),
    func: FUNCTION.test(func) ? func : "mean",
    step: STEPS.includes(step) ? step : null,
  };
}

/** The question about these servers in a window. */
export function questionOf(asked: Asked, servers: readonly string[], span: Span): Question {
  const { quantities, func } = asked;
  return { servers, span, quantities, functions: [func], step: stepIn(asked, span) };
}

/** Seconds between the points; null: every reading. A function needs a step, however short the window is. */
export function stepIn({ step, func }: Asked, span: Span): Step | null {
  const suits = stepFor(span) ?? (func === "mean" ? null : "10s");
  return step && fits(step, span) ? step : suits;
}

/** Whether a window has a sensible number of these. */
export function fits(step: Step, span: Span): boolean {
  return (span.to - span.from) / 1000 / SECONDS[step] <= MOST_BUCKETS;
}
