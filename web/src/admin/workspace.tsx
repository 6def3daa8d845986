// The workspace's name, time zone and how long it keeps readings.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { WorkspaceRead } from "../api/schema";
import { currentWorkspace } from "../api/session";
import { Button, ErrorNote, Loaded, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";
import { zoneNames } from "../ui/zones";

export const here = (): Record<string, string> => ({ workspace_ulid: currentWorkspace.value?.workspace_ulid ?? "" });

export function WorkspaceSettings(): JSX.Element {
  const found = useResource((signal) => ask("GET /workspaces/{workspace_ulid}", { path: here(), signal }));
  return (
    <section class="card" aria-labelledby="workspace-title">
      <h2 id="workspace-title">{words.value.admin.workspace}</h2>
      <Loaded of={found}>{(workspace) => <Form workspace={workspace} />}</Loaded>
    </section>
  );
}

function Form({ workspace }: { workspace: WorkspaceRead }): JSX.Element {
  const saved = useSignal(false);
  const deed = useDeed(async (fields: Record<string, string>) => {
    saved.value = false;
    const days = fields["days"] ? Number(fields["days"]) : null;
    const body = { name: fields["name"] ?? "", time_zone: fields["zone"] ?? "UTC", retention_days: days };
    await ask("PATCH /workspaces/{workspace_ulid}", { path: here(), body });
    saved.value = true;
  });
  const { admin } = words.value;
  return (
    <form class="form" onSubmit={(event) => deed.run(fieldsOf(event))}>
      <label>
        {admin.name}
        <input name="name" required maxLength={200} defaultValue={workspace.name} />
      </label>
      <label>
        {admin.zone}
        <select name="zone">
          {zoneNames(workspace.time_zone).map((zone) => (
            <option key={zone} selected={zone === workspace.time_zone}>
              {zone}
            </option>
          ))}
        </select>
      </label>
      <label>
        {admin.retention}
        <input name="days" type="number" min={1} max={36_500} defaultValue={workspace.retention_days?.toString() ?? ""} />
      </label>
      <Button kind="main" type="submit" disabled={deed.busy}>
        {admin.save}
      </Button>
      <span role="status">{saved.value ? admin.saved : ""}</span>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
    </form>
  );
}
