// The first page: which servers are in trouble, and how everyone is.
import type { JSX } from "preact";
import { computed, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { alerting } from "../alerts/firing";
import { useResource } from "../api/resource";
import { isAdmin, mayWrite } from "../api/session";
import { workspace } from "../settings";
import { FleetRow } from "../fleet/row";
import { type Row, forgetFleet, loadFleet, lookAgain, rows, takeIn } from "../fleet/store";
import { count } from "../format";
import { listen, watched } from "../live/stream";
import { change, query } from "../router";
import { AddServer } from "../ui/add-server";
import { KNOWN_QUANTITIES, hueStyle, unit } from "../ui/hue";
import { Button, Loaded } from "../ui/parts";
import type { StateName } from "../ui/state";
import { quantityName, words } from "../words";

const STATES = ["alerting", "online", "late", "offline"] as const;
// The troubled first; among equals by name, so that rows do not dance.
const RANK: Record<StateName, number> = { offline: 1, late: 2, online: 3 };
const isAlerting = (row: Row): boolean => alerting.value.has(row.server.server_ulid);
const rank = (row: Row): number => (isAlerting(row) ? 0 : RANK[row.state.value]);
// A browser lays out so many rows in one go without a pause that one sees.
const FIRST_ROWS = 100;
// Sparklines of the silent move on, and what another tab changed shows.
const REFRESH_MS = 60_000;

const counts = computed(() => {
  const found = { alerting: 0, online: 0, late: 0, offline: 0 };
  for (const row of rows.value ?? []) {
    found[row.state.value] += 1;
    if (isAlerting(row)) found.alerting += 1;
  }
  return found;
});
const quantities = computed(() => {
  const names = new Set(rows.value?.flatMap((row) => Object.keys(row.server.values)) ?? []);
  const known = KNOWN_QUANTITIES.filter((name) => names.has(name));
  // Four columns fit; quantities of one's own fill what the known ones leave free.
  return [...known, ...[...names].filter((name) => !KNOWN_QUANTITIES.includes(name)).toSorted()].slice(0, 4);
});
const places = computed(() => new Set(rows.value?.map((row) => row.place).filter(Boolean) ?? []).size);
const shown = computed(() => (rows.value ?? []).filter(isAsked).toSorted(byTrouble));

function isAsked(row: Row): boolean {
  const state = query.value.get("state");
  const text = (query.value.get("q") ?? "").toLocaleLowerCase();
  const tags = Object.values(row.server.tags).join(" ");
  const name = `${row.server.server_name} ${tags} ${row.server.server_ulid}`.toLocaleLowerCase();
  return (!state || (state === "alerting" ? isAlerting(row) : row.state.value === state)) && name.includes(text);
}

function byTrouble(a: Row, b: Row): number {
  return rank(a) - rank(b) || a.server.server_name.localeCompare(b.server.server_name, undefined, { numeric: true });
}

export function FleetPage(): JSX.Element {
  const fleet = useResource((abort) => {
    void workspace.value;
    return loadFleet(abort);
  });
  useEffect(() => {
    watched.value = null;
    const stop = listen({ readings: takeIn, reset: () => void lookAgain() });
    const timer = setInterval(() => document.hidden || void lookAgain(), REFRESH_MS);
    return () => {
      stop();
      clearInterval(timer);
      forgetFleet();
    };
  }, []);
  return (
    <div class="page">
      <Loaded of={fleet} rows={8}>
        {() => (rows.value?.length === 0 ? <NoServers /> : <Fleet />)}
      </Loaded>
    </div>
  );
}

function Fleet(): JSX.Element {
  const { fleet } = words.value;
  return (
    <>
      <div class="head">
        <div>
          <h1>{fleet.title}</h1>
          <p class="soft">{fleet.size(rows.value?.length ?? 0, places.value)}</p>
        </div>
        <div class="actions find">
          {isAdmin.value ? <AddServer /> : null}
          <input
            id="find"
            type="search"
            placeholder={fleet.find}
            aria-label={fleet.find}
            value={query.value.get("q") ?? ""}
            onInput={(event) => change({ q: event.currentTarget.value }, true)}
          />
        </div>
      </div>
      <Counters />
      <Table />
    </>
  );
}

function Counters(): JSX.Element {
  const chosen = query.value.get("state") ?? "";
  const choose = (state: string): void => change({ state: state === chosen ? "" : state });
  return (
    <div class="counters" role="group" aria-label={words.value.fleet.filter}>
      <button type="button" aria-pressed={chosen === ""} onClick={() => choose("")}>
        <b>{count(rows.value?.length ?? 0)}</b>
        {words.value.fleet.all}
      </button>
      {STATES.map((state) => (
        <button key={state} type="button" data-state={state} aria-pressed={chosen === state} onClick={() => choose(state)}>
          <b>{count(counts.value[state])}</b>
          {words.value.state[state]}
        </button>
      ))}
    </div>
  );
}

function Table(): JSX.Element {
  const limit = useSignal(FIRST_ROWS);
  useSignalEffect(() => {
    void query.value;
    limit.value = FIRST_ROWS;
  });
  const visible = useComputed(() => shown.value.slice(0, limit.value));
  const { fleet } = words.value;
  if (shown.value.length === 0) {
    return (
      <div class="card">
        <p>{fleet.none}</p>
        <p>
          <Button onClick={() => change({ q: "", state: "" })}>{fleet.clear}</Button>
        </p>
      </div>
    );
  }
  return (
    <>
      <table class="fleet">
        <thead>
          <tr>
            <th scope="col">{fleet.server}</th>
            <th scope="col">{fleet.state}</th>
            {quantities.value.map((quantity) => (
              <th key={quantity} scope="col" class="quantity" style={hueStyle(quantity)}>
                <span class="swatch" />
                {quantityName(quantity)} <small>{unit(quantity)}</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {visible.value.map((row) => (
            <FleetRow key={row.server.server_ulid} row={row} quantities={quantities.value} />
          ))}
        </tbody>
      </table>
      {shown.value.length > limit.value ? (
        <p>
          <Button onClick={() => (limit.value += FIRST_ROWS)}>{fleet.more}</Button>
        </p>
      ) : null}
    </>
  );
}

function NoServers(): JSX.Element {
  const { fleet } = words.value;
  return (
    <div class="stack narrow">
      <h1>{fleet.empty}</h1>
      <p>{fleet.emptyHint}</p>
      {isAdmin.value ? <AddServer main /> : <p class="soft">{mayWrite.value ? "" : fleet.askAdmin}</p>}
    </div>
  );
}
