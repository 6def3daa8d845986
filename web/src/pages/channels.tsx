// The ways by which incidents are told, each with a test; what could not be told, to be sent again.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { NewChannel } from "../alerts/new-channel";
import { Notifications } from "../alerts/notifications";
import { AlertsPage } from "../alerts/tabs";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { ChannelRead, NotificationRead } from "../api/schema";
import { workspace } from "../settings";
import { Button, ErrorNote, Loaded, useDeed } from "../ui/parts";
import { words } from "../words";

const LOOK_MS = 400;
// A delivery takes a second; who waits longer looks at the list.
const LOOKS = 25;

export function ChannelsPage(): JSX.Element {
  const found = useResource((signal) => {
    void workspace.value;
    return ask("GET /channels", { signal });
  });
  // Counts up when something was sent: the list below looks again.
  const sent = useSignal(0);
  const { channel } = words.value;
  return (
    <AlertsPage actions={<NewChannel again={found.again} />}>
      <section class="card" aria-labelledby="channels-title">
        <h2 id="channels-title">{words.value.alerts.channels}</h2>
        <p class="soft">{channel.hint}</p>
        <Loaded of={found}>
          {(list) =>
            list.length > 0 ? (
              <ul class="list tall">
                {list.map((one) => (
                  <Row key={one.channel_id} channel={one} again={found.again} tested={() => (sent.value += 1)} />
                ))}
              </ul>
            ) : (
              <p>{channel.none}</p>
            )
          }
        </Loaded>
      </section>
      <Loaded of={found}>{(list) => <Notifications channels={list} sent={sent} />}</Loaded>
    </AlertsPage>
  );
}

function Row({ channel, again, tested }: { channel: ChannelRead; again: () => void; tested: () => void }): JSX.Element {
  const text = words.value.channel;
  const result = useSignal<NotificationRead | null>(null);
  const path = { channel_id: channel.channel_id };
  const test = useDeed(async () => {
    result.value = await ask("POST /channels/{channel_id}/test", { path });
    for (let look = 0; look < LOOKS && result.value.state === "queued" && !result.value.last_error; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      result.value = await ask("GET /notifications/{notification_id}", { path: { notification_id: result.value.notification_id } });
    }
    tested();
  });
  const remove = useDeed(async () => {
    if (!window.confirm(text.deleteSure(channel.name))) return;
    await ask("DELETE /channels/{channel_id}", { path });
    again();
  });
  const error = test.error ?? remove.error;
  return (
    <li>
      <div>
        <b>{channel.name}</b>
        <small class="soft">{[text.kinds[channel.kind] ?? channel.kind, channel.url ?? channel.to?.join(", ") ?? channel.chat_id, channel.smtp && text.through(channel.smtp.host)].filter(Boolean).join(" · ")}</small>
        <p role="status" class={result.value && result.value.state !== "delivered" && result.value.last_error ? "bad" : ""}>
          {result.value ? outcome(result.value) : ""}
        </p>
        {error ? <ErrorNote error={error} /> : null}
      </div>
      <div class="actions">
        <Button disabled={test.busy} aria-label={`${text.test}: ${channel.name}`} onClick={() => test.run()}>
          {text.test}
        </Button>
        <Button kind="danger" disabled={remove.busy} aria-label={`${words.value.action.delete}: ${channel.name}`} onClick={() => remove.run()}>
          {words.value.action.delete}
        </Button>
      </div>
    </li>
  );
}

function outcome({ state, last_error: error }: NotificationRead): string {
  const text = words.value.channel;
  if (state === "delivered") return text.delivered;
  if (!error) return text.sending;
  return state === "queued" ? text.willRetry(error) : error;
}
