// One condition of a rule while it is being written, and as the API knows it.
import type { AllCondition, Band, Judged } from "../api/schema";
import { language, zone } from "../settings";

export type Simple = AllCondition["conditions"][number];
export type Condition = Judged["condition"];
export const KINDS = ["threshold", "rate", "deviation", "offline", "nodata"] as const;
export const SIDES = ["above", "below", "outside", "inside"] as const;
export const TIMES = ["second", "minute", "hour", "day"] as const;
export type Side = (typeof SIDES)[number];

/** Numbers as they were typed; of each kind some fields are shown. */
export interface Part {
  /** Tells parts apart while some come and go. */
  id: number;
  kind: (typeof KINDS)[number];
  quantity: string;
  side: Side;
  level: string;
  low: string;
  high: string;
  hysteresis: string;
  hold: string;
  /** After so long without a reading nothing is known. */
  unknown: string;
  per: (typeof TIMES)[number];
  window: string;
  days: string;
  zone: string;
  /** So long without a reading is `nodata`. */
  silence: string;
}

type Levels = Partial<Record<"above" | "below", number> & Record<"outside" | "inside", Band>>;

let made = 0;

export function newPart(quantity = "temperature"): Part {
  made += 1;
  const times = { hold: "60", unknown: "3600", window: "300", days: "14", silence: "300" };
  const levels = { level: "", low: "", high: "", hysteresis: "" };
  return { id: made, kind: "threshold", quantity, side: "above", per: "minute", zone: zone.peek(), ...levels, ...times };
}

export const hasLevels = ({ kind }: Pick<Part, "kind">): boolean => kind !== "offline" && kind !== "nodata";

/** A number as people type it, with a comma or a point; null: none. */
export function numberOf(text: string): number | null {
  const number = Number(text.trim().replace(",", "."));
  return text.trim() === "" || Number.isNaN(number) ? null : number;
}

/** The other way about, with the comma of the reader's language. */
function typed(number: number | null | undefined): string {
  if (number === null || number === undefined) return "";
  return language.peek() === "pt-BR" ? String(number).replace(".", ",") : String(number);
}

/** What the API is told; null while a number is missing. */
export function simpleOf(part: Part): Simple | null {
  const { kind, quantity, per, zone: ofHours } = part;
  const seconds = (text: string, otherwise: number): number => numberOf(text) ?? otherwise;
  if (kind === "offline") return { kind, hold_seconds: seconds(part.hold, 0) };
  if (kind === "nodata") return { kind, quantity, for_seconds: seconds(part.silence, 300) };
  const levels = levelsOf(part);
  if (levels === null) return null;
  const waits = { hysteresis: numberOf(part.hysteresis) ?? 0, hold_seconds: seconds(part.hold, 0), no_data_seconds: seconds(part.unknown, 3600) };
  if (kind === "rate") return { kind, quantity, ...levels, ...waits, per, window_seconds: seconds(part.window, 300) };
  if (kind === "deviation") return { kind, quantity, ...levels, ...waits, days: seconds(part.days, 14), zone: ofHours };
  return { kind, quantity, ...levels, ...waits };
}

function levelsOf({ side, level, low, high }: Part): Levels | null {
  if (side === "above" || side === "below") {
    const number = numberOf(level);
    return number === null ? null : { [side]: number };
  }
  const [from, to] = [numberOf(low), numberOf(high)];
  return from === null || to === null ? null : { [side]: { low: from, high: to } };
}

/** A stored condition as it would have been typed. */
export function partOf(condition: Simple): Part {
  const part = newPart();
  if (condition.kind === "offline") return { ...part, kind: "offline", hold: String(condition.hold_seconds ?? 0) };
  if (condition.kind === "nodata") return { ...part, kind: "nodata", quantity: condition.quantity, silence: String(condition.for_seconds ?? part.silence) };
  const { kind, quantity, hysteresis, hold_seconds: hold = 0, no_data_seconds: unknown = part.unknown } = condition;
  const read = { ...part, kind, quantity, hysteresis: hysteresis ? typed(hysteresis) : "", hold: String(hold), unknown: String(unknown), ...typedLevels(condition) };
  if (condition.kind === "rate") return { ...read, per: condition.per ?? part.per, window: String(condition.window_seconds ?? part.window) };
  if (condition.kind === "deviation") return { ...read, days: String(condition.days ?? part.days), zone: condition.zone ?? "UTC" };
  return read;
}

/** The levels of a condition, such as a suggested one. */
export function typedLevels(condition: Condition): Partial<Part> {
  if (!("above" in condition || "below" in condition || "outside" in condition || "inside" in condition)) return {};
  const { above, below, outside, inside } = condition;
  const band = outside ?? inside;
  if (band) return { side: outside ? "outside" : "inside", low: typed(band.low), high: typed(band.high) };
  const isAbove = typeof above === "number";
  return { side: isAbove ? "above" : "below", level: typed(isAbove ? above : below) };
}
