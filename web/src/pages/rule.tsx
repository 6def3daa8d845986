// A new rule: what it looks at, drawn on the readings while it is being written.
import type { JSX } from "preact";
import { type Signal, useSignal } from "@preact/signals";
import { Preview } from "../alerts/backtest";
import { type Draft, EMPTY, KINDS, SEVERITIES, conditionOf } from "../alerts/draft";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { ChannelRead, QuantityRead, ServerRead } from "../api/schema";
import { go, href, query } from "../router";
import { workspace } from "../settings";
import { unit } from "../ui/hue";
import { Button, ErrorNote, Loaded, useDeed } from "../ui/parts";
import { quantityName, words } from "../words";

interface Known {
  servers: readonly ServerRead[];
  quantities: readonly QuantityRead[];
  channels: readonly ChannelRead[];
}

export function RulePage(): JSX.Element {
  const found = useResource<Known>(async (signal) => {
    void workspace.value;
    const [servers, quantities, channels] = await Promise.all([ask("GET /servers", { signal }), ask("GET /quantities", { signal }), ask("GET /channels", { signal })]);
    return { servers, quantities, channels };
  });
  const { rule } = words.value;
  return (
    <div class="page">
      <div>
        <p>
          <a class="soft back" href={href("/alerts/rules")}>
            ← {rule.back}
          </a>
        </p>
        <h1>{rule.title}</h1>
      </div>
      <Loaded of={found}>{(known) => <Editor known={known} />}</Loaded>
    </div>
  );
}

function Editor({ known }: { known: Known }): JSX.Element {
  const draft = useSignal<Draft>({ ...EMPTY, server: query.peek().get("server") ?? "" });
  return (
    <div class="two editor">
      <RuleForm known={known} draft={draft} />
      <Preview draft={draft} />
    </div>
  );
}

function RuleForm({ known, draft }: { known: Known; draft: Signal<Draft> }): JSX.Element {
  const tells = useSignal<readonly string[]>([]);
  const { rule, alerts } = words.value;
  const condition = conditionOf(draft.value);
  const create = useDeed(async (enabled: boolean) => {
    const { name, server, severity } = draft.peek();
    const scope = server ? { server_ulids: [server] } : {};
    const body = { name, severity, condition: conditionOf(draft.peek()) as never, channel_ids: [...tells.peek()], enabled, ...scope };
    await ask("POST /rules", { body });
    go(href("/alerts/rules"));
  });
  const isWhole = condition !== null && draft.value.name.trim() !== "";
  const set = (name: keyof Draft, value: string): void => void (draft.value = { ...draft.value, [name]: value });
  const field = (name: keyof Draft, label: string, more: JSX.IntrinsicElements["input"] = {}): JSX.Element => (
    <label>
      {label}
      <input {...more} name={name} autocomplete="off" value={draft.value[name]} onInput={(event) => set(name, event.currentTarget.value)} />
    </label>
  );
  const select = (name: keyof Draft, label: string, options: readonly (readonly [string, string])[]): JSX.Element => (
    <label>
      {label}
      <select name={name} value={draft.value[name]} onChange={(event) => set(name, event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key} selected={draft.value[name] === key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
  const { kind, quantity } = draft.value;
  const withUnit = (label: string): string => (unit(quantity) ? `${label}, ${unit(quantity)}` : label);
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        create.run(true);
      }}
    >
      {field("name", rule.name, { required: true, maxLength: 200 })}
      {select("server", rule.server, [["", rule.allServers], ...known.servers.map((one) => [one.server_ulid, one.server_name] as const)])}
      {select("kind", rule.kind, KINDS.map((name) => [name, rule.kinds[name]]))}
      {kind === "offline" ? null : select("quantity", rule.quantity, known.quantities.map((one) => [one.name, quantityName(one.name)]))}
      <div class="form">
        {kind === "above" || kind === "below" ? field("level", withUnit(rule.level), { required: true, inputMode: "decimal" }) : null}
        {kind === "outside" ? field("low", withUnit(rule.low), { required: true, inputMode: "decimal" }) : null}
        {kind === "outside" ? field("high", withUnit(rule.high), { required: true, inputMode: "decimal" }) : null}
        {kind === "offline" || kind === "nodata" ? null : field("hysteresis", withUnit(rule.hysteresis), { inputMode: "decimal", placeholder: "0" })}
        {field("hold", kind === "nodata" ? rule.without : rule.hold, { type: "number", min: 0, max: 604_800 })}
      </div>
      {select("severity", rule.severity, SEVERITIES.map((name) => [name, alerts.severities[name] ?? name]))}
      <Channels known={known.channels} tells={tells} />
      {create.error ? <ErrorNote error={create.error} /> : null}
      <div class="form">
        <Button kind="main" type="submit" disabled={!isWhole || create.busy}>
          {rule.create}
        </Button>
        <Button disabled={!isWhole || create.busy} onClick={() => create.run(false)}>
          {rule.createOff}
        </Button>
      </div>
    </form>
  );
}

function Channels({ known, tells }: { known: readonly ChannelRead[]; tells: Signal<readonly string[]> }): JSX.Element {
  const { rule } = words.value;
  if (known.length === 0) return <p class="soft">{rule.noChannels}</p>;
  const toggle = (id: string, isOn: boolean): void => void (tells.value = isOn ? [...tells.value, id] : tells.value.filter((one) => one !== id));
  return (
    <fieldset class="choices">
      <legend>{rule.channels}</legend>
      {known.map((channel) => (
        <label key={channel.channel_id}>
          <input type="checkbox" checked={tells.value.includes(channel.channel_id)} onChange={(event) => toggle(channel.channel_id, event.currentTarget.checked)} />
          {channel.name}
        </label>
      ))}
    </fieldset>
  );
}
