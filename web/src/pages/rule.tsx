// A rule, new or to be changed: what it looks at, drawn on the readings while it is being written.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { newPart } from "../alerts/condition";
import { type Draft, MOST_PARTS, SEVERITIES, conditionOf, draftOf, newDraft, ruleOf, withPart } from "../alerts/draft";
import { type Faults, faultsOf } from "../alerts/faults";
import { Field, Seconds, SelectField } from "../alerts/fields";
import { PartFields } from "../alerts/part";
import { Preview } from "../alerts/preview";
import { Channels, Schedule, Scope } from "../alerts/scope";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { ChannelRead, QuantityRead, RuleRead, ServerRead } from "../api/schema";
import { go, href, query } from "../router";
import { workspace } from "../settings";
import { Button, ErrorNote, Loaded } from "../ui/parts";
import { words } from "../words";

interface Known {
  servers: readonly ServerRead[];
  quantities: readonly QuantityRead[];
  channels: readonly ChannelRead[];
  /** null: a new one. */
  rule: RuleRead | null;
}

export function RulePage({ parameters: { id } }: { parameters: Record<string, string> }): JSX.Element {
  const found = useResource<Known>(async (signal) => {
    void workspace.value;
    const stored = id ? ask("GET /rules/{rule_id}", { path: { rule_id: id }, signal }) : Promise.resolve(null);
    const [servers, quantities, channels, rule] = await Promise.all([
      ask("GET /servers", { signal }),
      ask("GET /quantities", { signal }),
      ask("GET /channels", { signal }),
      stored,
    ]);
    return { servers, quantities, channels, rule };
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
        <h1>{id ? rule.titleOf : rule.title}</h1>
      </div>
      <Loaded of={found}>{(known) => <Editor known={known} />}</Loaded>
    </div>
  );
}

function Editor({ known }: { known: Known }): JSX.Element {
  const draft = useSignal<Draft>(known.rule ? draftOf(known.rule) : newDraft(query.peek().get("server") ?? ""));
  /** Why the last attempt to save it failed, until it is written on. */
  const refused = useSignal<unknown>(null);
  /** Why it could not be tried on the past. */
  const untried = useSignal<unknown>(null);
  useSignalEffect(() => {
    void draft.value;
    refused.value = null;
  });
  const tried = faultsOf(untried.value);
  const faults = refused.value ? faultsOf(refused.value) : { at: tried.at, rest: null };
  return (
    <div class="two editor">
      <RuleForm known={known} draft={draft} refused={refused} faults={faults} />
      <Preview draft={draft} servers={known.servers} failed={untried} rest={tried.rest} />
    </div>
  );
}

function RuleForm({ known, draft, refused, faults }: { known: Known; draft: Signal<Draft>; refused: Signal<unknown>; faults: Faults }): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const isBusy = useSignal(false);
  const { rule, alerts } = words.value;
  const change = (changed: Partial<Draft>): void => void (draft.value = { ...draft.value, ...changed });
  const save = async (isOn: boolean): Promise<void> => {
    isBusy.value = true;
    try {
      await store(known, draft.peek(), isOn);
      go(href("/alerts/rules"));
    } catch (error) {
      refused.value = error;
      // After the form has been drawn with what is wrong.
      setTimeout(() => form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus());
    } finally {
      isBusy.value = false;
    }
  };
  const { name, severity, reopen } = draft.value;
  const disabled = conditionOf(draft.value) === null || name.trim() === "" || isBusy.value;
  return (
    <form
      ref={form}
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void save(true);
      }}
    >
      <Field name="name" label={rule.name} value={name} fault={faults.at.get("name")} change={(text) => change({ name: text })} required maxLength={200} />
      <Parts draft={draft} known={known} faults={faults} />
      <Scope draft={draft.value} faults={faults.at} change={change} known={known.servers} />
      <Schedule draft={draft.value} faults={faults.at} change={change} />
      <div class="form">
        <SelectField
          name="severity"
          label={rule.severity}
          value={severity}
          fault={faults.at.get("severity")}
          change={(chosen) => change({ severity: chosen as Draft["severity"] })}
          options={SEVERITIES.map((one) => [one, alerts.severities[one] ?? one])}
        />
        <Seconds name="reopen" label={rule.reopen} value={reopen} fault={faults.at.get("reopen")} change={(text) => change({ reopen: text })} />
      </div>
      <Channels draft={draft.value} faults={faults.at} change={change} known={known.channels} />
      {faults.rest ? <ErrorNote error={faults.rest} /> : null}
      {known.rule ? <p class="soft">{rule.beginsAnew}</p> : null}
      <div class="form">
        <Button kind="main" type="submit" disabled={disabled}>
          {known.rule ? rule.save : rule.create}
        </Button>
        {known.rule ? null : (
          <Button disabled={disabled} onClick={() => form.current?.reportValidity() && void save(false)}>
            {rule.createOff}
          </Button>
        )}
      </div>
    </form>
  );
}

/** Store it; whether a stored one is on does not change by writing on it. */
async function store({ rule, channels }: Known, draft: Draft, isOn: boolean): Promise<void> {
  // What was deleted since tells nobody.
  const told = draft.channels.filter((id) => channels.some((one) => one.channel_id === id));
  const body = ruleOf({ ...draft, channels: told });
  if (!body) return;
  if (rule) await ask("PATCH /rules/{rule_id}", { path: { rule_id: rule.rule_id }, body });
  else await ask("POST /rules", { body: { ...body, enabled: isOn } });
}

function Parts({ draft, known, faults }: { draft: Signal<Draft>; known: Known; faults: Faults }): JSX.Element {
  const { rule } = words.value;
  const { parts, every } = draft.value;
  const several = parts.length > 1;
  const put = (changed: Partial<Draft>): void => void (draft.value = { ...draft.value, ...changed });
  return (
    <>
      {several ? (
        <SelectField
          name="every"
          label={rule.joined}
          value={every ? "all" : "any"}
          fault={undefined}
          change={(chosen) => put({ every: chosen === "all" })}
          options={[
            ["all", rule.all],
            ["any", rule.any],
          ]}
        />
      ) : null}
      {parts.map((part, index) => (
        <PartFields
          key={part.id}
          part={part}
          index={index}
          legend={several ? rule.part(index + 1) : rule.condition}
          quantities={known.quantities}
          faults={faults.at}
          change={(changed) => (draft.value = withPart(draft.value, index, changed))}
          remove={several ? () => put({ parts: parts.filter((one) => one !== part) }) : null}
        />
      ))}
      {parts.length < MOST_PARTS ? (
        <p>
          <Button onClick={() => put({ parts: [...parts, newPart(parts.at(-1)?.quantity)] })}>{rule.addPart}</Button>
        </p>
      ) : null}
    </>
  );
}
