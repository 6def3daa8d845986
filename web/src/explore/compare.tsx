// One quantity of several servers: colour and dashes mean the server.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { type Signal, untracked, useSignal, useSignalEffect } from "@preact/signals";
import { colours } from "../charts/colours";
import { type Line, fit, makePlot, moveTo } from "../charts/plot";
import type { Column } from "../charts/series";
import { type Span, show, zoomIn, zoomOut } from "../charts/span";
import { instants, value } from "../format";
import { isDark, language, zone } from "../settings";
import { unit } from "../ui/hue";
import { quantityName, words } from "../words";

const HEIGHT = 200;
const HUES = ["--humidity", "--temperature", "--other-1", "--current", "--voltage", "--other-2", "--other-3", "--other-4"];
const DASHES: readonly number[][] = [[], [8, 3], [2, 3], [8, 3, 2, 3], [], [12, 4], [4, 4], [2, 6]];


export interface Compared {
  ulid: string;
  name: string;
  column: Column;
}

export const hueOf = (index: number): string => HUES[index % HUES.length] ?? "--ink";

export function ComparePanel({ quantity, servers, span, at }: {
  quantity: string;
  servers: Signal<readonly Compared[]>;
  span: { readonly value: Span };
  at: Signal<number | null>;
}): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const index = useSignal<number | null>(null);
  useSignalEffect(() => {
    void [isDark.value, language.value, zone.value];
    const lines: Line[] = servers.value.map(({ column }, place) => {
      const dash = DASHES[place] ?? [];
      return { column, colours: colours(hueOf(place)), ...(dash.length > 0 ? { dash } : {}) };
    });
    if (!host.current || lines.length === 0) return undefined;
    const shape = { width: host.current.clientWidth, height: HEIGHT, hasLabels: true, sync: "explore" };
    const plot = makePlot(host.current, lines, shape, {
      zoom: (from, to) => show(from, to),
      pan: (by) => show(span.value.from + by, span.value.to + by),
      hover: (found) => {
        index.value = found;
        if (found !== null) at.value = plot.data[0]?.[found] ?? null;
      },
    });
    untracked(() => moveTo(plot, span.value));
    const stop = fit(plot, host.current);
    return () => {
      stop();
      plot.destroy();
    };
  });
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "+" || event.key === "=") zoomIn(span.value);
    else if (event.key === "-" || event.key === "−") zoomOut(span.value);
  };
  return (
    <section class="card compare" aria-label={quantityName(quantity)}>
      <h2>
        {quantityName(quantity)} <small class="soft">{unit(quantity)}</small>
      </h2>
      <div ref={host} class="plot" role="group" tabIndex={0} aria-label={words.value.server.chart(quantityName(quantity))} onKeyDown={onKey} />
      <Legend quantity={quantity} servers={servers.value} at={at} />
    </section>
  );
}

function Legend({ quantity, servers, at }: { quantity: string; servers: readonly Compared[]; at: Signal<number | null> }): JSX.Element {
  const time = at.value;
  return (
    <ul class="end-labels">
      {servers.map(({ ulid, name, column }, place) => (
        <li key={ulid} style={{ "--hue": `var(${hueOf(place)})` }}>
          <span class="swatch" />
          {name}&nbsp;<b>{value(quantity, time === null ? column.values.at(-1) : valueAt(column, time))}</b>
        </li>
      ))}
      <li class="soft">{time === null ? "" : instants.full(time * 1000)}</li>
    </ul>
  );
}

/** The last value at or before a time; nothing within a gap. */
function valueAt(column: Column, time: number): number | null | undefined {
  let [low, high] = [0, column.times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((column.times[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return column.values[low - 1];
}
