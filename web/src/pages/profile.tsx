// Oneself: who one is, and signing out.
import type { JSX } from "preact";
import { me, signOut } from "../api/session";
import { Button, ErrorNote, useDeed } from "../ui/parts";
import { words } from "../words";

export function ProfilePage(): JSX.Element {
  const { account, admin } = words.value;
  const deed = useDeed(signOut);
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
        {deed.error ? <ErrorNote error={deed.error} /> : null}
        <p>
          <Button disabled={deed.busy} onClick={() => deed.run()}>
            {account.signOut}
          </Button>
        </p>
      </section>
    </div>
  );
}
