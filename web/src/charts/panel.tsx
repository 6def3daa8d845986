// One quantity: its name, the big number, min, mean and max, and its chart.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type uPlot from "uplot";
import { instants, value } from "../format";
import { isDark, language, zone } from "../settings";
import { hue, hueStyle, unit } from "../ui/hue";
import { quantityName, words } from "../words";
import { colours } from "./colours";
import { type Line, dataOf, fit, lookOf, makePlot, moveTo } from "./plot";
import { type Columns, statistics } from "./series";
import { resting } from "./rest";
import { type Span, show, windowOf, zoomIn, zoomOut } from "./span";

const HEIGHT = 128;
const LABELS = 30;
const rest = resting();

export interface PanelProps {
  quantity: string;
  columns: Signal<Columns>;
  /** Counts up when the columns have grown in place. */
  grown: Signal<number>;
  span: { readonly value: Span };
  /** Where the cursor stands, seconds; null: nowhere. Shared by all panels. */
  at: Signal<number | null>;
  spoken: Signal<string>;
  /** A window that may be wanted in a moment. */
  ahead: (span: Span) => void;
  isLast: boolean;
}

export function Panel(props: PanelProps): JSX.Element {
  const { quantity, columns, grown, span, at, isLast, ahead } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<{ made: uPlot; line: Line } | null>(null);
  const hovered = useSignal<number | null>(null);

  // Made anew when its look changes; otherwise only fed.
  const look = useComputed(() => {
    const column = columns.value.get(quantity);
    return column ? lookOf(column) : null;
  });
  useSignalEffect(() => {
    void [isDark.value, language.value, zone.value];
    const column = columns.peek().get(quantity);
    if (look.value === null || !host.current || !column) return undefined;
    const line: Line = { column, colours: colours(hue(quantity)) };
    const made = makePlot(
      host.current,
      [line],
      { width: host.current.clientWidth, height: HEIGHT + (isLast ? LABELS : 0), hasLabels: isLast, sync: "panels" },
      {
        zoom: (from, to) => show(from, to),
        aim: (from, to) => rest.come(() => ahead(windowOf(from, to))),
        pan: (by) => show(span.value.from + by, span.value.to + by),
        hover: (index) => {
          hovered.value = index;
          if (made.cursor.event) at.value = index === null ? null : (line.column.times[index] ?? null);
        },
      },
    );
    plot.current = { made, line };
    const stop = fit(made, host.current);
    untracked(() => moveTo(made, span.value));
    return () => {
      stop();
      plot.current = null;
      made.destroy();
    };
  });
  useSignalEffect(() => {
    void grown.value;
    const column = columns.value.get(quantity);
    if (!plot.current || !column) return;
    const { made, line } = plot.current;
    line.column = column;
    made.setData(dataOf([line]), false);
    const { from, to } = untracked(() => span.value);
    made.setScale("x", { min: from / 1000, max: to / 1000 });
  });
  // Until the window's own readings are there the former ones show in it; where they are there at once nothing is drawn twice.
  useSignalEffect(() => {
    const wanted = span.value;
    const frame = requestAnimationFrame(() => plot.current && moveTo(plot.current.made, wanted));
    return () => cancelAnimationFrame(frame);
  });
  useSignalEffect(() => {
    const made = plot.current?.made;
    if (!made || at.value === null || made.cursor.event) return;
    made.setCursor({ left: made.valToPos(at.value, "x"), top: 10 });
  });

  return (
    <div class="panel" style={hueStyle(quantity)} data-quantity={quantity}>
      <Header {...props} hovered={hovered} />
      <div ref={host} class="plot" role="group" aria-label={words.value.server.chart(quantityName(quantity))} tabIndex={0} onKeyDown={(event) => onKey(event, props)} />
    </div>
  );
}

function onKey(event: KeyboardEvent, { quantity, columns, span, at, spoken }: PanelProps): void {
  const column = columns.value.get(quantity);
  if (!column) return;
  if (event.key === "+" || event.key === "=") zoomIn(span.value, at.value === null ? undefined : at.value * 1000);
  else if (event.key === "-" || event.key === "−") zoomOut(span.value);
  else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const step = event.key === "ArrowLeft" ? -1 : 1;
    let index = at.value === null ? column.times.length : column.times.findIndex((time) => time >= (at.value ?? 0));
    do index += step;
    while (column.values[index] === null);
    const time = column.times[index];
    if (time === undefined) return;
    at.value = time;
    spoken.value = `${quantityName(quantity)} ${value(quantity, column.values[index])} ${unit(quantity)}, ${instants.full(time * 1000)}`;
  } else return;
  event.preventDefault();
}

function Header({ quantity, columns, grown, span, at, hovered }: PanelProps & { hovered: Signal<number | null> }): JSX.Element {
  const column = useComputed(() => (void grown.value, columns.value.get(quantity)));
  const stats = useComputed(() => {
    void grown.value;
    return column.value ? statistics(column.value, span.value.from / 1000, span.value.to / 1000) : null;
  });
  const shown = useComputed(() => {
    void grown.value;
    const found = column.value;
    if (!found) return null;
    const index = at.value === null ? null : hovered.value;
    return index === null ? found.values.findLast((one) => one !== null) : found.values[index];
  });
  const { server } = words.value;
  return (
    <div class="reading-head">
      <h2>
        <span class="swatch" />
        {quantityName(quantity)}
      </h2>
      <p class="big">
        <span class="big-number">{value(quantity, shown.value)}</span> <small>{unit(quantity)}</small>
      </p>
      <dl>
        {(["min", "mean", "max"] as const).map((name) => (
          <div key={name}>
            <dt>{server[name === "mean" ? "avg" : name]}</dt>
            <dd>{value(quantity, stats.value?.[name])}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

export function useWheelZoom(span: { readonly value: Span }): { readonly current: HTMLDivElement | null } {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let last = 0;
    const onWheel = (event: WheelEvent): void => {
      // Plain wheel scrolls the page.
      const box = host.current?.querySelector(".u-over")?.getBoundingClientRect();
      if (!event.ctrlKey || !box) return;
      event.preventDefault();
      const { from, to } = span.value;
      const middle = from + ((event.clientX - box.left) / box.width) * (to - from);
      const factor = event.deltaY < 0 ? 0.8 : 1.25;
      // A turn of the wheel is one step of Back.
      show(middle - (middle - from) * factor, middle + (to - middle) * factor, event.timeStamp - last < 600);
      last = event.timeStamp;
    };
    const element = host.current;
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, []);
  return host;
}
