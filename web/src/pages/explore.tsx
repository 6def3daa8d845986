// Several servers side by side. What is compared stands in the URL, so that a link or a saved view brings it back.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type ReadonlySignal, type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { askAll } from "../api/client";
import { clock, useLatest, useResource } from "../api/resource";
import type { ServerRead } from "../api/schema";
import { forget } from "../charts/kept";
import { type Question, SECONDS, glance, load, lookAhead } from "../charts/load";
import { useWheelZoom } from "../charts/panel";
import { sortedQuantities } from "../charts/panels";
import { type Columns, type DataRow, columnsOf } from "../charts/series";
import { LIVE, type Span, spanOf } from "../charts/span";
import { ValueTable } from "../charts/table";
import { Toolbar } from "../charts/toolbar";
import { type Asked, askedBy, questionOf, stepIn } from "../explore/asked";
import { Choice, Chosen, Quantities } from "../explore/choice";
import { type Compared, ComparePanel } from "../explore/compare";
import { Overview } from "../explore/overview";
import { Save } from "../explore/save";
import { Views } from "../explore/views";
import { listen } from "../live/stream";
import { href, query } from "../router";
import { workspace, zone } from "../settings";
import { Copy, Loaded } from "../ui/parts";
import { words } from "../words";

/** Of each server by its ULID. */
type Found = Map<string, { columns: Columns; rows: readonly DataRow[] }>;

// How often a window that follows the clock is asked for again.
const LIVE_MS = 3000;
const REFRESH_MS = 30_000;

export function ExplorePage(): JSX.Element {
  const servers = useResource((signal) => {
    void workspace.value;
    return askAll("GET /servers", { signal });
  });
  const { explore, server } = words.value;
  return (
    <div class="page">
      <div class="head">
        <div>
          <h1>{explore.title}</h1>
          <p class="soft">{explore.lead}</p>
        </div>
        <div class="actions">
          <Views />
          <Copy text={frozenLink} label={server.copyLink} />
          <Save />
        </div>
      </div>
      <Loaded of={servers}>
        {(known) => (known.length === 0 ? <p class="card">{explore.noServers}</p> : <Comparison known={known} />)}
      </Loaded>
    </div>
  );
}

/** Whoever opens it sees the same, whenever and wherever. */
function frozenLink(): string {
  const { from, to } = spanOf(query.peek(), Date.now());
  const same = Object.fromEntries(["s", "q", "f", "step"].map((name) => [name, query.peek().get(name) ?? undefined]));
  const frozen = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), tz: zone.peek() };
  return window.location.origin + href("/explore", { ...same, ...frozen });
}

function Comparison({ known }: { known: readonly ServerRead[] }): JSX.Element {
  const span = useComputed(() => spanOf(query.value, clock.value));
  const at = useSignal<number | null>(null);
  const address = useComputed(() => query.value.toString());
  const asked = useComputed(() => askedBy(query.value));
  const data = useResource<Found>(async (signal) => {
    void [address.value, zone.value];
    return compare(askedBy(query.peek()), spanOf(query.peek(), Date.now()), signal);
  });
  const found = useLatest(data);
  const names = useComputed(() => sortedQuantities(new Map([...(found.value?.values() ?? [])].flatMap(({ columns }) => [...columns]))));
  useEffect(() => keepFresh(span, data.again), []);
  return (
    <>
      <Choice asked={asked.value} known={known} span={span.value} />
      {asked.value.servers.length > 0 ? (
        <div class="head">
          <Chosen asked={asked.value} known={known} />
          <Quantities asked={asked.value} names={names.value} />
        </div>
      ) : null}
      <Toolbar span={span.value} at={at} label={labelOf(asked.value, span.value)} ahead={(of) => glance(questionsOf(asked.value, of))} />
      {asked.value.servers.length === 0 ? (
        <p class="card">{words.value.explore.choose}</p>
      ) : (
        <Loaded of={data}>{() => <Panels known={known} found={found} names={names.value} asked={asked.value} span={span} at={at} />}</Loaded>
      )}
    </>
  );
}

/** All quantities come, also those that are not shown, so that they can be chosen. */
const questionsOf = (asked: Asked, of: Span): Question[] => asked.servers.map((ulid) => questionOf({ ...asked, quantities: [] }, [ulid], of));

/** Each server on its own: what was there before is kept when another joins. */
async function compare(asked: Asked, span: Span, signal: AbortSignal): Promise<Found> {
  const step = stepIn(asked, span);
  const rows = await Promise.all(questionsOf(asked, span).map((question) => load(question, signal)));
  lookAhead(span, (of) => questionsOf(asked, of), signal);
  return new Map(asked.servers.map((ulid, place) => [ulid, { columns: columnsOf(rows[place] ?? [], step && SECONDS[step]), rows: rows[place] ?? [] }]));
}

function keepFresh(span: ReadonlySignal<Span>, again: () => void): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    const { range } = span.peek();
    if (!range || document.hidden || Date.now() - last < (LIVE.has(range) ? LIVE_MS : REFRESH_MS)) return;
    last = Date.now();
    again();
  }, LIVE_MS);
  const stop = listen({
    reset: () => {
      forget();
      again();
    },
  });
  return () => {
    clearInterval(timer);
    stop();
  };
}

/** What a point of a line is. */
function labelOf(asked: Asked, span: Span): string {
  const { server, explore } = words.value;
  const step = stepIn(asked, span);
  if (!step) return server.raw;
  const length = server.step[step] ?? step;
  return asked.func === "mean" ? server.mean(length) : explore.of(explore.functions[asked.func] ?? asked.func, length);
}

const nameOf = (known: readonly ServerRead[], ulid: string): string => known.find((one) => one.server_ulid === ulid)?.server_name ?? ulid;

interface PanelsProps {
  known: readonly ServerRead[];
  found: { readonly value: Found | undefined };
  names: readonly string[];
  asked: Asked;
  span: ReadonlySignal<Span>;
  at: Signal<number | null>;
}

function Panels({ known, found, names, asked, span, at }: PanelsProps): JSX.Element {
  const host = useWheelZoom(span);
  const wanted = names.filter((name) => asked.quantities.includes(name));
  const shown = wanted.length > 0 ? wanted : names;
  const [first] = shown;
  return (
    <div class="stack" ref={host as { current: HTMLDivElement | null }} onMouseLeave={() => (at.value = null)}>
      <Overview key={`${asked.servers.join()} ${first}`} servers={asked.servers} quantity={first ?? "temperature"} span={span} />
      {first ? null : <p class="card">{words.value.server.empty}</p>}
      {shown.map((quantity) => (
        <One key={quantity} quantity={quantity} known={known} found={found} span={span} at={at} />
      ))}
      {[...(found.value ?? [])].map(([ulid, { rows }]) => (
        <ValueTable key={ulid} rows={rows} of={nameOf(known, ulid)} />
      ))}
    </div>
  );
}

function One({ quantity, known, found, span, at }: {
  quantity: string;
  known: readonly ServerRead[];
  found: { readonly value: Found | undefined };
  span: ReadonlySignal<Span>;
  at: Signal<number | null>;
}): JSX.Element {
  const compared = useSignal<readonly Compared[]>([]);
  useSignalEffect(() => {
    compared.value = [...(found.value ?? [])].map(([ulid, { columns }]) => ({
      ulid,
      name: nameOf(known, ulid),
      column: columns.get(quantity) ?? { times: [], values: [], low: null, high: null, gaps: [] },
    }));
  });
  return <ComparePanel quantity={quantity} servers={compared} span={span} at={at} />;
}
