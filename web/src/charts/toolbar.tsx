// Choosing the window, and what it is at the moment.
import type { JSX } from "preact";
import type { Signal } from "@preact/signals";
import { instants } from "../format";
import { Button } from "../ui/parts";
import { words } from "../words";
import { LIVE, RANGE_NAMES, type Span, showRange, zoomOut } from "./span";

/** `label`: what a point of the charts is. */
export function Toolbar({ span, at, label }: { span: Span; at: Signal<number | null>; label: string }): JSX.Element {
  const { server, live } = words.value;
  return (
    <div class="toolbar">
      <div class="ranges" role="group" aria-label={server.range}>
        {RANGE_NAMES.map((range) => (
          <button key={range} type="button" class={LIVE.has(range) ? "live" : ""} aria-pressed={span.range === range} onClick={() => showRange(range)}>
            {range}
          </button>
        ))}
      </div>
      <Button onClick={() => zoomOut(span)}>{server.zoomOut}</Button>
      <div class="shown">
        <Window span={span} at={at} live={live.on} />
        <span class="chip">{label}</span>
      </div>
    </div>
  );
}

function Window({ span, at, live }: { span: Span; at: Signal<number | null>; live: string }): JSX.Element {
  if (at.value !== null) return <span>{instants.full(at.value * 1000)}</span>;
  if (span.range && LIVE.has(span.range)) return <span>{live}</span>;
  return (
    <span>
      {instants.full(span.from)} – {instants.full(span.to)}
    </span>
  );
}
