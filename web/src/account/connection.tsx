// By which identity of the provider a person signs in: connected to their account, and disconnected.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { Problem, ask } from "../api/client";
import { useLatest, useResource } from "../api/resource";
import type { OwnIdentity, AccountProof } from "../api/schema";
import { instants } from "../format";
import { Button, ErrorNote, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";
import { ProviderFault, useSaid } from "./fault";
import { CodeField, PasswordField } from "./fields";

/** Nothing where there is neither a provider nor an identity. */
export function Connection(): JSX.Element | null {
  const ways = useLatest(useResource((signal) => ask("GET /auth/ways", { signal })));
  const found = useResource((signal) => ask("GET /auth/me/identities", { signal }));
  const mine = useLatest(found);
  const kind = useSaid("connect").value;
  const said = useSignal("");
  const confirm = useDeed(async () => {
    const connected = await ask("POST /auth/me/identities/confirm");
    said.value = connected.was_connected ? words.value.account.wasConnected : words.value.account.isConnected;
    found.again();
  });
  useEffect(() => {
    if (kind === "proved") confirm.run();
  }, []);
  const gone = (): void => {
    said.value = words.value.account.isDisconnected;
    found.again();
  };
  const name = ways.value?.provider ?? null;
  const identities = mine.value ?? [];
  if (name === null && identities.length === 0) return null;
  const { account } = words.value;
  return (
    <section class="card" aria-labelledby="connection-title">
      <h2 id="connection-title">{account.connection}</h2>
      <p role="status">{said.value}</p>
      {kind && kind !== "proved" ? <ProviderFault kind={kind} /> : null}
      {confirm.error ? <ErrorNote error={confirm.error} /> : null}
      {identities.map((one) => (
        <Connected key={`${one.issuer} ${one.subject}`} identity={one} name={name} gone={gone} />
      ))}
      {name !== null && mine.value && !identities.some((one) => one.in_use) ? <Connect name={name} /> : null}
    </section>
  );
}

function Connect({ name }: { name: string }): JSX.Element {
  const { account } = words.value;
  const begin = async (proof: AccountProof): Promise<void> => {
    window.location.assign((await ask("POST /auth/me/identities", { body: proof })).authorization_url);
  };
  return (
    <>
      <p class="soft">{account.connectText(name)}</p>
      <Proving act={begin} label={account.connect(name)} />
    </>
  );
}

interface ConnectedProps {
  identity: OwnIdentity;
  name: string | null;
  gone: () => void;
}

function Connected({ identity, name, gone }: ConnectedProps): JSX.Element {
  const { account } = words.value;
  const { issuer, subject } = identity;
  const disconnect = async (proof: AccountProof): Promise<void> => {
    await ask("POST /auth/me/identities/disconnect", { body: { issuer, subject, ...proof } });
    gone();
  };
  return (
    <>
      <p>
        <b>{identity.in_use ? name : issuer}</b>: {account.connectedSince(instants.full(Date.parse(identity.created_at)))}
        {identity.in_use ? null : ` ${account.connectedBefore}`}
        <br />
        <small class="soft">{subject}</small>
      </p>
      <p class="soft">{account.disconnectText}</p>
      <Proving act={disconnect} label={account.disconnect} kind="danger" />
    </>
  );
}

interface ProvingProps {
  act: (proof: AccountProof) => Promise<void>;
  label: string;
  kind?: "danger";
}

/** Asks the password and, once it turns out to be needed, a code. */
function Proving({ act, label, kind }: ProvingProps): JSX.Element {
  const asksCode = useSignal(false);
  const deed = useDeed(async (fields: Record<string, string>) => {
    const { password = "", totp } = fields;
    try {
      await act(totp ? { password, totp } : { password });
    } catch (error) {
      if (asksCode.value || !(error instanceof Problem) || error.kind !== "totp-required") throw error;
      asksCode.value = true;
    }
  });
  return (
    <>
      <form class="form" onSubmit={(event) => deed.run(fieldsOf(event))}>
        <PasswordField />
        {asksCode.value ? <CodeField /> : null}
        <Button type="submit" disabled={deed.busy} {...(kind ? { kind } : {})}>
          {label}
        </Button>
      </form>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
    </>
  );
}
