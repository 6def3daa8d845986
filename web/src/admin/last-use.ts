// When a key was last used, in words.
import { ago } from "../format";
import { words } from "../words";

export function lastUse(at: string | null): string {
  return at ? ago(Math.max(1, (Date.now() - Date.parse(at)) / 1000)) : words.value.admin.neverUsed;
}
