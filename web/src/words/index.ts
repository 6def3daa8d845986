// The words in the chosen language; English is in the first file, others come when they are asked for.
import { effect, signal } from "@preact/signals";
import { language } from "../settings";
import { type Words, en } from "./en";

export const words = signal<Words>(en);

/** The first language has been loaded: nothing is shown before, or the page would change its language at once. */
export const ready = load();

async function load(): Promise<void> {
  const wanted = language.value;
  const found = wanted === "pt-BR" ? (await import("./pt-BR")).ptBR : en;
  if (wanted !== language.peek()) return;
  words.value = found;
  document.documentElement.lang = wanted;
}

effect(() => {
  if (language.value) void load();
});

/** The name of a quantity; one of the workspace's own has its own name. */
export function quantityName(name: string): string {
  return (words.value.quantity as Record<string, string>)[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}
