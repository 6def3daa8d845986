// Readings with a rule's levels drawn into them, and the times when it fired or would have fired.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useSignalEffect, type ReadonlySignal } from "@preact/signals";
import { useLatest, useResource } from "../api/resource";
import { colours } from "../charts/colours";
import { SECONDS, load, stepFor } from "../charts/load";
import type { Marks } from "../charts/marks";
import { fit, makePlot, moveTo } from "../charts/plot";
import { columnsOf } from "../charts/series";
import type { Span } from "../charts/span";
import { isDark, language, zone } from "../settings";
import { hue } from "../ui/hue";
import { Loaded } from "../ui/parts";
import { quantityName, words } from "../words";

const HEIGHT = 240;

interface Props {
  server: string;
  quantity: string;
  span: ReadonlySignal<Span>;
  marks: ReadonlySignal<Marks>;
  label: string;
}

export function Evidence(props: Props): JSX.Element {
  const { server, quantity, span } = props;
  const found = useResource(async (signal) => {
    const step = stepFor(span.value);
    const rows = await load({ servers: [server], span: span.value, quantities: [quantity] }, signal);
    return columnsOf(rows, step && SECONDS[step]);
  });
  const latest = useLatest(found);
  return (
    <Loaded of={found} rows={4}>
      {(columns) => (columns.has(quantity) ? <Chart {...props} columns={latest} /> : <p class="soft">{words.value.server.empty}</p>)}
    </Loaded>
  );
}

function Chart({ quantity, span, marks, label, columns }: Props & { columns: { readonly value: ReturnType<typeof columnsOf> | undefined } }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    void [isDark.value, language.value, zone.value];
    const column = columns.value?.get(quantity);
    if (!host.current || !column) return undefined;
    const shape = { width: host.current.clientWidth, height: HEIGHT, hasLabels: true, sync: "evidence", marks: marks.value };
    const ignore = (): void => undefined;
    const plot = makePlot(host.current, [{ column, colours: colours(hue(quantity)) }], shape, { zoom: ignore, pan: ignore, hover: ignore });
    moveTo(plot, span.value);
    const stop = fit(plot, host.current);
    return () => {
      stop();
      plot.destroy();
    };
  });
  return <div ref={host} class="plot evidence" role="img" aria-label={`${quantityName(quantity)}: ${label}`} />;
}
