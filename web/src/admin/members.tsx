// Who belongs to the workspace, as what; and letting others in by a link.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { MemberRead } from "../api/schema";
import { me } from "../api/session";
import { instants } from "../format";
import { Button, Copy, ErrorNote, Loaded, fieldsOf, useDeed } from "../ui/parts";
import { Rows } from "../ui/rows";
import { words } from "../words";
import { here } from "./workspace";

export type Role = "viewer" | "operator" | "admin";
const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

export function Members(): JSX.Element {
  const found = useResource((signal) => ask("GET /workspaces/{workspace_ulid}/members", { path: here(), signal }));
  return (
    <section class="card" aria-labelledby="members-title">
      <h2 id="members-title">{words.value.admin.members}</h2>
      <Loaded of={found}>{(members) => <List members={members} again={found.again} />}</Loaded>
      <Invite />
    </section>
  );
}

function List({ members, again }: { members: readonly MemberRead[]; again: () => void }): JSX.Element {
  const { admin } = words.value;
  const done = useSignal("");
  const change = useDeed(async (member: MemberRead, role: Role) => {
    const path = { ...here(), user_id: member.user_id };
    await ask("PATCH /workspaces/{workspace_ulid}/members/{user_id}", { path, body: { role } }).finally(again);
  });
  const remove = useDeed(async (member: MemberRead) => {
    if (!window.confirm(admin.removeSure(member.username))) return;
    await ask("DELETE /workspaces/{workspace_ulid}/members/{user_id}", { path: { ...here(), user_id: member.user_id } });
    again();
  });
  const resetCode = useDeed(async (member: MemberRead) => {
    if (!window.confirm(admin.resetCodeSure(member.username))) return;
    const path = { ...here(), user_id: member.user_id };
    await ask("DELETE /workspaces/{workspace_ulid}/members/{user_id}/totp", { path });
    done.value = admin.codeReset(member.username);
  });
  const error = change.error ?? remove.error ?? resetCode.error;
  return (
    <>
      {error ? <ErrorNote error={error} /> : null}
      <p role="status">{done.value}</p>
      <Rows heads={[admin.member, admin.role, admin.since]} acts>
        {members.map((member) => (
          <tr key={member.user_id}>
            <td>{member.username}</td>
            <td>
              <RoleChoice value={member.role as Role} label={`${admin.role}: ${member.username}`} choose={(role) => change.run(member, role)} />
            </td>
            <td>{instants.full(Date.parse(member.joined_at))}</td>
            <td>
              {member.user_id === me.value?.id ? null : (
                <>
                  <Button disabled={resetCode.busy} onClick={() => resetCode.run(member)}>
                    {admin.resetCode}
                  </Button>{" "}
                  <Button kind="danger" disabled={remove.busy} onClick={() => remove.run(member)}>
                    {admin.remove}
                  </Button>
                </>
              )}
            </td>
          </tr>
        ))}
      </Rows>
    </>
  );
}

function RoleChoice({ value, label, choose }: { value: Role; label: string; choose: (role: Role) => void }): JSX.Element {
  return (
    <select aria-label={label} value={value} onChange={(event) => choose(event.currentTarget.value as Role)}>
      {ROLES.map((role) => (
        <option key={role} value={role} selected={role === value}>
          {words.value.admin.roles[role]}
        </option>
      ))}
    </select>
  );
}

function Invite(): JSX.Element {
  const link = useSignal("");
  const deed = useDeed(async (role: Role) => {
    const made = await ask("POST /workspaces/{workspace_ulid}/invitations", { path: here(), body: { role } });
    // Where the installation knows no address of its own, ours is the one that works.
    link.value = `${window.location.origin}/ui/invitation#${made.token}`;
  });
  const { admin, action } = words.value;
  return (
    <>
      <form class="form" onSubmit={(event) => deed.run(fieldsOf(event)["role"] as Role)}>
        <label>
          {admin.invite}
          <select name="role">
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {admin.roles[role]}
              </option>
            ))}
          </select>
        </label>
        <Button type="submit" disabled={deed.busy}>
          {admin.invite}
        </Button>
      </form>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
      {link.value ? (
        <div class="stack">
          <p class="soft">{admin.inviteHint}</p>
          <p class="secret">{link.value}</p>
          <div class="form">
            <Copy text={() => link.value} label={action.copy} />
          </div>
        </div>
      ) : null}
    </>
  );
}
