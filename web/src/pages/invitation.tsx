// What a link brings that was sent to somebody: an invitation, or a way to set a forgotten password.
import type { JSX } from "preact";
import { batch, useSignal } from "@preact/signals";
import { Problem, ask } from "../api/client";
import { useResource } from "../api/resource";
import { resume } from "../api/session";
import { go } from "../router";
import { workspace } from "../settings";
import { Button, ErrorNote, Loaded, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";
import { token } from "./token";

export function InvitationPage(): JSX.Element {
  const found = useResource((signal) => ask("POST /invitations/show", { body: { token: token() }, signal }));
  const deed = useDeed(async () => {
    const joined = await ask("POST /invitations/accept", { body: { token: token() } });
    await resume();
    batch(() => {
      // At once, or this page would ask about its invitation once more, in the new workspace.
      go("/ui/");
      workspace.value = joined.workspace_ulid;
    });
  });
  const { invitation, admin } = words.value;
  const state = found.state.value;
  if (state.kind === "failed" && state.error instanceof Problem && state.error.status === 404) {
    return (
      <div class="page narrow">
        <h1>{invitation.title}</h1>
        <p role="alert">{invitation.bad}</p>
      </div>
    );
  }
  return (
    <div class="page narrow">
      <h1>{invitation.title}</h1>
      <Loaded of={found}>
        {(shown) => (
          <>
            <p>{invitation.text(shown.workspace_name, admin.roles[shown.role] ?? shown.role)}</p>
            {deed.error ? <ErrorNote error={deed.error} /> : null}
            <p>
              <Button kind="main" disabled={deed.busy} onClick={() => deed.run()}>
                {invitation.accept}
              </Button>
            </p>
          </>
        )}
      </Loaded>
    </div>
  );
}

export function ResetPage(): JSX.Element {
  const done = useSignal(false);
  const deed = useDeed(async (password: string) => {
    await ask("POST /auth/reset/confirm", { body: { token: token(), new_password: password } });
    done.value = true;
  });
  const { invitation, account } = words.value;
  return (
    <main class="page narrow sign-in">
      <h1>{invitation.resetTitle}</h1>
      {done.value ? (
        <>
          <p role="status">{invitation.resetDone}</p>
          <a class="button main" href="/ui/">
            {account.signIn}
          </a>
        </>
      ) : (
        <form class="card" onSubmit={(event) => deed.run(fieldsOf(event)["password"] ?? "")}>
          <label>
            {account.newPassword}
            <input name="password" type="password" required minLength={8} autocomplete="new-password" />
          </label>
          {deed.error ? <ErrorNote error={deed.error} /> : null}
          <Button kind="main" type="submit" disabled={deed.busy}>
            {invitation.resetTitle}
          </Button>
        </form>
      )}
    </main>
  );
}
