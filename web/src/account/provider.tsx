// Signing in by the OIDC provider of the installation, where it has one.
import type { JSX } from "preact";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import { token } from "../pages/token";
import { path, query } from "../router";
import { Button, ErrorNote, useDeed } from "../ui/parts";
import { words } from "../words";
import { SignInFault } from "./fault";

/** The button, and why it did not work the last time. */
export function ProviderSignIn(): JSX.Element | null {
  const ways = useResource((signal) => ask("GET /auth/ways", { signal }));
  const deed = useDeed(async () => {
    const invitation = path.peek() === "/invitation" ? token() : "";
    const begun = await ask("POST /auth/oidc", { body: invitation ? { invitation } : { to: here() } });
    window.location.assign(begun.authorization_url);
  });
  const { account } = words.value;
  const state = ways.state.value;
  const name = state.kind === "ready" ? state.value.provider : null;
  return (
    <>
      <SignInFault />
      {name === null ? null : (
        <div class="card">
          <Button disabled={deed.busy} onClick={() => deed.run()}>
            {account.signInWith(name)}
          </Button>
          {deed.error ? <ErrorNote error={deed.error} /> : null}
        </div>
      )}
    </>
  );
}

function here(): string {
  const text = query.peek().toString();
  return text ? `${path.peek()}?${text}` : path.peek();
}
