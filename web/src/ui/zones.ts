// Time zones to choose from.
import { browserZone } from "../settings";

/** IANA names: the chosen one, the browser's and UTC first, then all others. */
export function zoneNames(chosen: string): string[] {
  return [...new Set([chosen, browserZone, "UTC", ...Intl.supportedValuesOf("timeZone")])];
}

export const zoneOptions = (chosen: string): [string, string][] => zoneNames(chosen).map((name) => [name, name.replaceAll("_", " ")]);
