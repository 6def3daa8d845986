// The menu at the right: workspace, theme, language, zone, profile, signing out.
import type { JSX } from "preact";
import { currentWorkspace, me, signOut } from "../api/session";
import { type Language, type Theme, chooseLanguage, chooseZone, language, theme, workspace, zone } from "../settings";
import { go } from "../router";
import { words } from "../words";
import { Button } from "./parts";
import { zoneOptions } from "./zones";

export function Menu({ label }: { label: string }): JSX.Element {
  const { account } = words.value;
  return (
    <>
      <button type="button" class="menu-button" popovertarget="menu" aria-label={`${account.menu}, ${words.value.time.zone} ${label}`}>
        <span title={zone.value}>{label}</span>
        <svg viewBox="0 0 14 12" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
          <path d="M1 1.5h12M1 6h12M1 10.5h12" />
        </svg>
      </button>
      <div id="menu" popover="auto" class="menu">
        <div>
          <b>{me.value?.username}</b>
          <WorkspaceChoice />
          <hr />
          <Choice<Theme> label={account.theme} value={theme.value} options={Object.entries(account.themes) as [Theme, string][]} choose={(chosen) => (theme.value = chosen)} />
          <Choice<Language> label={account.language} value={language.value} options={[["en", "English"], ["pt-BR", "Português"]]} choose={chooseLanguage} />
          <Choice label={words.value.time.zone} value={zone.value} options={zoneOptions(zone.value)} choose={chooseZone} />
          <hr />
          <a class="button plain" href="/ui/profile" onClick={close}>
            {account.profile}
          </a>
          <a class="button plain" href="/docs">
            {account.api}
          </a>
          <Button kind="plain" onClick={() => void signOut()}>
            {account.signOut}
          </Button>
        </div>
      </div>
    </>
  );
}

function close(): void {
  document.getElementById("menu")?.hidePopover();
}

function WorkspaceChoice(): JSX.Element | null {
  const mine = me.value?.workspaces ?? [];
  if (mine.length < 2) return null;
  const choose = (ulid: string): void => {
    workspace.value = ulid;
    close();
    go("/ui/");
  };
  return (
    <Choice
      label={words.value.account.workspace}
      value={currentWorkspace.value?.workspace_ulid ?? ""}
      options={mine.map((one) => [one.workspace_ulid, one.name])}
      choose={choose}
    />
  );
}

function Choice<T extends string>({ label, value, options, choose }: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  choose: (value: T) => void;
}): JSX.Element {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => choose(event.currentTarget.value as T)}>
        {options.map(([name, text]) => (
          <option key={name} value={name} selected={name === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
