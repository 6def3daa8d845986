// What the way back from the provider says in the address.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type Signal, useSignal } from "@preact/signals";
import { change, path, query } from "../router";
import { words } from "../words";

/** A word of the address, which is taken out of it: loading the page anew does not say it again. */
export function useSaid(name: "sign_in" | "connect"): Signal<string | null> {
  const said = useSignal(query.peek().get(name));
  useEffect(() => {
    if (said.peek()) change({ [name]: undefined }, true);
  }, []);
  return said;
}

/** Why signing in by the provider did not work, until one goes elsewhere. */
export function SignInFault(): JSX.Element | null {
  const kind = useSaid("sign_in").value;
  const where = useSignal(path.peek());
  return kind && path.value === where.value ? <ProviderFault kind={kind} /> : null;
}

export function ProviderFault({ kind }: { kind: string }): JSX.Element {
  const { providerFaults } = words.value.account;
  return (
    <div class="problem" role="alert">
      <p>{providerFaults[kind] ?? providerFaults["other"]}</p>
    </div>
  );
}
