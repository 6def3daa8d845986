// The ways by which incidents are told, each with a test; what could not be told, to be sent again.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { Notifications } from "../alerts/notifications";
import { AlertsPage } from "../alerts/tabs";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { ChannelCreated, ChannelRead, NotificationRead } from "../api/schema";
import { workspace } from "../settings";
import { Button, Copy, ErrorNote, Loaded, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";

const KINDS = ["webhook", "email", "slack", "telegram"] as const;
type Kind = (typeof KINDS)[number];
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
        <small class="soft">{[text.kinds[channel.kind] ?? channel.kind, channel.url ?? channel.to?.join(", ") ?? channel.chat_id].filter(Boolean).join(" · ")}</small>
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

function NewChannel({ again }: { again: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const kind = useSignal<Kind>("webhook");
  const made = useSignal<ChannelCreated | null>(null);
  const text = words.value.channel;
  const deed = useDeed(async ({ name = "", url, to, chat, token }: Record<string, string>) => {
    const way = kind.peek() === "email" ? { to: (to ?? "").split(",").map((one) => one.trim()) } : kind.peek() === "telegram" ? { chat_id: chat ?? "", token: token ?? "" } : { url: url ?? "" };
    const created = await ask("POST /channels", { body: { name, kind: kind.peek(), ...way } });
    again();
    // Only a webhook has a secret to be shown; of the others nothing is left to say.
    if (created.secret) made.value = created;
    else dialog.current?.close();
  });
  const open = (): void => {
    made.value = null;
    dialog.current?.showModal();
  };
  return (
    <>
      <Button kind="main" onClick={open}>
        {text.add}
      </Button>
      <dialog ref={dialog} aria-labelledby="channel-title">
        <div class="stack">
          <h2 id="channel-title">{text.title}</h2>
          {made.value ? (
            <>
              <p>{text.secret}</p>
              <p class="secret">{made.value.secret}</p>
              <div class="form">
                <Copy kind="main" text={() => made.value?.secret ?? ""} label={words.value.action.copy} />
                <Button onClick={() => dialog.current?.close()}>{words.value.action.close}</Button>
              </div>
            </>
          ) : (
            <form class="stack" onSubmit={(event) => deed.run(fieldsOf(event))}>
              <Fields kind={kind.value} choose={(chosen) => (kind.value = chosen)} />
              {deed.error ? <ErrorNote error={deed.error} /> : null}
              <div class="form">
                <Button kind="main" type="submit" disabled={deed.busy}>
                  {text.create}
                </Button>
                <Button onClick={() => dialog.current?.close()}>{words.value.action.cancel}</Button>
              </div>
            </form>
          )}
        </div>
      </dialog>
    </>
  );
}

function Fields({ kind, choose }: { kind: Kind; choose: (kind: Kind) => void }): JSX.Element {
  const text = words.value.channel;
  const field = (name: string, label: string): JSX.Element => (
    <label>
      {label}
      <input name={name} required maxLength={2000} autocomplete="off" />
    </label>
  );
  return (
    <>
      <label>
        {text.kind}
        <select value={kind} onChange={(event) => choose(event.currentTarget.value as Kind)}>
          {KINDS.map((name) => (
            <option key={name} value={name} selected={name === kind}>
              {text.kinds[name]}
            </option>
          ))}
        </select>
      </label>
      {field("name", text.name)}
      {kind === "webhook" || kind === "slack" ? field("url", text.url) : null}
      {kind === "email" ? field("to", text.to) : null}
      {kind === "telegram" ? field("chat", text.chat) : null}
      {kind === "telegram" ? (
        <label>
          {text.token}
          <input name="token" type="password" required maxLength={250} autocomplete="off" />
        </label>
      ) : null}
    </>
  );
}
