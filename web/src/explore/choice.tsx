// What is compared: servers, quantities, and what a point of a line is.
import type { JSX } from "preact";
import type { ServerRead } from "../api/schema";
import { SECONDS, STEPS } from "../charts/load";
import type { Span } from "../charts/span";
import { change } from "../router";
import { Button } from "../ui/parts";
import { ServerPick } from "../ui/server-pick";
import { quantityName, words } from "../words";
import { type Asked, FUNCTIONS, MAX_SERVERS, fits } from "./asked";
import { hueOf } from "./compare";

export function Choice({ asked, known, span }: { asked: Asked; known: readonly ServerRead[]; span: Span }): JSX.Element {
  return (
    <div class="form">
      <AddServer asked={asked} known={known} />
      <FunctionChoice func={asked.func} />
      <StepChoice asked={asked} span={span} />
    </div>
  );
}

function AddServer({ asked: { servers }, known }: { asked: Asked; known: readonly ServerRead[] }): JSX.Element {
  const { explore } = words.value;
  const isFull = servers.length >= MAX_SERVERS;
  const add = (ulid: string): void => change({ s: [...servers, ulid].join(",") });
  return <ServerPick known={known} taken={servers} hint={isFull ? explore.limit : explore.add} isFull={isFull} add={add} />;
}

function FunctionChoice({ func }: { func: string }): JSX.Element {
  const { explore } = words.value;
  const names = FUNCTIONS.includes(func as (typeof FUNCTIONS)[number]) ? FUNCTIONS : [...FUNCTIONS, func];
  return (
    <label class="short">
      {explore.function}
      <select value={func} onChange={(event) => change({ f: event.currentTarget.value === "mean" ? "" : event.currentTarget.value })}>
        {names.map((name) => (
          <option key={name} value={name} selected={name === func}>
            {explore.functions[name] ?? name}
          </option>
        ))}
      </select>
    </label>
  );
}

function StepChoice({ asked: { step }, span }: { asked: Asked; span: Span }): JSX.Element {
  const { explore, server } = words.value;
  return (
    <label class="short">
      {explore.step}
      <select value={step ?? ""} onChange={(event) => change({ step: event.currentTarget.value })}>
        <option value="">{explore.automatic}</option>
        {STEPS.map((name) => (
          <option key={name} value={name} selected={name === step} disabled={!fits(name, span) || SECONDS[name] * 1000 > span.to - span.from}>
            {explore.steps[name] ?? server.step[name]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Servers in the comparison, each to be taken out again. */
export function Chosen({ asked: { servers }, known }: { asked: Asked; known: readonly ServerRead[] }): JSX.Element {
  const nameOf = (ulid: string): string => known.find((one) => one.server_ulid === ulid)?.server_name ?? ulid.slice(-6);
  return (
    <ul class="chips" aria-label={words.value.explore.servers}>
      {servers.map((ulid, place) => (
        <li key={ulid}>
          <Button
            style={{ "--hue": `var(${hueOf(place)})` }}
            aria-label={words.value.explore.takeOut(nameOf(ulid))}
            onClick={() => change({ s: servers.filter((one) => one !== ulid).join(",") })}
          >
            <span class="swatch" />
            {nameOf(ulid)}
            <span aria-hidden="true">×</span>
          </Button>
        </li>
      ))}
    </ul>
  );
}

/** Which quantities have a panel; the last one stays. */
export function Quantities({ asked: { quantities }, names }: { asked: Asked; names: readonly string[] }): JSX.Element | null {
  if (names.length < 2) return null;
  const shown = quantities.length > 0 ? names.filter((name) => quantities.includes(name)) : names;
  const toggle = (name: string): void => {
    const next = names.filter((one) => (one === name) !== shown.includes(one));
    change({ q: next.length === names.length ? "" : next.join(",") });
  };
  return (
    <div class="chips" role="group" aria-label={words.value.explore.quantities}>
      {names.map((name) => (
        <Button
          key={name}
          aria-pressed={shown.includes(name)}
          disabled={shown.length === 1 && shown.includes(name)}
          onClick={() => toggle(name)}
        >
          {quantityName(name)}
        </Button>
      ))}
    </div>
  );
}
