// The fleet as the page holds it: loaded once, then kept up to date by the stream.
import { type Signal, computed, signal } from "@preact/signals";
import { address, nextPage, send } from "../api/client";
import { clock } from "../api/resource";
import type { Fleet, FleetServer, Operations } from "../api/schema";
import type { LiveReading } from "../live/stream";
import type { StateName } from "../ui/state";

export interface Row {
  server: FleetServer;
  place: string;
  /** When something last arrived, by this browser's clock; null: never. */
  seen: Signal<number | null>;
  values: Signal<Record<string, number>>;
  sparklines: Signal<Record<string, readonly (number | null)[]>>;
  state: { readonly value: StateName };
}

interface Line {
  start: number;
  step: number;
  measuredAt: number;
}

const PAGE_ROWS = 1000;
// The same share as app/fleet/service.py's.
const LATE_SHARE = 0.5;

export const rows = signal<readonly Row[] | null>(null);
const byUlid = new Map<string, Row & Line>();

// Counts looks, so that of several under way the latest alone shows, and none after the page was left.
let latest = 0;
let isLooking = false;

/** Load the fleet, anew where it is there already. */
export async function loadFleet(abort?: AbortSignal): Promise<void> {
  latest += 1;
  const own = latest;
  const found = await everyPage(abort);
  if (own !== latest) return;
  byUlid.clear();
  found.forEach((row) => byUlid.set(row.server.server_ulid, row));
  rows.value = found;
}

async function everyPage(abort?: AbortSignal): Promise<(Row & Line)[]> {
  const found: (Row & Line)[] = [];
  let url: string | null = address("/fleet", { limit: PAGE_ROWS });
  while (url) {
    const answer: Response = await send("GET", url, abort ? { signal: abort } : {});
    const fleet = (await answer.json()) as Operations["GET /fleet"]["answer"];
    found.push(...fleet.servers.map((server) => makeRow(server, fleet)));
    url = nextPage(answer);
  }
  return found;
}

export function forgetFleet(): void {
  latest += 1;
  byUlid.clear();
  rows.value = null;
}

function makeRow(server: FleetServer, fleet: Fleet): Row & Line {
  const step = fleet.sparkline_seconds * 1000;
  const now = Date.parse(fleet.now);
  // Ages come from the server's clock alone; this browser's may be wrong by hours.
  const seen = signal(server.last_seen === null ? null : Date.now() - (now - Date.parse(server.last_seen)));
  const lines = server.sparklines;
  const points = Object.values(lines)[0]?.length ?? 30;
  return {
    server,
    place: server.tags["site"] ?? server.tags["place"] ?? "",
    seen,
    values: signal(server.values),
    sparklines: signal(lines),
    state: computed(() => stateOf(seen.value, clock.value, server.offline_after_seconds)),
    start: (Math.floor(now / step) + 1 - points) * step,
    step,
    measuredAt: server.measured_at === null ? 0 : Date.parse(server.measured_at),
  };
}

export function stateOf(seen: number | null, now: number, limitSeconds: number): StateName {
  if (seen === null) return "offline";
  const silence = (now - seen) / 1000;
  if (silence > limitSeconds) return "offline";
  return silence > LATE_SHARE * limitSeconds ? "late" : "online";
}

/** Take in what the stream told; a server that is not here yet asks for the list again. */
export function takeIn(batch: readonly LiveReading[]): void {
  let isKnown = true;
  for (const reading of batch) {
    const row = byUlid.get(reading.server_ulid);
    if (row) update(row, reading);
    else isKnown = false;
  }
  if (!isKnown && rows.value) void lookAgain();
}

/** Load the fleet behind the page; one look at a time, and what goes wrong shows when the page looks next. */
export async function lookAgain(): Promise<void> {
  if (isLooking) return;
  isLooking = true;
  await loadFleet().catch(() => undefined);
  isLooking = false;
}

function update(row: Row & Line, reading: LiveReading): void {
  row.seen.value = Date.now();
  const moment = Date.parse(reading.timestamp);
  const { server_ulid: _, timestamp: __, ...values } = reading;
  if (moment >= row.measuredAt) {
    row.measuredAt = moment;
    row.values.value = { ...row.values.peek(), ...(values as Record<string, number>) };
  }
  extend(row, moment, values as Record<string, number>);
}

/** Put a reading into its interval's place if that is empty; time moves the line on. */
function extend(row: Row & Line, moment: number, values: Record<string, number>): void {
  const points = Object.values(row.sparklines.peek())[0]?.length ?? 30;
  let place = Math.floor((moment - row.start) / row.step);
  if (place < 0) return;
  const shift = Math.max(0, place - points + 1);
  place -= shift;
  row.start += shift * row.step;
  const before = row.sparklines.peek();
  const missing = Object.keys(values).some((name) => (before[name]?.[place + shift] ?? null) === null);
  if (shift === 0 && !missing) return;
  const lines: Record<string, (number | null)[]> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(values)])) {
    const old = before[name] ?? Array.from({ length: points }, () => null);
    const moved = [...old.slice(shift), ...Array.from({ length: Math.min(shift, points) }, () => null)];
    moved[place] ??= values[name] ?? null;
    lines[name] = moved;
  }
  row.sparklines.value = lines;
}
