// A new channel: how it is reached, and its secret, shown once.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import type { ChannelCreate, ChannelCreated, Smtp } from "../api/schema";
import { Button, Copy, ErrorNote, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";

const KINDS = ["webhook", "email", "slack", "telegram"] as const;
type Kind = (typeof KINDS)[number];
type Texts = Record<string, string>;
// Where mail servers listen for each kind of encryption.
const PORTS = { starttls: 587, tls: 465, none: 25 };

export function NewChannel({ again }: { again: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const kind = useSignal<Kind>("webhook");
  const made = useSignal<ChannelCreated | null>(null);
  const text = words.value.channel;
  const deed = useDeed(async (fields: Texts) => {
    const created = await ask("POST /channels", { body: bodyOf(kind.peek(), fields) });
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

/** What the API is told: of each kind its own fields. */
function bodyOf(kind: Kind, fields: Texts): ChannelCreate {
  const { name = "", url = "", to = "", chat = "", token = "" } = fields;
  if (kind === "telegram") return { name, kind, chat_id: chat, token };
  if (kind !== "email") return { name, kind, url };
  const smtp = smtpOf(fields);
  return { name, kind, to: to.split(",").map((one) => one.trim()), ...(smtp ? { smtp } : {}) };
}

function smtpOf({ host, port, security, username, password, sender = "" }: Texts): Smtp | null {
  if (host === undefined) return null;
  const login = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
  return { host, port: Number(port), security: security as keyof typeof PORTS, sender, ...login };
}

function Input({ label, ...rest }: JSX.IntrinsicElements["input"] & { label: string }): JSX.Element {
  return (
    <label>
      {label}
      <input maxLength={2000} autocomplete="off" {...rest} />
    </label>
  );
}

function Choice<T extends string>({ name, label, value, texts, choose }: {
  name: string;
  label: string;
  value: T;
  texts: Record<string, string>;
  choose: (value: T) => void;
}): JSX.Element {
  return (
    <label>
      {label}
      <select name={name} value={value} onChange={(event) => choose(event.currentTarget.value as T)}>
        {Object.entries(texts).map(([key, text]) => (
          <option key={key} value={key} selected={key === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Fields({ kind, choose }: { kind: Kind; choose: (kind: Kind) => void }): JSX.Element {
  const text = words.value.channel;
  const kinds = Object.fromEntries(KINDS.map((name) => [name, text.kinds[name] ?? name]));
  return (
    <>
      <Choice name="kind" label={text.kind} value={kind} texts={kinds} choose={choose} />
      <Input name="name" label={text.name} required />
      {kind === "webhook" || kind === "slack" ? <Input name="url" label={text.url} required /> : null}
      {kind === "email" ? <Mail /> : null}
      {kind === "telegram" ? <Input name="chat" label={text.chat} required /> : null}
      {kind === "telegram" ? <Input name="token" label={text.token} type="password" required maxLength={250} /> : null}
    </>
  );
}

function Mail(): JSX.Element {
  const isOwn = useSignal(false);
  const text = words.value.channel;
  return (
    <>
      <Input name="to" label={text.to} required />
      <div class="choices">
        <label>
          <input type="checkbox" checked={isOwn.value} onChange={(event) => (isOwn.value = event.currentTarget.checked)} />
          {text.smtp}
        </label>
      </div>
      {isOwn.value ? <MailServer /> : <p class="soft">{text.smtpHint}</p>}
    </>
  );
}

function MailServer(): JSX.Element {
  const security = useSignal<keyof typeof PORTS>("starttls");
  const text = words.value.channel;
  return (
    <>
      <Input name="host" label={text.host} required maxLength={253} />
      <div class="form">
        <Choice name="security" label={text.security} value={security.value} texts={text.securities} choose={(chosen) => (security.value = chosen)} />
        <Input key={security.value} name="port" label={text.port} type="number" min={1} max={65_535} required defaultValue={String(PORTS[security.value])} />
      </div>
      <Input name="sender" label={text.sender} type="email" required maxLength={320} />
      {security.value === "none" ? null : (
        <div class="form">
          <Input name="username" label={text.username} maxLength={200} />
          <Input name="password" label={text.password} type="password" maxLength={200} autocomplete="new-password" />
        </div>
      )}
    </>
  );
}
