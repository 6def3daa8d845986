// What a person proves an account to be theirs with.
import type { JSX } from "preact";
import { me } from "../api/session";
import { words } from "../words";

export function PasswordField(): JSX.Element {
  return (
    <>
      <input type="hidden" name="username" autocomplete="username" value={me.value?.username ?? ""} />
      <label>
        {words.value.account.password}
        <input name="password" type="password" required autocomplete="current-password" />
      </label>
    </>
  );
}

export function CodeField(): JSX.Element {
  return (
    <label>
      {words.value.account.code}
      <input name="totp" required maxLength={64} autocomplete="one-time-code" autocapitalize="none" spellcheck={false} />
    </label>
  );
}
