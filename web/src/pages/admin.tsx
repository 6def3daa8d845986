// What an administrator of a workspace does: name it, let people and programs in, see who did what.
import type { JSX } from "preact";
import { Audit } from "../admin/audit";
import { Health } from "../admin/health";
import { Keys } from "../admin/keys";
import { Members } from "../admin/members";
import { WorkspaceSettings } from "../admin/workspace";
import { words } from "../words";

export function AdminPage(): JSX.Element {
  return (
    <div class="page">
      <h1>{words.value.admin.title}</h1>
      <WorkspaceSettings />
      <Members />
      <Keys />
      <Health />
      <Audit />
    </div>
  );
}
