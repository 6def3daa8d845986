// Panels below each other over one window: one cursor through all of them, one lane that says where data is.
import type { JSX } from "preact";
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { instants } from "../format";
import { KNOWN_QUANTITIES } from "../ui/hue";
import { words } from "../words";
import { Panel, useWheelZoom } from "./panel";
import type { Columns } from "./series";
import type { Span } from "./span";

export interface PanelsProps {
  columns: Signal<Columns>;
  grown: Signal<number>;
  span: { readonly value: Span };
  at: Signal<number | null>;
  /** The window whose own readings are drawn: while others load, those of the window before are. */
  drawn: Span;
  /** A window that may be wanted in a moment. */
  ahead: (span: Span) => void;
}

export function sortedQuantities(columns: Columns): string[] {
  const others = [...columns.keys()].filter((name) => !KNOWN_QUANTITIES.includes(name)).toSorted();
  return [...KNOWN_QUANTITIES.filter((name) => columns.has(name)), ...others];
}

export function Panels({ columns, grown, span, at, drawn, ahead }: PanelsProps): JSX.Element {
  const spoken = useSignal("");
  const host = useWheelZoom(span);
  const quantities = useComputed(() => (void grown.value, sortedQuantities(columns.value).join("\n")));
  const names = quantities.value ? quantities.value.split("\n") : [];
  return (
    <div class="panels" data-drawn={`${drawn.from} ${drawn.to}`} ref={host as { current: HTMLDivElement | null }} onMouseLeave={() => (at.value = null)}>
      {names.map((quantity, index) => (
        <Panel
          key={`${quantity} ${index === names.length - 1}`}
          quantity={quantity}
          columns={columns}
          grown={grown}
          span={span}
          at={at}
          spoken={spoken}
          ahead={ahead}
          isLast={index === names.length - 1}
        />
      ))}
      <Lane columns={columns} grown={grown} span={span} />
      <p class="hidden" aria-live="polite">
        {spoken.value}
      </p>
    </div>
  );
}

/** Where readings of any quantity are, from the one that has the fewest gaps. */
function Lane({ columns, grown, span }: Omit<PanelsProps, "at" | "drawn" | "ahead">): JSX.Element {
  const pieces = useComputed(() => {
    void grown.value;
    const all = [...columns.value.values()].toSorted((a, b) => a.gaps.length - b.gaps.length);
    const [best] = all;
    const first = best?.times[0];
    const last = best?.times.at(-1);
    if (!best || first === undefined || last === undefined) return [];
    const edges = [first, ...best.gaps.flat(), last];
    return Array.from({ length: edges.length / 2 }, (_, index) => [edges[2 * index] ?? 0, edges[2 * index + 1] ?? 0] as const);
  });
  const { from, to } = span.value;
  const percent = (seconds: number): number => Math.min(100, Math.max(0, ((seconds * 1000 - from) / (to - from)) * 100));
  return (
    <div class="lanes">
      <span>{words.value.server.data}</span>
      <div class="lane" role="img" aria-label={`${words.value.server.data}: ${pieces.value.map(([a, b]) => `${instants.full(a * 1000)} – ${instants.full(b * 1000)}`).slice(0, 5).join("; ")}`}>
        {pieces.value.map(([start, end]) => (
          <i key={start} style={{ left: `${percent(start)}%`, right: `${100 - percent(end)}%` }} />
        ))}
      </div>
    </div>
  );
}
