// What was told lately, and what was given up, to be sent again.
import type { JSX } from "preact";
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { useRefresh, useResource } from "../api/resource";
import type { ChannelRead, NotificationRead } from "../api/schema";
import { count, instants } from "../format";
import { href } from "../router";
import { workspace } from "../settings";
import { Button, ErrorNote, Loaded, useDeed } from "../ui/parts";
import { Rows } from "../ui/rows";
import { words } from "../words";
import { incidentsChanged } from "./firing";

const SHOWN = 30;
// Deliveries are told to no stream.
const LOOK_MS = 5000;

export function Notifications({ channels, sent }: { channels: readonly ChannelRead[]; sent: ReadonlySignal<number> }): JSX.Element {
  const isDead = useSignal(false);
  const found = useResource((signal) => {
    void [workspace.value, incidentsChanged.value, sent.value];
    return ask("GET /notifications", { query: { ...(isDead.value ? { state: ["dead"] } : {}), limit: SHOWN }, signal });
  });
  useRefresh(found, LOOK_MS);
  const replayed = useSignal<number | null>(null);
  const replayAll = useDeed(async () => {
    replayed.value = (await ask("POST /notifications/retry", { body: {} })).queued;
    found.again();
  });
  const text = words.value.channel;
  return (
    <section class="card" aria-labelledby="notifications-title">
      <div class="head">
        <h2 id="notifications-title">{text.notifications}</h2>
        <div class="ranges" role="group" aria-label={text.notifications}>
          <button type="button" aria-pressed={!isDead.value} onClick={() => (isDead.value = false)}>
            {text.recent}
          </button>
          <button type="button" aria-pressed={isDead.value} onClick={() => (isDead.value = true)}>
            {text.dead}
          </button>
        </div>
      </div>
      <Loaded of={found}>
        {(list) => (list.length > 0 ? <Table list={list} channels={channels} again={found.again} /> : <p class="soft">{isDead.value ? text.noneDead : text.noneYet}</p>)}
      </Loaded>
      {isDead.value ? (
        <div class="form">
          <Button disabled={replayAll.busy} onClick={() => replayAll.run()}>
            {text.replayAll}
          </Button>
          <p role="status">{replayed.value === null ? "" : text.replayed(replayed.value)}</p>
        </div>
      ) : null}
      {replayAll.error ? <ErrorNote error={replayAll.error} /> : null}
    </section>
  );
}

function Table({ list, channels, again }: { list: readonly NotificationRead[]; channels: readonly ChannelRead[]; again: () => void }): JSX.Element {
  const text = words.value.channel;
  const replay = useDeed(async (id: string) => {
    await ask("POST /notifications/{notification_id}/retry", { path: { notification_id: id } });
    again();
  });
  return (
    <>
      {replay.error ? <ErrorNote error={replay.error} /> : null}
      <Rows heads={[text.event, text.when, text.one, text.state, text.attempts]} label={text.notifications} acts>
        {list.map((one) => (
          <tr key={one.notification_id}>
            <td>{one.incident_id ? <a href={href(`/alerts/incidents/${one.incident_id}`)}>{eventName(one.event)}</a> : eventName(one.event)}</td>
            <td>{instants.full(Date.parse(one.created_at))}</td>
            <td>{channels.find((channel) => channel.channel_id === one.channel_id)?.name ?? ""}</td>
            <td>
              {text.states[one.state] ?? one.state}
              {one.last_error && one.state !== "delivered" ? <div class="soft">{one.last_error}</div> : null}
            </td>
            <td>{count(one.attempts)}</td>
            <td>
              {one.state === "dead" ? (
                <Button disabled={replay.busy} onClick={() => replay.run(one.notification_id)}>
                  {text.replay}
                </Button>
              ) : null}
            </td>
          </tr>
        ))}
      </Rows>
    </>
  );
}

function eventName(event: string): string {
  const { alerts, channel } = words.value;
  return event === "channel.test" ? channel.test : (alerts.events[event.replace("incident.", "")] ?? event);
}
