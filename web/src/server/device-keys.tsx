// A server's device keys: several at a time, so that they change without a gap.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { lastUse } from "../admin/last-use";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { DeviceKey } from "../api/schema";
import { isAdmin } from "../api/session";
import { instants } from "../format";
import { Button, Copy, ErrorNote, Loaded, useDeed } from "../ui/parts";
import { words } from "../words";

export function DeviceKeys({ ulid }: { ulid: string }): JSX.Element | null {
  const isOpen = useSignal(false);
  if (!isAdmin.value) return null;
  return (
    <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{words.value.server.keys}</summary>
      {isOpen.value ? <Keys ulid={ulid} /> : null}
    </details>
  );
}

function Keys({ ulid }: { ulid: string }): JSX.Element {
  const path = { server_ulid: ulid };
  const fresh = useSignal("");
  const found = useResource((signal) => ask("GET /servers/{server_ulid}/keys", { path, signal }));
  const add = useDeed(async () => {
    fresh.value = (await ask("POST /servers/{server_ulid}/keys", { path })).device_key;
    found.again();
  });
  const remove = useDeed(async (key: DeviceKey) => {
    if (!window.confirm(words.value.admin.revokeSure(key.name))) return;
    await ask("DELETE /servers/{server_ulid}/keys/{key_id}", { path: { ...path, key_id: key.key_id } });
    found.again();
  });
  const error = add.error ?? remove.error;
  return (
    <div class="card">
      {error ? <ErrorNote error={error} /> : null}
      {fresh.value ? (
        <div class="stack">
          <p class="soft">{words.value.add.keyHint}</p>
          <p class="secret">{fresh.value}</p>
          <p>
            <Copy text={() => fresh.value} label={words.value.action.copy} />
          </p>
        </div>
      ) : null}
      <Loaded of={found}>
        {(keys) => (
          <div class="scroll" tabIndex={0}>
            <table class="rows">
              <tbody>
                {keys.map((key) => (
                  <Row key={key.key_id} of={key} busy={remove.busy} revoke={() => remove.run(key)} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      <p>
        <Button disabled={add.busy} onClick={() => add.run()}>
          {words.value.first.newKey}
        </Button>
      </p>
    </div>
  );
}

function Row({ of: key, busy, revoke }: { of: DeviceKey; busy: boolean; revoke: () => void }): JSX.Element {
  const { admin } = words.value;
  return (
    <tr>
      <td>
        {key.name} <code>{key.prefix}…</code>
      </td>
      <td>
        {admin.used}: {lastUse(key.last_used_at)}
      </td>
      <td>{key.expires_at ? instants.full(Date.parse(key.expires_at)) : ""}</td>
      <td>
        <Button kind="danger" disabled={busy} onClick={revoke}>
          {admin.revoke}
        </Button>
      </td>
    </tr>
  );
}
