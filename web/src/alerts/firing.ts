// What fires at the moment: loaded once, kept up to date by the stream, shown in the navigation and in the fleet.
import { computed, effect, signal } from "@preact/signals";
import { ask } from "../api/client";
import { me } from "../api/session";
import type { IncidentRead } from "../api/schema";
import { link, listen, watched } from "../live/stream";
import { workspace } from "../settings";

/** null: not known yet. */
export const firing = signal<readonly IncidentRead[] | null>(null);
/** Counts up when an incident anywhere has changed. */
export const incidentsChanged = signal(0);
export const alerting = computed(() => new Set((firing.value ?? []).map((one) => one.server_ulid)));

const MOST = 500;
// Several changes at once are one look.
const GATHER_MS = 250;
// The stream tells at once of whatever happens where it listens. While it listens to all servers a look is only for what
// it may have lost; a page about some servers does not hear of the others.
const LOOK_MS = { all: 30_000, some: 5000 };

async function look(given: AbortSignal): Promise<void> {
  try {
    const found = await ask("GET /incidents", { query: { state: ["open", "acknowledged"], limit: MOST }, signal: given });
    if (!given.aborted) firing.value = found;
  } catch {
    // What was known stays; the stream's return looks again.
  }
}

/** Keep looking while somebody is signed in. */
export function keepWatch(): void {
  effect(() => {
    void workspace.value;
    if (!me.value) return undefined;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        incidentsChanged.value += 1;
        void look(abort.signal);
      }, GATHER_MS);
    };
    const stop = listen({ incidents: again, reset: again });
    void look(abort.signal);
    const every = watched.value === null && link.value === "on" ? LOOK_MS.all : LOOK_MS.some;
    const poll = setInterval(() => document.hidden || again(), every);
    return () => {
      abort.abort();
      clearInterval(poll);
      clearTimeout(timer);
      stop();
    };
  });
}
