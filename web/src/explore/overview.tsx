// A strip with more time than the charts show; the brush over it is their window, to drag, to widen, to move by key.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { type ReadonlySignal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useLatest, useResource } from "../api/resource";
import { SECONDS, load, stepFor } from "../charts/load";
import { type Column, columnsOf } from "../charts/series";
import { type Span, show } from "../charts/span";
import { instants } from "../format";
import { words } from "../words";
import { hueOf } from "./compare";
import { around, moved, pathOf, spread, staysIn } from "./strip";

const WIDTH = 1000;
const HEIGHT = 44;
// Half a point a pixel: the strip shows where something is, not what.
const POINTS = 300;
/** What an arrow key moves, as a share of the strip. */
const KEY_STEP = 0.02;

type Grip = "from" | "to" | "both";

interface Props {
  servers: readonly string[];
  quantity: string;
  span: ReadonlySignal<Span>;
}

export function Overview({ servers, quantity, span }: Props): JSX.Element {
  const frame = useSignal(around(span.peek(), Date.now()));
  useSignalEffect(() => {
    if (!staysIn(span.value, frame.peek())) frame.value = around(span.value, Date.now());
  });
  const found = useResource(async (signal) => {
    const step = stepFor(frame.value, POINTS) ?? "10s";
    const ask = (ulid: string) => load({ servers: [ulid], span: frame.value, quantities: [quantity], functions: ["mean"], step }, signal);
    const rows = await Promise.all(servers.map(ask));
    return rows.map((one) => columnsOf(one, SECONDS[step]).get(quantity) ?? null);
  });
  return (
    <div class="overview">
      <Lines found={useLatest(found)} frame={frame} />
      <Brush span={span} frame={frame} />
      <span class="ends">
        <span>{edge(frame.value, frame.value.from)}</span>
        <span>{edge(frame.value, frame.value.to)}</span>
      </span>
    </div>
  );
}

function edge({ from, to }: Span, ms: number): string {
  const days = (to - from) / 86_400_000;
  if (days > 300) return instants.month(ms);
  return days > 3 ? instants.day(ms) : `${instants.day(ms)}, ${instants.minute(ms)}`;
}

function Lines({ found, frame }: { found: { readonly value: (Column | null)[] | undefined }; frame: ReadonlySignal<Span> }): JSX.Element {
  const columns = found.value ?? [];
  const range = spread(columns);
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {columns.map((column, place) => (
        <path key={place} style={{ "--hue": `var(${hueOf(place)})` }} d={column ? pathOf(column, frame.value, range, WIDTH, HEIGHT) : ""} />
      ))}
    </svg>
  );
}

function Brush({ span, frame }: { span: ReadonlySignal<Span>; frame: ReadonlySignal<Span> }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  // While it is dragged the charts stay: they follow when it is let go.
  const draft = useSignal<Span | null>(null);
  const shown = useComputed(() => draft.value ?? span.value);
  const length = (): number => frame.value.to - frame.value.from;
  const percent = (ms: number): number => Math.min(100, Math.max(0, ((ms - frame.value.from) / length()) * 100));
  const drag = (event: PointerEvent, grip: Grip): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    const [began, width] = [event.clientX, host.current?.clientWidth ?? 1];
    const before = shown.peek();
    const onMove = (move: PointerEvent): void => {
      draft.value = moved(before, grip, ((move.clientX - began) / width) * length(), frame.peek());
    };
    const onUp = (): void => {
      document.removeEventListener("pointermove", onMove);
      if (draft.value) show(draft.value.from, draft.value.to);
      draft.value = null;
    };
    document.addEventListener("pointermove", onMove);
    document.addEventListener("pointerup", onUp, { once: true });
  };
  const jump = (event: PointerEvent): void => {
    const box = host.current?.getBoundingClientRect();
    if (!box || event.button !== 0) return;
    const middle = frame.value.from + ((event.clientX - box.left) / box.width) * length();
    const half = (span.value.to - span.value.from) / 2;
    show(middle - half, middle + half);
  };
  const onKey = (event: KeyboardEvent, grip: Grip): void => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const next = moved(span.value, grip, way * KEY_STEP * length(), frame.value);
    show(next.from, next.to, true);
  };
  const { from, to } = shown.value;
  const gripAt = (grip: Grip, at: number): JSX.IntrinsicElements["div"] => ({
    role: "slider",
    tabIndex: 0,
    "aria-label": words.value.explore.brush[grip],
    "aria-valuemin": 0,
    "aria-valuemax": 100,
    "aria-valuenow": Math.round(percent(at)),
    "aria-valuetext": grip === "both" ? `${instants.full(from)} – ${instants.full(to)}` : instants.full(at),
    onPointerDown: (event) => drag(event, grip),
    onKeyDown: (event) => onKey(event, grip),
  });
  return (
    <div ref={host} class="brush" onPointerDown={jump}>
      <i style={{ left: 0, right: `${100 - percent(from)}%` }} />
      <i style={{ left: `${percent(to)}%`, right: 0 }} />
      <div class="window" style={{ left: `${percent(from)}%`, right: `${100 - percent(to)}%` }}>
        <div class="body" {...gripAt("both", (from + to) / 2)} />
        <div class="grip start" {...gripAt("from", from)} />
        <div class="grip end" {...gripAt("to", to)} />
      </div>
    </div>
  );
}
