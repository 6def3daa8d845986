// One server: its state, and its readings from a year down to each of them.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useComputed, useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { clock, useResource } from "../api/resource";
import type { Presence, ServerRead } from "../api/schema";
import { ServerCharts } from "../charts/server-charts";
import { stateOf } from "../fleet/store";
import { ago } from "../format";
import { listen, watched } from "../live/stream";
import { workspace } from "../settings";
import { FirstReading } from "../ui/first-reading";
import { Loaded } from "../ui/parts";
import { StateBadge } from "../ui/state";
import { words } from "../words";

export function ServerPage({ parameters }: { parameters: Record<string, string> }): JSX.Element {
  const ulid = parameters["ulid"] ?? "";
  const found = useResource(async (signal) => {
    void workspace.value;
    const path = { server_ulid: ulid };
    return Promise.all([
      ask("GET /servers/{server_ulid}", { path, signal }),
      ask("GET /health/{server_ulid}", { path, signal }),
      newest(ulid, signal),
    ]);
  });
  useEffect(() => {
    watched.value = [ulid];
    return () => (watched.value = null);
  }, [ulid]);
  return (
    <div class="page">
      <Loaded of={found} rows={6}>
        {([server, presence, last]) => <Server server={server} presence={presence} last={last} />}
      </Loaded>
    </div>
  );
}

/** The instant of the newest reading, milliseconds, also of an imported one; null: there is none. */
async function newest(ulid: string, signal: AbortSignal): Promise<number | null> {
  const [found] = await ask("GET /data/latest", { query: { server_ulid: [ulid] }, signal });
  const instants = Object.values(found?.values ?? {}).map((one) => Date.parse(one.timestamp));
  return instants.length > 0 ? Math.max(...instants) : null;
}

function Server({ server, presence, last }: { server: ServerRead; presence: Presence; last: number | null }): JSX.Element {
  const ulid = server.server_ulid;
  // By this browser's clock once something was heard.
  const seen = useSignal(presence.last_seen === null ? null : Date.parse(presence.last_seen));
  const heard = useSignal(false);
  const status = useSignal(presence.status);
  useEffect(
    () =>
      listen({
        readings: (batch) => {
          if (!batch.some((one) => one.server_ulid === ulid)) return;
          seen.value = Date.now();
          heard.value = true;
          status.value = "online";
        },
        presence: (changes) => {
          status.value = changes.findLast((one) => one.server_ulid === ulid)?.status ?? status.value;
        },
        reset: () => void ask("GET /health/{server_ulid}", { path: { server_ulid: ulid } }).then((now) => (status.value = now.status), () => undefined),
      }),
    [],
  );
  // Whose limit is the installation's is never late: the page does not know that limit, the platform does.
  const state = useComputed(() => {
    const limit = server.offline_after_seconds;
    return status.value === "online" && heard.value && limit !== null ? stateOf(seen.value, clock.value, limit) : status.value;
  });
  const isWaiting = useComputed(() => seen.value === null && last === null);
  if (isWaiting.value) return <FirstReading server={server} />;
  return <ServerCharts server={server} last={last} lead={<Lead server={server} state={state} seen={seen} />} />;
}

function Lead({ server, state, seen }: {
  server: ServerRead;
  state: { readonly value: "online" | "late" | "offline" };
  seen: { readonly value: number | null };
}): JSX.Element {
  const seconds = seen.value === null ? 0 : Math.max(0, (clock.value - seen.value) / 1000);
  const tags = Object.values(server.tags);
  return (
    <div>
      <p>
        <a class="soft back" href="/ui/">
          ← {words.value.server.back}
        </a>
      </p>
      <div class="title">
        <h1>{server.server_name}</h1>
        <StateBadge state={state.value} />
      </div>
      <p class="soft">
        <code title={server.server_ulid}>{server.server_ulid.slice(-6).toLowerCase()}</code>
        {tags.map((tag) => ` · ${tag}`)}
        {` · ${seen.value === null ? words.value.state.never : words.value.server.last(seconds < 2 ? words.value.time.now : ago(seconds))}`}
      </p>
    </div>
  );
}
