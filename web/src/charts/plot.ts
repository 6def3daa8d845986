// One panel's uPlot: line, band, hatched gaps, a cursor shared with the other panels.
import uPlot from "uplot";
import { AXIS_FONT, GUTTER, airy, numberLabels, timeLabels, tzDate } from "./axes";
import { type Colours, hatching } from "./colours";
import { type Marks, drawAreas, drawLevels, withLevels } from "./marks";
import type { Column } from "./series";
import type { Span } from "./span";

export interface Line {
  column: Column;
  colours: Colours;
  dash?: number[];
}

export interface PlotEvents {
  /** A window was dragged out, milliseconds. */
  zoom: (from: number, to: number) => void;
  /** The pointer, which is dragging out a window, has come to this one. */
  aim?: (from: number, to: number) => void;
  /** The window was pushed by so many milliseconds. */
  pan: (by: number) => void;
  /** The pointer stands at this index of the first line; null: nowhere. */
  hover: (index: number | null) => void;
}

export interface PlotShape {
  width: number;
  height: number;
  hasLabels: boolean;
  sync: string;
  marks?: Marks;
}

// Narrower than this a drag is a click.
const LEAST_DRAG = 5;
// Wider strokes cost the main thread eight times as much when lines are dense.
const DENSE = 600;
// Right of the plot, and the width of a character of the axis font, pixels.
const RIGHT = 10;
const CHARACTER = 6.2;

/** x, then for each line its values, and its band where it has one. */
export function dataOf(lines: readonly Line[]): uPlot.AlignedData {
  const [only] = lines;
  if (lines.length === 1 && only) {
    const { times, values, low, high } = only.column;
    return low && high ? [times, values, low, high] : [times, values];
  }
  return uPlot.join(lines.map(({ column }) => [column.times, column.values] as uPlot.AlignedData), lines.map(() => [1, 2]));
}

export function makePlot(host: HTMLElement, lines: readonly Line[], shape: PlotShape, events: PlotEvents): uPlot {
  const [first] = lines;
  if (!first) throw new Error("a panel shows at least one line");
  const hasBand = lines.length === 1 && first.column.low !== null;
  const line = ({ colours, dash, column }: Line): uPlot.Series => ({
    stroke: colours.line,
    width: column.times.length > DENSE ? 1 : 1.5,
    ...(dash ? { dash } : {}),
    points: { show: column.times.length < 3 },
  });
  const edge: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false } };
  const options: uPlot.Options = {
    width: shape.width,
    height: shape.height,
    tzDate,
    legend: { show: false },
    padding: [10, RIGHT, 0, 0],
    cursor: cursor(shape.sync, events),
    scales: { x: { time: true }, y: { range: (_, low, high) => airy(...withLevels(low, high, shape.marks)) } },
    series: [{}, ...lines.map(line), ...(hasBand ? [edge, edge] : [])],
    ...(hasBand ? { bands: [{ series: [3, 2] as [number, number], fill: first.colours.band }] } : {}),
    axes: axes(first.colours, shape.hasLabels),
    hooks: {
      drawClear: [(plot) => drawGaps(plot, lines), (plot) => drawAreas(plot, shape.marks)],
      draw: [(plot) => drawLevels(plot, shape.marks)],
      setCursor: [(plot) => events.hover(plot.cursor.idx ?? null), (plot) => isDragging(plot) && events.aim?.(...selected(plot))],
      setSelect: [(plot) => select(plot, events)],
    },
  };
  return new uPlot(options, dataOf(lines), host);
}

/** Keep a plot as wide as its host until the returned function is called. */
export function fit(plot: uPlot, host: HTMLElement): () => void {
  const size = new ResizeObserver(([entry]) => {
    const width = Math.round(entry?.contentRect.width ?? 0);
    // The first look always comes, and setting a size draws everything anew.
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: plot.height });
  });
  size.observe(host);
  return () => size.disconnect();
}

/** Show this window; nothing is drawn where it is the one that is shown. */
export function moveTo(plot: uPlot, { from, to }: Span): void {
  const { min, max } = plot.scales["x"] ?? {};
  if (min !== from / 1000 || max !== to / 1000) plot.setScale("x", { min: from / 1000, max: to / 1000 });
}

/** What a plot is made for: one with another look is made anew, else it is fed. */
export const lookOf = ({ times, low }: Column): string => `${low !== null} ${times.length > DENSE} ${times.length < 3}`;

function axes(colours: Colours, hasLabels: boolean): uPlot.Axis[] {
  const shared = { stroke: colours.text, font: AXIS_FONT, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false } };
  return [
    {
      ...shared,
      size: hasLabels ? 38 : 6,
      space: 90,
      values: (plot, splits, __, ___, step) => (hasLabels ? whole(plot, splits, timeLabels(splits, step)) : splits.map(() => "")),
    },
    { ...shared, size: GUTTER, gap: 6, space: 28, values: (_, splits) => numberLabels(splits) },
  ];
}

/** A label that the plot's right edge would cut stays away. */
function whole(plot: uPlot, splits: readonly number[], labels: readonly string[]): string[] {
  const { min = 0, max = 1 } = plot.scales["x"] ?? {};
  const width = plot.width - GUTTER - RIGHT;
  return labels.map((label, index) => {
    const place = (((splits[index] ?? 0) - (min ?? 0)) / ((max ?? 1) - (min ?? 0))) * width;
    const half = (Math.max(...label.split("\n").map((line) => line.length)) * CHARACTER) / 2;
    return place + half > width + RIGHT ? "" : label;
  });
}

function cursor(key: string, events: PlotEvents): uPlot.Cursor {
  return {
    y: false,
    points: { size: 7, width: 0, fill: dotColour },
    sync: { key, scales: ["x", null] },
    drag: { x: true, y: false, setScale: false },
    bind: {
      dblclick: () => () => null,
      mousedown: (plot, _, handler) => (event) => {
        if (!event.shiftKey) handler(event);
        else startPan(plot, event, events);
        return null;
      },
    },
  };
}

/** The line's own colour; the edges of a band have no dots. */
function dotColour(plot: uPlot, index: number): string {
  const series = plot.series[index];
  return series?.width && typeof series.stroke === "function" ? String(series.stroke(plot, index)) : "transparent";
}

function startPan(plot: uPlot, begun: MouseEvent, events: PlotEvents): void {
  const finish = (event: MouseEvent): void => {
    const perPixel = (plot.posToVal(1, "x") - plot.posToVal(0, "x")) * 1000;
    events.pan((begun.clientX - event.clientX) * perPixel);
  };
  document.addEventListener("mouseup", finish, { once: true });
}

/** Followers of the shared cursor are told too: only the panel with the pointer acts. */
const isDragging = ({ select: { width }, cursor: { event } }: uPlot): boolean => width >= LEAST_DRAG && Boolean(event);

/** The window that is dragged out, milliseconds. */
function selected(plot: uPlot): [number, number] {
  const { left, width } = plot.select;
  return [plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000];
}

function select(plot: uPlot, events: PlotEvents): void {
  if (isDragging(plot)) events.zoom(...selected(plot));
  if (plot.select.width > 0) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function drawGaps(plot: uPlot, lines: readonly Line[]): void {
  const [only] = lines;
  if (!only || lines.length > 1) return;
  const { ctx: pen, bbox } = plot;
  const pattern = hatching(pen, only.colours.gap);
  if (!pattern) return;
  pen.save();
  pen.fillStyle = pattern;
  for (const [from, to] of only.column.gaps) {
    const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
    if (right - left > 2) pen.fillRect(left, bbox.top, right - left, bbox.height);
  }
  pen.restore();
}
