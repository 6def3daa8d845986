// Signing in and making an account. The address stays, so that one arrives where one wanted to go.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { ProviderSignIn } from "../account/provider";
import { Problem, ask } from "../api/client";
import { register, signIn } from "../api/session";
import { go, path } from "../router";
import { type Language, chooseLanguage, language } from "../settings";
import { Brand } from "../ui/shell";
import { Button, ErrorNote, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";
import { token } from "./token";

export function SignInPage(): JSX.Element {
  const isNew = useSignal(false);
  const mailed = useSignal(false);
  const form = useRef<HTMLFormElement>(null);
  const { account } = words.value;
  const asksCode = useSignal(false);
  const deed = useDeed(async (username: string, password: string, totp?: string) => {
    if (isNew.value) {
      const invitation = path.peek() === "/invitation" ? token() : null;
      await register(username, password, invitation);
      // It is used up: its page would say that there is none.
      if (invitation) go("/ui/", true);
    }
    try {
      await signIn(username, password, totp);
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== "totp-required") throw error;
      asksCode.value = true;
    }
  });
  const submit = (event: Event): void => {
    const fields = fieldsOf(event);
    deed.run(fields["username"] ?? "", fields["password"] ?? "", fields["totp"]);
  };
  const forgot = useDeed(async () => {
    const username = form.current?.elements.namedItem("username");
    if (!(username instanceof HTMLInputElement) || !username.reportValidity()) return;
    await ask("POST /auth/reset", { body: { username: username.value } });
    mailed.value = true;
  });
  const title = isNew.value ? account.register : account.signIn;
  document.title = `${title} · Sentinela`;
  return (
    <main class="page narrow sign-in">
      <div>
        <Brand />
        <p class="soft">{account.tagline}</p>
      </div>
      <form ref={form} class="card" onSubmit={submit}>
        <h1>{title}</h1>
        <label>
          {account.username}
          <input name="username" required autocomplete="username" autocapitalize="none" spellcheck={false} />
        </label>
        <label>
          {account.password}
          <input
            name="password"
            type="password"
            required
            minLength={isNew.value ? 8 : 1}
            autocomplete={isNew.value ? "new-password" : "current-password"}
          />
        </label>
        {isNew.value ? <p class="soft">{account.passwordHint}</p> : null}
        {asksCode.value && !isNew.value ? <CodeField /> : null}
        {deed.error ? <ErrorNote error={deed.error} /> : null}
        <Button kind="main" type="submit" disabled={deed.busy}>
          {title}
        </Button>
        {isNew.value ? null : (
          <p class="soft">
            <button type="button" class="text-button" disabled={forgot.busy} onClick={() => forgot.run()}>
              {account.forgot}
            </button>
          </p>
        )}
        <p role="status">{mailed.value ? account.mailed : ""}</p>
        {forgot.error ? <ErrorNote error={forgot.error} /> : null}
        <p class="soft">
          {isNew.value ? account.hasAccount : account.noAccount}{" "}
          <button type="button" class="text-button" onClick={() => (isNew.value = !isNew.value)}>
            {isNew.value ? account.signIn : account.register}
          </button>
        </p>
      </form>
      <ProviderSignIn />
      <LanguageLink />
    </main>
  );
}

/** Whoever has given a right password writes on here. */
function CodeField(): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const { account } = words.value;
  return (
    <>
      <label>
        {account.code}
        <input
          ref={field}
          name="totp"
          required
          maxLength={64}
          autocomplete="one-time-code"
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="code-hint"
        />
      </label>
      <p id="code-hint" class="soft">
        {account.codeHint}
      </p>
    </>
  );
}

function LanguageLink(): JSX.Element {
  const other: [Language, string] = language.value === "en" ? ["pt-BR", "Português"] : ["en", "English"];
  return (
    <p>
      <button type="button" class="text-button" lang={other[0]} onClick={() => chooseLanguage(other[0])}>
        {other[1]}
      </button>
    </p>
  );
}
