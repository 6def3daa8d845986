// How the axes are written: instants in the chosen zone, numbers in the chosen language.
import uPlot from "uplot";
import { instants, tick } from "../format";
import { zone } from "../settings";

export const AXIS_FONT = "11px Inter, system-ui, sans-serif";
const DAY = 86_400;
/** Where the plot begins: the same in every panel, or their instants would not stand below each other. */
export const GUTTER = 52;

/** Dates of the chosen zone, so that midnight is its own midnight. */
export function tzDate(seconds: number): Date {
  return uPlot.tzDate(new Date(seconds * 1000), zone.value === "UTC" ? "Etc/UTC" : zone.value);
}

/** Labels of the x axis; the day stands below the first and wherever it changes. */
export function timeLabels(splits: readonly number[], step: number): string[] {
  let day = "";
  return splits.map((seconds) => {
    const ms = seconds * 1000;
    if (step >= 27 * DAY) return instants.month(ms);
    if (step >= DAY) return instants.day(ms);
    const text = step < 60 ? instants.second(ms) : instants.minute(ms);
    const today = instants.day(ms);
    const label = today === day || step < 600 ? text : `${text}\n${today}`;
    day = today;
    return label;
  });
}

export function numberLabels(splits: readonly number[]): string[] {
  return splits.map(tick);
}

/** A range with some air, also for values that never change. */
export function airy(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const air = (high - low) * 0.08 || Math.abs(high) * 0.02 || 0.5;
  return [low - air, high + air];
}
