// Choosing the window, and what it is at the moment.
import type { JSX } from "preact";
import type { Signal } from "@preact/signals";
import { instants } from "../format";
import { Button } from "../ui/parts";
import { words } from "../words";
import { resting } from "./rest";
import { LIVE, RANGE_NAMES, type Range, type Span, lastOf, showRange, zoomOut } from "./span";

interface Props {
  span: Span;
  at: Signal<number | null>;
  /** What a point of the charts is. */
  label: string;
  /** A window that may be wanted in a moment: the pointer or the keyboard stands on its button. */
  ahead: (span: Span) => void;
}

export function Toolbar({ span, at, label, ahead }: Props): JSX.Element {
  const { server, live } = words.value;
  return (
    <div class="toolbar">
      <div class="ranges" role="group" aria-label={server.range}>
        {RANGE_NAMES.map((range) => (
          <button key={range} type="button" class={LIVE.has(range) ? "live" : ""} aria-pressed={span.range === range} {...glanced(range, ahead)} onClick={() => showRange(range)}>
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

type Handlers = Pick<JSX.IntrinsicElements["button"], "onPointerEnter" | "onPointerLeave" | "onFocus" | "onBlur">;
const rest = resting();

/** Look ahead once the pointer rests. A range that follows each reading is asked for by its instants: nothing older will do. */
function glanced(range: Range, ahead: Props["ahead"]): Handlers {
  if (LIVE.has(range)) return {};
  const come = (): void => rest.come(() => ahead(lastOf(range, Date.now())));
  return { onPointerEnter: come, onPointerLeave: rest.leave, onFocus: come, onBlur: rest.leave };
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
