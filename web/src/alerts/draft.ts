// A rule while it is being written, and what the API is told of it.
import type { Band, Condition } from "./wording";

export const KINDS = ["above", "below", "outside", "offline", "nodata"] as const;
export type Kind = (typeof KINDS)[number];
export const SEVERITIES = ["info", "warning", "critical"] as const;

/** Numbers as they were typed. */
export interface Draft {
  name: string;
  kind: Kind;
  quantity: string;
  level: string;
  low: string;
  high: string;
  hysteresis: string;
  hold: string;
  server: string;
  severity: (typeof SEVERITIES)[number];
}

export const EMPTY: Draft = {
  name: "",
  kind: "above",
  quantity: "temperature",
  level: "",
  low: "",
  high: "",
  hysteresis: "",
  hold: "60",
  server: "",
  severity: "warning",
};

/** A number as people type it, with a comma or a point; null: none. */
export function numberOf(text: string): number | null {
  const number = Number(text.trim().replace(",", "."));
  return text.trim() === "" || Number.isNaN(number) ? null : number;
}

/** The condition, or null while something is missing. */
export function conditionOf(draft: Draft): Condition | null {
  const hold = numberOf(draft.hold) ?? 0;
  if (draft.kind === "offline") return { kind: "offline", hold_seconds: hold };
  if (draft.kind === "nodata") return hold >= 1 ? { kind: "nodata", quantity: draft.quantity, for_seconds: hold } : null;
  const level = levelOf(draft);
  if (level === null) return null;
  const hysteresis = numberOf(draft.hysteresis) ?? 0;
  return { kind: "threshold", quantity: draft.quantity, ...level, hold_seconds: hold, ...(hysteresis > 0 ? { hysteresis } : {}) } as Condition;
}

function levelOf({ kind, level, low, high }: Draft): Pick<Condition, "above" | "below" | "outside"> | null {
  if (kind === "outside") {
    const band: Partial<Band> = { ...known("low", low), ...known("high", high) };
    return band.low !== undefined && band.high !== undefined && band.low < band.high ? { outside: band as Band } : null;
  }
  const number = numberOf(level);
  return number === null ? null : { [kind]: number };
}

function known(name: "low" | "high", text: string): Partial<Band> {
  const number = numberOf(text);
  return number === null ? {} : { [name]: number };
}

/** The draft with the levels of a condition, such as a suggested one. */
export function withLevels(draft: Draft, { above, below, outside }: Condition): Draft {
  const text = (number: number): string => String(number);
  if (outside) return { ...draft, kind: "outside", low: text(outside.low), high: text(outside.high) };
  if (typeof above === "number") return { ...draft, kind: "above", level: text(above) };
  return typeof below === "number" ? { ...draft, kind: "below", level: text(below) } : draft;
}

/** Which part of a rule is looked at, where: what a backtest is asked about. */
export function judgedOf(draft: Draft, condition: Condition): { condition: Condition; server_ulids: string[] | null } {
  return { condition, server_ulids: draft.server ? [draft.server] : null };
}
