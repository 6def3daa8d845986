// What the API says is wrong with a rule, each at its field.
import { Problem } from "../api/client";

export interface Faults {
  /** What is wrong, by the name of its field. */
  at: ReadonlyMap<string, string>;
  /** What belongs to no field: the error itself. */
  rest: unknown;
}

const NONE: Faults = { at: new Map(), rest: null };
const CONFLICT = 409;
// Which kind of condition was read as: the API's path names it, the form's does not.
const TAGS = new Set<string | number>(["threshold", "rate", "deviation", "offline", "nodata", "all", "any", "body", "rule"]);
const OF_PARTS: Record<string, string> = {
  above: "level",
  below: "level",
  outside: "low",
  inside: "low",
  low: "low",
  high: "high",
  hysteresis: "hysteresis",
  hold_seconds: "hold",
  no_data_seconds: "unknown",
  for_seconds: "silence",
  window_seconds: "window",
  quantity: "quantity",
  per: "per",
  days: "days",
  zone: "zone",
};
const OF_RULES: Record<string, string> = { name: "name", severity: "severity", reopen_seconds: "reopen", server_ulids: "servers", channel_ids: "channels" };

/** The field that a path of the API means, such as `parts.0.level`; null: none of the form's. */
export function placeOf(loc: readonly (string | number)[]): string | null {
  const [first, ...rest] = loc.filter((step) => !TAGS.has(step));
  if (first === "condition") {
    const index = rest.find((step) => typeof step === "number") ?? 0;
    const field = rest.map((step) => OF_PARTS[step]).findLast(Boolean);
    return `parts.${index}${field ? `.${field}` : ""}`;
  }
  if (first === "schedule") return `hours.${typeof rest[0] === "string" ? rest[0] : "end"}`;
  if (first === "tag") return rest[0] === "value" ? "tagValue" : "tagName";
  return OF_RULES[first ?? ""] ?? null;
}

export function faultsOf(error: unknown): Faults {
  if (!error) return NONE;
  if (!(error instanceof Problem)) return { at: NONE.at, rest: error };
  // A name that another rule has.
  if (error.status === CONFLICT) return { at: new Map([["name", error.message]]), rest: null };
  const at = new Map<string, string>();
  const others = error.fields.filter(({ loc, msg }) => {
    const place = placeOf(loc);
    if (place && !at.has(place)) at.set(place, msg);
    return place === null;
  });
  const isSaid = error.fields.length > 0 && others.length === 0;
  return { at, rest: isSaid ? null : error };
}
