// Several servers side by side. What is compared stands in the URL: s=…, repeated, and the window.
import type { JSX } from "preact";
import { type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { ask } from "../api/client";
import { clock, useLatest, useResource } from "../api/resource";
import type { ServerRead } from "../api/schema";
import { SECONDS, load, stepFor } from "../charts/load";
import { useWheelZoom } from "../charts/panel";
import { sortedQuantities } from "../charts/panels";
import { type Columns, columnsOf } from "../charts/series";
import { spanOf } from "../charts/span";
import { Toolbar } from "../charts/toolbar";
import { type Compared, ComparePanel, MAX_SERVERS, hueOf } from "../explore/compare";
import { change, query } from "../router";
import { workspace } from "../settings";
import { Button, Copy, Loaded } from "../ui/parts";
import { words } from "../words";

/** Columns of each server by its ULID. */
type Found = Map<string, Columns>;

export function ExplorePage(): JSX.Element {
  const servers = useResource((signal) => {
    void workspace.value;
    return ask("GET /servers", { signal });
  });
  const { explore } = words.value;
  return (
    <div class="page">
      <div class="head">
        <div>
          <h1>{explore.title}</h1>
          <p class="soft">{explore.lead}</p>
        </div>
        <div class="actions">
          <Copy text={() => window.location.href} label={words.value.server.copyLink} />
        </div>
      </div>
      <Loaded of={servers}>{(known) => <Comparison known={known} />}</Loaded>
    </div>
  );
}

const chosen = (): string[] => (query.value.get("s") ?? "").split(",").filter(Boolean).slice(0, MAX_SERVERS);

function Comparison({ known }: { known: readonly ServerRead[] }): JSX.Element {
  const span = useComputed(() => spanOf(query.value, clock.value));
  const at = useSignal<number | null>(null);
  const asked = useComputed(() => query.value.toString());
  const data = useResource<Found>(async (signal) => {
    void asked.value;
    const window = spanOf(query.peek(), Date.now());
    const step = stepFor(window);
    // Each on its own: what was compared before is kept when another server joins.
    const loaded = await Promise.all(
      chosen().map(async (ulid) => [ulid, columnsOf(await load([ulid], window, signal), step && SECONDS[step])] as const),
    );
    return new Map(loaded);
  });
  return (
    <>
      <Choice known={known} />
      <Toolbar span={span.value} step={stepFor(span.value)} at={at} hasBand={false} />
      {chosen().length === 0 ? (
        <p class="card">{words.value.explore.choose}</p>
      ) : (
        <Loaded of={data}>{() => <Panels known={known} data={data} span={span} at={at} />}</Loaded>
      )}
    </>
  );
}

function Panels({ known, data, span, at }: {
  known: readonly ServerRead[];
  data: ReturnType<typeof useResource<Found>>;
  span: { readonly value: ReturnType<typeof spanOf> };
  at: Signal<number | null>;
}): JSX.Element {
  const host = useWheelZoom(span);
  const found = useLatest(data);
  const all: Columns = new Map([...(found.value?.values() ?? [])].flatMap((columns) => [...columns]));
  const names = sortedQuantities(all);
  if (names.length === 0) return <p class="card">{words.value.server.empty}</p>;
  return (
    <div class="stack" ref={host as { current: HTMLDivElement | null }} onMouseLeave={() => (at.value = null)}>
      {names.map((quantity) => (
        <One key={quantity} quantity={quantity} known={known} found={found} span={span} at={at} />
      ))}
    </div>
  );
}

function One({ quantity, known, found, span, at }: {
  quantity: string;
  known: readonly ServerRead[];
  found: { readonly value: Found | undefined };
  span: { readonly value: ReturnType<typeof spanOf> };
  at: Signal<number | null>;
}): JSX.Element {
  const compared = useSignal<readonly Compared[]>([]);
  useSignalEffect(() => {
    const columns = [...(found.value ?? [])];
    compared.value = columns.map(([ulid, of]) => ({
      ulid,
      name: known.find((one) => one.server_ulid === ulid)?.server_name ?? ulid,
      column: of.get(quantity) ?? { times: [], values: [], low: null, high: null, gaps: [] },
    }));
  });
  return <ComparePanel quantity={quantity} servers={compared} span={span} at={at} />;
}

function Choice({ known }: { known: readonly ServerRead[] }): JSX.Element {
  const { explore } = words.value;
  const now = chosen();
  const set = (next: readonly string[]): void => change({ s: next.join(",") });
  return (
    <div class="form">
      <label>
        {explore.servers}
        <select
          value=""
          disabled={now.length >= MAX_SERVERS}
          onChange={(event) => {
            set([...now, event.currentTarget.value]);
            event.currentTarget.value = "";
          }}
        >
          <option value="">{now.length >= MAX_SERVERS ? explore.limit : explore.choose}</option>
          {known
            .filter((one) => !now.includes(one.server_ulid))
            .map((one) => (
              <option key={one.server_ulid} value={one.server_ulid}>
                {one.server_name}
              </option>
            ))}
        </select>
      </label>
      {now.map((ulid, place) => (
        <Button key={ulid} style={{ "--hue": `var(${hueOf(place)})` }} onClick={() => set(now.filter((one) => one !== ulid))}>
          <span class="swatch" />
          {known.find((one) => one.server_ulid === ulid)?.server_name ?? ulid.slice(-6)} ×
        </Button>
      ))}
    </div>
  );
}
