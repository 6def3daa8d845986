// Oneself: workspaces, password, where one is signed in.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { SessionRead } from "../api/schema";
import { me, session, signOut } from "../api/session";
import { Connection } from "../account/connection";
import { SecondFactor } from "../account/second-factor";
import { instants } from "../format";
import { Button, ErrorNote, Loaded, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";

export function ProfilePage(): JSX.Element {
  const { account, admin } = words.value;
  return (
    <div class="page">
      <h1>{account.profile}</h1>
      <section class="card">
        <h2>{me.value?.username}</h2>
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">{account.workspace}</th>
              <th scope="col">{account.role}</th>
            </tr>
          </thead>
          <tbody>
            {me.value?.workspaces.map((one) => (
              <tr key={one.workspace_ulid}>
                <td>{one.name}</td>
                <td>{admin.roles[one.role]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <Password />
      <SecondFactor />
      <Connection />
      <Sessions />
    </div>
  );
}

function Password(): JSX.Element {
  const { account } = words.value;
  const done = useSignal(false);
  const deed = useDeed(async (fields: Record<string, string>) => {
    done.value = false;
    await ask("POST /auth/password", { body: { old_password: fields["old"] ?? "", new_password: fields["new"] ?? "" } });
    done.value = true;
  });
  return (
    <section class="card">
      <h2>{account.changePassword}</h2>
      <form class="form" onSubmit={(event) => deed.run(fieldsOf(event))}>
        <input type="hidden" name="username" autocomplete="username" value={me.value?.username ?? ""} />
        <label>
          {account.oldPassword}
          <input name="old" type="password" required autocomplete="current-password" />
        </label>
        <label>
          {account.newPassword}
          <input name="new" type="password" required minLength={8} autocomplete="new-password" />
        </label>
        <Button type="submit" disabled={deed.busy}>
          {account.changePassword}
        </Button>
        <span role="status">{done.value ? account.passwordChanged : ""}</span>
      </form>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
    </section>
  );
}

function Sessions(): JSX.Element {
  const found = useResource((signal) => ask("GET /auth/sessions", { signal }));
  const end = useDeed(async (one: SessionRead) => {
    if (one.current) return signOut();
    await ask("DELETE /auth/sessions/{session_id}", { path: { session_id: one.session_id } });
    return found.again();
  });
  const endAll = useDeed(async () => {
    await ask("DELETE /auth/sessions");
    session.value = { kind: "nobody" };
  });
  const { account } = words.value;
  const error = end.error ?? endAll.error;
  return (
    <section class="card">
      <h2>{account.sessions}</h2>
      {error ? <ErrorNote error={error} /> : null}
      <Loaded of={found}>
        {(sessions) => (
          <div class="scroll" tabIndex={0}>
            <table class="rows">
              <tbody>
                {sessions.map((one) => (
                  <tr key={one.session_id}>
                    <td>
                      {one.user_agent?.slice(0, 80) ?? one.kind} {one.current ? <b>({account.thisOne})</b> : null}
                      <br />
                      <small class="soft">
                        {one.address} · {instants.full(Date.parse(one.last_used_at ?? one.created_at))}
                      </small>
                    </td>
                    <td>
                      <Button disabled={end.busy} onClick={() => end.run(one)}>
                        {one.current ? account.signOut : account.end}
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      <p>
        <Button kind="danger" disabled={endAll.busy} onClick={() => endAll.run()}>
          {account.signOutAll}
        </Button>
      </p>
    </section>
  );
}
