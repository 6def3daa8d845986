// Conditions, schedules and lengths of time in words.
import type { Schedule } from "../api/schema";
import { tick, value } from "../format";
import { unit } from "../ui/hue";
import { language } from "../settings";
import { quantityName, words } from "../words";

export interface Band {
  low: number;
  high: number;
}

/** A condition as rules and traces hold it; of each kind some fields are there. */
export interface Condition {
  kind: string;
  quantity?: string;
  above?: number | null;
  below?: number | null;
  outside?: Band | null;
  inside?: Band | null;
  hold_seconds?: number;
  for_seconds?: number;
  per?: "second" | "minute" | "hour" | "day";
  conditions?: readonly Condition[];
}

type Judged = Pick<Condition, "kind" | "quantity" | "per">;

/** Such as "Humidity above 60 % for 1 min". */
export function conditionText(condition: Condition): string {
  const text = plain(condition);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function plain(condition: Condition): string {
  const { alerts } = words.value;
  const { kind, quantity = "", conditions } = condition;
  if (conditions) return conditions.map(plain).join(kind === "any" ? alerts.or : alerts.and);
  const held = condition.hold_seconds ?? condition.for_seconds ?? 0;
  const pieces = [subject(kind, quantity), levels(condition), held > 0 ? alerts.forSeconds(lengthText(held)) : ""];
  return pieces.filter(Boolean).join(" ");
}

function subject(kind: string, quantity: string): string {
  const { alerts } = words.value;
  if (kind === "offline") return alerts.isOffline;
  const name = quantityName(quantity).toLowerCase();
  if (kind === "nodata") return alerts.isSilent(name);
  if (kind === "rate") return alerts.rate(name);
  return kind === "deviation" ? alerts.deviation(name) : name;
}

function levels(condition: Condition): string {
  const { alerts } = words.value;
  const { above, below, outside, inside } = condition;
  if (typeof above === "number") return alerts.above(judged(condition, above));
  if (typeof below === "number") return alerts.below(judged(condition, below));
  const band = outside ?? inside;
  if (!band) return "";
  return (outside ? alerts.outside : alerts.inside)(bare(condition, band.low), judged(condition, band.high));
}

/** What is held against the levels: a value, its change in a time, or how unusual it is. */
export const judged = (condition: Judged, number: number): string => `${bare(condition, number)} ${unitOf(condition)}`.trim();

const bare = ({ kind, quantity = "" }: Judged, number: number): string =>
  kind === "rate" || kind === "deviation" ? tick(number) : value(quantity, number);

/** The unit of a condition's levels. */
export function unitOf({ kind, quantity = "", per = "minute" }: Judged): string {
  if (kind === "deviation") return "σ";
  return kind === "rate" ? `${unit(quantity)} ${words.value.alerts.a[per]}`.trim() : unit(quantity);
}

/** Such as "Mon, Tue 08:00–18:00, America/Sao Paulo"; a week's every day has no name. */
export function scheduleText({ weekdays = [], start = "00:00", end = "24:00", zone = "UTC" }: Schedule): string {
  const names = weekdayNames();
  const days = weekdays.length === WEEKDAYS.length ? [] : WEEKDAYS.flatMap((day, index) => (weekdays.includes(day) ? (names[index] ?? []) : []));
  return `${days.join(", ")} ${start}–${end}, ${zone.replaceAll("_", " ")}`.trim();
}

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** Short names of the week's days, from Monday. */
export function weekdayNames(): string[] {
  const names = new Intl.DateTimeFormat(language.value, { weekday: "short", timeZone: "UTC" });
  // 2024 began on a Monday.
  return WEEKDAYS.map((_, index) => names.format(Date.UTC(2024, 0, 1 + index)));
}

const STEPS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** Such as "2 hr 5 min": the two largest units. */
export function lengthText(seconds: number): string {
  const pieces: string[] = [];
  let rest = Math.round(seconds);
  for (const [unitName, size] of STEPS) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole === 0 && !(pieces.length === 0 && unitName === "second")) continue;
    if (pieces.length === 2) break;
    pieces.push(new Intl.NumberFormat(language.value, { style: "unit", unit: unitName, unitDisplay: "short" }).format(whole));
  }
  return pieces.join(" ");
}

