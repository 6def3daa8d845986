// Keys for programs: made here, shown once, revoked here.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { Key, KeyCreated } from "../api/schema";
import { Button, Copy, ErrorNote, Loaded, fieldsOf, useDeed } from "../ui/parts";
import { Rows } from "../ui/rows";
import { words } from "../words";
import { lastUse } from "./last-use";

const SCOPES = ["read", "write", "admin"] as const;

export function Keys(): JSX.Element {
  const found = useResource((signal) => ask("GET /keys", { signal }));
  const fresh = useSignal<KeyCreated | null>(null);
  const { admin } = words.value;
  return (
    <section class="card" aria-labelledby="keys-title">
      <h2 id="keys-title">{admin.keys}</h2>
      <p class="soft">{admin.keysHint}</p>
      <NewKey
        made={(key) => {
          fresh.value = key;
          found.again();
        }}
      />
      {fresh.value ? <Fresh made={fresh.value} /> : null}
      <Loaded of={found}>{(keys) => <List keys={keys} again={found.again} />}</Loaded>
    </section>
  );
}

function NewKey({ made }: { made: (key: KeyCreated) => void }): JSX.Element {
  const deed = useDeed(async (name: string, scopes: ("read" | "write" | "admin")[]) => {
    made(await ask("POST /keys", { body: { name, scopes } }));
  });
  const submit = (event: Event): void => {
    const fields = fieldsOf(event);
    deed.run(fields["name"] ?? "", SCOPES.filter((scope) => scope in fields));
  };
  const { admin } = words.value;
  return (
    <form class="form" onSubmit={submit}>
      <label>
        {admin.newKey}
        <input name="name" required maxLength={200} placeholder={admin.name} />
      </label>
      <fieldset class="choices">
        <legend>{admin.scopes}</legend>
        {SCOPES.map((scope) => (
          <label key={scope}>
            <input type="checkbox" name={scope} defaultChecked={scope === "read"} />
            {admin.scope[scope]}
          </label>
        ))}
      </fieldset>
      <Button kind="main" type="submit" disabled={deed.busy}>
        {admin.create}
      </Button>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
    </form>
  );
}

function Fresh({ made }: { made: KeyCreated }): JSX.Element {
  const { action, add } = words.value;
  const command = `curl -H "Authorization: Bearer ${made.key}" "${window.location.origin}/fleet"`;
  return (
    <div class="stack">
      <p class="soft">{add.keyHint.split(".")[0]}.</p>
      <p class="secret">{made.key}</p>
      <pre class="code" tabIndex={0}>
        {command}
      </pre>
      <div class="form">
        <Copy text={() => made.key} label={action.copy} />
        <Copy text={() => command} label={words.value.first.copy} />
      </div>
    </div>
  );
}

function List({ keys, again }: { keys: readonly Key[]; again: () => void }): JSX.Element {
  const { admin } = words.value;
  const deed = useDeed(async (key: Key) => {
    if (!window.confirm(admin.revokeSure(key.name))) return;
    await ask("DELETE /keys/{key_id}", { path: { key_id: key.key_id } });
    again();
  });
  if (keys.length === 0) return <p class="soft">{admin.noKeys}</p>;
  return (
    <>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
      <Rows heads={[admin.name, admin.prefix, admin.scopes, admin.used]} acts>
        {keys.map((key) => (
          <tr key={key.key_id}>
            <td>{key.name}</td>
            <td>
              <code>{key.prefix}…</code>
            </td>
            <td>{key.scopes.map((scope) => admin.scope[scope]).join(", ")}</td>
            <td>{lastUse(key.last_used_at)}</td>
            <td>
              <Button kind="danger" disabled={deed.busy} onClick={() => deed.run(key)}>
                {admin.revoke}
              </Button>
            </td>
          </tr>
        ))}
      </Rows>
    </>
  );
}
