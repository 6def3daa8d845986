// What a rule adds to a plot: its levels as dashed lines, the times when it fired as shaded stretches.
import type uPlot from "uplot";
import { look } from "./colours";

/** Levels in the quantity's unit; areas from and to, seconds. */
export interface Marks {
  levels: readonly number[];
  areas: readonly (readonly [number, number])[];
}

/** A level that no reading reaches is seen all the same. */
export function withLevels(low: number | null, high: number | null, marks?: Marks): [number | null, number | null] {
  if (low === null || high === null || !marks) return [low, high];
  return [Math.min(low, ...marks.levels), Math.max(high, ...marks.levels)];
}

export function drawAreas({ ctx: pen, bbox, valToPos }: uPlot, marks?: Marks): void {
  if (!marks) return;
  pen.save();
  pen.fillStyle = look("--bad-ground");
  for (const [from, to] of marks.areas) {
    const left = Math.max(bbox.left, valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, valToPos(to, "x", true));
    // What lasted a moment is seen in a year, too.
    if (right >= bbox.left && left <= bbox.left + bbox.width) pen.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height);
  }
  pen.restore();
}

export function drawLevels({ ctx: pen, bbox, valToPos }: uPlot, marks?: Marks): void {
  if (!marks) return;
  pen.save();
  pen.strokeStyle = look("--bad");
  pen.lineWidth = devicePixelRatio;
  pen.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const level of marks.levels) {
    const y = Math.round(valToPos(level, "y", true)) + 0.5;
    pen.beginPath();
    pen.moveTo(bbox.left, y);
    pen.lineTo(bbox.left + bbox.width, y);
    pen.stroke();
  }
  pen.restore();
}
