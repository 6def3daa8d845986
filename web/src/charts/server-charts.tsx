// A server's charts: loaded for the window in the URL, kept up to date by the stream.
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { batch, useComputed, useSignal } from "@preact/signals";
import { send } from "../api/client";
import { clock, useResource } from "../api/resource";
import type { ServerRead } from "../api/schema";
import { instants } from "../format";
import { listen } from "../live/stream";
import { DeviceKeys } from "../server/device-keys";
import { Quality } from "../server/quality";
import { href, query } from "../router";
import { zone } from "../settings";
import { Button, Copy, ErrorNote, Loaded, useDeed } from "../ui/parts";
import { words } from "../words";
import { csvOf, download } from "./csv";
import { forget } from "./kept";
import { type Loaded as Data, MAX_RAW, glance, loadServer, queryOf } from "./load";
import { Panels } from "./panels";
import { type Columns, append, trim } from "./series";
import { LIVE, RANGES, type Span, show, spanOf } from "./span";
import { ValueTable } from "./table";
import { Toolbar } from "./toolbar";

// A window that follows the clock but not each reading is asked for again so often.
const REFRESH_MS = 30_000;
const DAY_MS = 86_400_000;

interface Props {
  server: ServerRead;
  /** The instant of the newest reading when the page was opened, milliseconds. */
  last: number | null;
  lead: ComponentChildren;
}

export function ServerCharts({ server, last, lead }: Props): JSX.Element {
  const ulid = server.server_ulid;
  const span = useComputed(() => spanOf(query.value, clock.value));
  const columns = useSignal<Columns>(new Map());
  const grown = useSignal(0);
  const at = useSignal<number | null>(null);
  const data = useResource<Data>(async (signal) => {
    const found = await loadServer(ulid, spanOf(query.value, Date.now()), signal);
    batch(() => {
      columns.value = found.columns;
      grown.value += 1;
    });
    return found;
  });
  useEffect(() => {
    const stop = listen({
      readings: (readings) => {
        const { range } = span.peek();
        if (!range || !LIVE.has(range)) return;
        const known = columns.peek().size;
        for (const { server_ulid: from, timestamp, ...values } of readings) {
          if (from === ulid) append(columns.peek(), Date.parse(timestamp) / 1000, values);
        }
        trim(columns.peek(), Date.now() / 1000 - RANGES[range] - 5);
        if (columns.peek().size > known) columns.value = new Map(columns.peek());
        grown.value += 1;
      },
      reset: () => {
        forget();
        data.again();
      },
    });
    const timer = setInterval(() => {
      const { range } = span.peek();
      if (range && !LIVE.has(range) && !document.hidden) data.again();
    }, REFRESH_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, []);
  const ahead = (of: Span): void => glance([{ servers: [ulid], span: of }]);
  const link = (): string => {
    const { from, to } = span.peek();
    const frozen = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), tz: zone.value };
    return window.location.origin + href(`/servers/${ulid}`, frozen);
  };
  return (
    <>
      <div class="head">
        {lead}
        <div class="actions">
          <Copy text={link} label={words.value.server.copyLink} />
          <Save server={server} rows={() => rowsOf(data.state.peek())} />
        </div>
      </div>
      <Loaded of={data} rows={8}>
        {(found) => (
          <>
            <Toolbar span={span.value} at={at} label={labelOf(found)} ahead={ahead} />
            {columns.value.size === 0 ? (
              <Nothing span={span.value} last={last} />
            ) : (
              <Panels columns={columns} grown={grown} span={span} at={at} drawn={found.of} ahead={ahead} />
            )}
            <ValueTable rows={found.rows} />
            <Quality ulid={ulid} />
            <DeviceKeys ulid={ulid} />
          </>
        )}
      </Loaded>
    </>
  );
}

/** An empty window, and the way to the readings where there are some. */
function Nothing({ span, last }: { span: Span; last: number | null }): JSX.Element {
  const isOutside = last !== null && (last < span.from || last > span.to);
  return (
    <div class="card">
      <p>{words.value.server.empty}</p>
      {isOutside ? (
        <p>
          <Button onClick={() => show(last - DAY_MS, last + 1000)}>{words.value.server.toLast(instants.full(last))}</Button>
        </p>
      ) : null}
    </div>
  );
}

/** What a point of the charts is. */
function labelOf({ step, rows, columns }: Data): string {
  const { server } = words.value;
  if (!step) return rows.length >= MAX_RAW ? server.thinned : server.raw;
  const hasBand = [...columns.values()].some((column) => column.low !== null);
  return `${server.mean(server.step[step] ?? step)}${hasBand ? ` · ${server.band}` : ""}`;
}

function rowsOf(state: { kind: string; value?: Data; before?: Data | undefined }): Data["rows"] {
  return (state.value ?? state.before)?.rows ?? [];
}

const fileName = (server: ServerRead): string => server.server_name.replaceAll(/[^\w-]+/g, "_");

function Save({ server, rows }: { server: ServerRead; rows: () => Data["rows"] }): JSX.Element {
  const save = (): void => download(`${fileName(server)}.csv`, new Blob([csvOf(rows())], { type: "text/csv" }));
  const parquet = useDeed(async () => {
    const answer = await send("GET", queryOf({ servers: [server.server_ulid], span: spanOf(query.value, Date.now()) }, "parquet"));
    download(`${fileName(server)}.parquet`, await answer.blob());
  });
  return (
    <>
      <Button onClick={save}>{words.value.server.csv}</Button>
      <Button disabled={parquet.busy} onClick={() => parquet.run()}>
        {words.value.server.parquet}
      </Button>
      {parquet.error ? <ErrorNote error={parquet.error} /> : null}
    </>
  );
}
