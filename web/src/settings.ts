// What a person chose for this browser: theme, language, time zone, workspace.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
export type Language = "en" | "pt-BR";

function remembered(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function remember(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // A browser that keeps nothing still shows the page.
  }
}

const savedTheme = remembered("theme");
export const theme = signal<Theme>(savedTheme === "light" || savedTheme === "dark" ? savedTheme : "system");
export const language = signal<Language>(document.documentElement.lang === "pt-BR" ? "pt-BR" : "en");
export const browserZone = new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

function isZone(name: string | null): string | null {
  if (!name) return null;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** The IANA zone in which instants are shown; a copied link brings the sender's. */
export const zone = signal(
  isZone(new URLSearchParams(window.location.search).get("tz")) ?? isZone(remembered("zone")) ?? browserZone,
);
export const workspace = signal<string>(remembered("workspace") ?? "");

/** Show instants in this zone while the view that asks for it is open; a name that is no zone changes nothing. */
export function showZone(name: string | null): void {
  zone.value = isZone(name) ?? zone.value;
}

/** Show instants in this zone from now on; a name that is no zone changes nothing. */
export function chooseZone(name: string): void {
  zone.value = isZone(name) ?? zone.value;
  remember("zone", zone.value === browserZone ? "" : zone.value);
}

/** Whether the page is dark at the moment, whoever decided that. */
export const isDark = signal(false);
const printing = window.matchMedia("print");
const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

function apply(): void {
  if (theme.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
  // Paper is white, whatever the screen is: charts know no CSS and are drawn anew for it.
  isDark.value = !printing.matches && (theme.value === "dark" || (theme.value === "system" && systemIsDark.matches));
}

systemIsDark.addEventListener("change", apply);
printing.addEventListener("change", apply);
effect(apply);
effect(() => remember("theme", theme.value === "system" ? "" : theme.value));
effect(() => remember("workspace", workspace.value));

export function chooseLanguage(chosen: Language): void {
  remember("language", chosen);
  language.value = chosen;
}
