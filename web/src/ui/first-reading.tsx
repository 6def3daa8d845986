// A server that has never sent: the command that sends its first reading.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { isAdmin } from "../api/session";
import type { ServerRead } from "../api/schema";
import { words } from "../words";
import { freshKeys } from "./add-server";
import { Button, Copy, ErrorNote, useDeed } from "./parts";

export function FirstReading({ server }: { server: ServerRead }): JSX.Element {
  const key = useSignal(freshKeys.get(server.server_ulid) ?? "");
  const deed = useDeed(async () => {
    const made = await ask("POST /servers/{server_ulid}/keys", { path: { server_ulid: server.server_ulid } });
    freshKeys.set(server.server_ulid, made.device_key);
    key.value = made.device_key;
  });
  const { first, add } = words.value;
  const command = commandFor(server.server_ulid, key.value || "$SENTINELA_DEVICE_KEY");
  return (
    <div class="narrow stack first">
      <svg viewBox="0 0 14 14" width="14" aria-hidden="true">
        <circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="2" />
      </svg>
      <h1>{first.title}</h1>
      <p class="soft">
        {server.server_name} · <code>{server.server_ulid}</code>
      </p>
      <p>{first.text}</p>
      <pre class="code" tabIndex={0}>
        {command}
      </pre>
      <p class="soft">{key.value ? add.keyHint : first.noKey}</p>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
      <div class="form">
        <Copy kind="main" text={() => command} label={first.copy} />
        {!key.value && isAdmin.value ? (
          <Button disabled={deed.busy} onClick={() => deed.run()}>
            {first.newKey}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function commandFor(ulid: string, key: string): string {
  return [
    `curl -X POST ${window.location.origin}/data \\`,
    `  -H "Authorization: Bearer ${key}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '{"server_ulid": "${ulid}", "temperature": 23.4,`,
    `       "humidity": 54.1, "voltage": 220.7, "current": 5.12}'`,
  ].join("\n");
}
