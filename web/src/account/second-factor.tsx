// Signing in with a code beside the password: set up, turned on with a first code, off with a code.
import type { JSX } from "preact";
import { type Signal, useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { Enrolment, FactorRead } from "../api/schema";
import { instants } from "../format";
import { Button, Copy, ErrorNote, Loaded, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";
import { CodeField, PasswordField } from "./fields";

type Codes = Signal<readonly string[]>;

export function SecondFactor(): JSX.Element {
  const found = useResource((signal) => ask("GET /auth/totp", { signal }));
  const codes: Codes = useSignal<readonly string[]>([]);
  const said = useSignal("");
  const { account } = words.value;
  const turnedOff = (): void => {
    codes.value = [];
    said.value = account.factorIsOff;
    found.again();
  };
  const turnedOn = (fresh: readonly string[]): void => {
    codes.value = fresh;
    said.value = "";
    found.again();
  };
  return (
    <section class="card" aria-labelledby="factor-title">
      <h2 id="factor-title">{account.secondFactor}</h2>
      <p role="status">{said.value}</p>
      <Loaded of={found}>
        {(factor) => (factor.enabled ? <On factor={factor} renewed={turnedOn} turnedOff={turnedOff} /> : <Off turnedOn={turnedOn} />)}
      </Loaded>
      {codes.value.length > 0 ? <RecoveryCodes codes={codes.value} /> : null}
    </section>
  );
}

function Off({ turnedOn }: { turnedOn: (codes: readonly string[]) => void }): JSX.Element {
  const enrolment = useSignal<Enrolment | null>(null);
  const begin = useDeed(async (password: string) => {
    enrolment.value = await ask("POST /auth/totp", { body: { password } });
  });
  const { account } = words.value;
  if (enrolment.value) return <Confirm enrolment={enrolment.value} turnedOn={turnedOn} />;
  return (
    <>
      <p class="soft">{account.factorOff}</p>
      <form class="form" onSubmit={(event) => begin.run(fieldsOf(event)["password"] ?? "")}>
        <PasswordField />
        <Button type="submit" disabled={begin.busy}>
          {account.factorBegin}
        </Button>
      </form>
      {begin.error ? <ErrorNote error={begin.error} /> : null}
    </>
  );
}

function Confirm({ enrolment, turnedOn }: { enrolment: Enrolment; turnedOn: (codes: readonly string[]) => void }): JSX.Element {
  const confirm = useDeed(async (totp: string) => {
    turnedOn((await ask("POST /auth/totp/confirm", { body: { totp } })).recovery_codes);
  });
  const { account, action } = words.value;
  return (
    <div class="stack">
      <p>{account.factorScan}</p>
      <p>
        <img src={`data:image/svg+xml,${encodeURIComponent(enrolment.qr_svg)}`} alt={account.factorPicture} width={228} height={228} />
      </p>
      <p class="secret">{enrolment.secret}</p>
      <div class="form">
        <Copy text={() => enrolment.secret} label={action.copy} />
      </div>
      <form class="form" onSubmit={(event) => confirm.run(fieldsOf(event)["totp"] ?? "")}>
        <CodeField />
        <Button kind="main" type="submit" disabled={confirm.busy}>
          {account.factorConfirm}
        </Button>
      </form>
      {confirm.error ? <ErrorNote error={confirm.error} /> : null}
    </div>
  );
}

interface OnProps {
  factor: FactorRead;
  renewed: (codes: readonly string[]) => void;
  turnedOff: () => void;
}

function On({ factor, renewed, turnedOff }: OnProps): JSX.Element {
  const deed = useDeed(async (form: HTMLFormElement, wantsOff: boolean, password: string, totp: string) => {
    const body = { password, totp };
    if (wantsOff) {
      await ask("POST /auth/totp/disable", { body });
      turnedOff();
    } else {
      renewed((await ask("POST /auth/totp/recovery-codes", { body })).recovery_codes);
      form.reset();
    }
  });
  const submit = (event: SubmitEvent): void => {
    const form = event.currentTarget as HTMLFormElement;
    const fields = fieldsOf(event);
    const wantsOff = event.submitter?.getAttribute("value") === "off";
    deed.run(form, wantsOff, fields["password"] ?? "", fields["totp"] ?? "");
  };
  const { account } = words.value;
  return (
    <>
      <p>
        {account.factorOn(instants.full(Date.parse(factor.confirmed_at ?? "")))} {account.codesLeft(factor.recovery_codes_left)}
      </p>
      <form class="form" onSubmit={submit}>
        <PasswordField />
        <CodeField />
        <Button type="submit" disabled={deed.busy}>
          {account.renewCodes}
        </Button>
        <Button kind="danger" type="submit" value="off" disabled={deed.busy}>
          {account.factorDisable}
        </Button>
      </form>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
    </>
  );
}

function RecoveryCodes({ codes }: { codes: readonly string[] }): JSX.Element {
  const { account, action } = words.value;
  return (
    <div class="stack">
      <p role="status">{account.keepCodes}</p>
      <ul class="secret">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div class="form">
        <Copy text={() => codes.join("\n")} label={action.copy} />
      </div>
    </div>
  );
}
