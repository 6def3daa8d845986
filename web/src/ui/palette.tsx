// Ctrl K: go to any server or page by typing a part of its name.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { askAll } from "../api/client";
import { isAdmin } from "../api/session";
import { go } from "../router";
import { words } from "../words";
import { paletteIsOpen } from "./keyboard";

const MAX_SHOWN = 12;

interface Target {
  name: string;
  address: string;
}

export function Palette(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const text = useSignal("");
  const chosen = useSignal(0);
  const servers = useSignal<readonly Target[]>([]);
  useSignalEffect(() => {
    if (!paletteIsOpen.value) return;
    text.value = "";
    chosen.value = 0;
    dialog.current?.showModal();
    void loadServers().then((found) => (servers.value = found), () => undefined);
  });
  const found = useComputed(() => {
    const wanted = text.value.toLocaleLowerCase();
    return [...pages(), ...servers.value].filter((one) => one.name.toLocaleLowerCase().includes(wanted)).slice(0, MAX_SHOWN);
  });
  const open = (target: Target | undefined): void => {
    if (!target) return;
    dialog.current?.close();
    go(target.address);
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) chosen.value = (chosen.value + step + found.value.length) % Math.max(1, found.value.length);
    else if (event.key === "Enter") open(found.value[chosen.value]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} class="palette" aria-label={words.value.palette.title} onClose={() => (paletteIsOpen.value = false)}>
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls="targets"
        aria-activedescendant={`target-${chosen.value}`}
        aria-label={words.value.palette.placeholder}
        placeholder={words.value.palette.placeholder}
        value={text.value}
        onKeyDown={onKey}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          chosen.value = 0;
        }}
      />
      <ul id="targets" role="listbox" aria-label={words.value.palette.title}>
        {found.value.map((target, index) => (
          <li key={target.address} id={`target-${index}`} role="option" aria-selected={index === chosen.value}>
            <a href={target.address} tabIndex={-1} onClick={() => dialog.current?.close()}>
              {target.name}
            </a>
          </li>
        ))}
      </ul>
    </dialog>
  );
}

function pages(): Target[] {
  const { nav, account } = words.value;
  const open: Target[] = [
    { name: nav.fleet, address: "/ui/" },
    { name: nav.explore, address: "/ui/explore" },
    { name: nav.alerts, address: "/ui/alerts" },
    { name: words.value.alerts.rules, address: "/ui/alerts/rules" },
    { name: nav.jobs, address: "/ui/jobs" },
    { name: account.profile, address: "/ui/profile" },
  ];
  return isAdmin.value ? [...open, { name: nav.admin, address: "/ui/admin" }] : open;
}

async function loadServers(): Promise<Target[]> {
  const found = await askAll("GET /servers");
  return found.map((one) => ({ name: one.server_name, address: `/ui/servers/${one.server_ulid}` }));
}
