// A rule while it is being written, and what the API is told of it.
import type { Judged, RuleCreate, RuleRead, Schedule } from "../api/schema";
import { zone } from "../settings";
import { type Condition, type Part, type Simple, newPart, numberOf, partOf, simpleOf, typedLevels } from "./condition";

export const SEVERITIES = ["info", "warning", "critical"] as const;
// The API takes no more.
export const MOST_PARTS = 8;

/** When it matters; `end` 24:00 is midnight. */
export type Hours = Required<Schedule>;

export interface Draft {
  name: string;
  severity: (typeof SEVERITIES)[number];
  parts: readonly Part[];
  /** Whether all parts must hold, or any. */
  every: boolean;
  /** None: all of the workspace's. */
  servers: readonly string[];
  tagName: string;
  tagValue: string;
  /** null: always. */
  hours: Hours | null;
  channels: readonly string[];
  reopen: string;
}

export function newDraft(server: string): Draft {
  const scope = { servers: server ? [server] : [], tagName: "", tagValue: "" };
  return { name: "", severity: "warning", parts: [newPart()], every: true, ...scope, hours: null, channels: [], reopen: "300" };
}

export const usualHours = (): Hours => ({ zone: zone.peek(), weekdays: ["mon", "tue", "wed", "thu", "fri"], start: "08:00", end: "18:00" });

/** A stored rule as it would have been typed. */
export function draftOf({ condition, schedule, tag, ...rule }: RuleRead): Draft {
  const parts = "conditions" in condition ? condition.conditions : [condition];
  return {
    name: rule.name,
    severity: rule.severity,
    parts: parts.map(partOf),
    every: condition.kind !== "any",
    servers: rule.server_ulids ?? [],
    tagName: tag?.name ?? "",
    tagValue: tag?.value ?? "",
    hours: schedule && { ...usualHours(), ...schedule },
    channels: rule.channel_ids,
    reopen: String(rule.reopen_seconds),
  };
}

/** The whole condition; null while a number is missing. */
export function conditionOf({ parts, every }: Draft): Condition | null {
  const written = parts.map(simpleOf);
  const whole = written.filter((one): one is Simple => one !== null);
  const [only] = whole;
  if (whole.length < written.length || !only) return null;
  return whole.length === 1 ? only : { kind: every ? "all" : "any", conditions: whole };
}

/** What is looked at, where and when: what a backtest is asked about; null while a number is missing. */
export function judgedOf(draft: Draft): Judged | null {
  const condition = conditionOf(draft);
  const { servers, tagName, tagValue, hours } = draft;
  const tag = tagName || tagValue ? { name: tagName, value: tagValue } : null;
  return condition && { condition, schedule: hours, server_ulids: servers.length > 0 ? [...servers] : null, tag };
}

/** The whole rule; null while something is missing. */
export function ruleOf(draft: Draft): RuleCreate | null {
  const judged = judgedOf(draft);
  const { name, severity, channels, reopen } = draft;
  return judged && { ...judged, name, severity, channel_ids: [...channels], reopen_seconds: numberOf(reopen) ?? 300 };
}

/** The draft with the levels of a condition. */
export function withLevels(draft: Draft, condition: Condition): Draft {
  return withPart(draft, 0, typedLevels(condition));
}

export function withPart(draft: Draft, index: number, changed: Partial<Part>): Draft {
  return { ...draft, parts: draft.parts.map((part, place) => (place === index ? { ...part, ...changed } : part)) };
}
