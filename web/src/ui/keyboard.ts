// Keys that work on every page; charts have their own beside.
import { signal } from "@preact/signals";
import { go, path } from "../router";
import { browserZone, chooseZone, isDark, theme, zone } from "../settings";

export const helpIsOpen = signal(false);
export const paletteIsOpen = signal(false);

const ACTIONS: Record<string, () => void> = {
  "/": find,
  "?": () => (helpIsOpen.value = true),
  t: () => (theme.value = isDark.value ? "light" : "dark"),
  u: () => chooseZone(zone.value === "UTC" ? browserZone : "UTC"),
};

function find(): void {
  if (path.value !== "/") go("/ui/");
  // The fleet's page may have to come first.
  setTimeout(() => document.getElementById("find")?.focus(), 50);
}

export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      paletteIsOpen.value = true;
      return;
    }
    const { target } = event;
    const isTyping = target instanceof HTMLElement && target.matches("input, select, textarea");
    const action = ACTIONS[event.key];
    if (!action || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
}
