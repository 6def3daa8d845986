// One incident: why it fired, the readings behind it, what has happened since, and what to do about it.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useComputed } from "@preact/signals";
import { SeverityBadge } from "../alerts/badges";
import { Evidence } from "../alerts/evidence";
import { incidentsChanged } from "../alerts/firing";
import { levelsOf } from "../alerts/levels";
import { type Condition, conditionText, judged, lengthText } from "../alerts/wording";
import { ask } from "../api/client";
import { clock, useRefresh, useResource } from "../api/resource";
import type { IncidentDetail, TimelineEntry } from "../api/schema";
import { mayWrite } from "../api/session";
import type { Marks } from "../charts/marks";
import type { Span } from "../charts/span";
import { instants } from "../format";
import { href } from "../router";
import { workspace } from "../settings";
import { FormDialog } from "../ui/form-dialog";
import { Button, ErrorNote, Loaded, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";
import { lengthOf } from "./alerts";

const LOOK_MS = 5000;

interface Why {
  condition?: Condition;
  by?: Condition | string;
  value?: number;
  since?: string;
  held_seconds?: number;
}

export function IncidentPage({ parameters }: { parameters: Record<string, string> }): JSX.Element {
  const id = parameters["id"] ?? "";
  const found = useResource((signal) => {
    void [workspace.value, incidentsChanged.value];
    return ask("GET /incidents/{incident_id}", { path: { incident_id: id }, signal });
  });
  // Whom it reached and whom not is told to no stream.
  useRefresh(found, LOOK_MS);
  return (
    <div class="page">
      <Loaded of={found} rows={6}>
        {(incident) => <Incident incident={incident} again={found.again} />}
      </Loaded>
    </div>
  );
}

function Incident({ incident, again }: { incident: IncidentDetail; again: () => void }): JSX.Element {
  const { alerts } = words.value;
  const why = incident.why as Why;
  // Nobody, when the rule ended it, whoever looked after it before.
  const who = { open: null, acknowledged: incident.acknowledged_by, resolved: incident.resolved_by }[incident.state];
  return (
    <>
      <div class="head">
        <div>
          <p>
            <a class="soft back" href={href("/alerts")}>
              ← {alerts.back}
            </a>
          </p>
          <div class="title">
            <h1>{incident.rule_name}</h1>
            <SeverityBadge severity={incident.severity} />
          </div>
          <p class="soft">
            <a href={href(`/servers/${incident.server_ulid}`)}>{incident.server_name}</a>
            {` · ${alerts.states[incident.state]}`}
            {who ? ` ${alerts.byWhom(who)}` : ""}
            {` · ${lengthOf(incident)}`}
          </p>
        </div>
        {mayWrite.value ? <Actions incident={incident} again={again} /> : null}
      </div>
      {incident.silenced_until ? <p class="card">{alerts.silencedUntil(instants.full(Date.parse(incident.silenced_until)))}</p> : null}
      <section class="card" aria-labelledby="why-title">
        <h2 id="why-title">{alerts.why}</h2>
        <Because why={why} />
        <Behind incident={incident} why={why} />
      </section>
      <section class="card" aria-labelledby="timeline-title">
        <h2 id="timeline-title">{alerts.timeline}</h2>
        <ol class="timeline">
          {incident.timeline.map((entry) => (
            <Entry key={`${entry.at} ${entry.event} ${entry.notification_id ?? ""}`} entry={entry} />
          ))}
        </ol>
        {mayWrite.value ? <CommentForm id={incident.incident_id} again={again} /> : null}
      </section>
    </>
  );
}

/** The part that decided: of a rule of several conditions one of them. */
function decisive({ condition, by }: Why): Condition | undefined {
  if (typeof by === "object") return by;
  return condition?.conditions?.[0] ?? condition;
}

function Because({ why }: { why: Why }): JSX.Element {
  const { alerts } = words.value;
  const part = decisive(why);
  return (
    <>
      {why.condition ? <p>{conditionText(why.condition)}</p> : null}
      <dl class="keys">
        {why.value === undefined ? null : (
          <>
            <dt>{alerts.value}</dt>
            <dd>
              <b>{judged(part ?? { kind: "threshold" }, why.value)}</b>
            </dd>
          </>
        )}
        {why.held_seconds ? (
          <>
            <dt>{alerts.held}</dt>
            <dd>{lengthText(why.held_seconds)}</dd>
          </>
        ) : null}
      </dl>
    </>
  );
}

const LEAST_AROUND_MS = 300_000;

/** The chart: some time before, the incident itself, and some after. */
function Behind({ incident, why }: { incident: IncidentDetail; why: Why }): JSX.Element | null {
  const { alerts } = words.value;
  const part = decisive(why);
  const began = Date.parse(why.since ?? incident.opened_at);
  const opened = Date.parse(incident.opened_at);
  const end = incident.resolved_at === null ? null : Date.parse(incident.resolved_at);
  const span = useComputed<Span>(() => {
    // While it is open the chart grows by the half minute.
    const until = end ?? Math.ceil(clock.value / 30_000) * 30_000;
    const around = Math.max(LEAST_AROUND_MS, (until - began) / 2);
    return { range: null, from: began - around, to: end === null ? until : until + around };
  });
  const marks = useComputed<Marks>(() => ({ levels: part ? levelsOf(part) : [], areas: [[opened / 1000, (end ?? span.value.to) / 1000]] }));
  if (!part?.quantity) return null;
  const shown = { from: new Date(span.value.from).toISOString(), to: new Date(span.value.to).toISOString() };
  return (
    <>
      <h3>{alerts.readings}</h3>
      <Evidence server={incident.server_ulid} quantity={part.quantity} span={span} marks={marks} label={conditionText(part)} />
      <p>
        <a href={href(`/servers/${incident.server_ulid}`, shown)}>{alerts.openServer}</a>
      </p>
    </>
  );
}

function Entry({ entry }: { entry: TimelineEntry }): JSX.Element {
  const { alerts } = words.value;
  const who = entry.actor ?? (entry.channel_name ? alerts.through(entry.channel_name) : alerts.bySelf);
  return (
    <li data-event={entry.event}>
      <p>
        <b>{alerts.events[entry.event] ?? entry.event}</b> <span class="soft">{who}</span>
      </p>
      {entry.text ? <p class="remark">{entry.text}</p> : null}
      <small class="soft">{instants.full(Date.parse(entry.at))}</small>
    </li>
  );
}

function Actions({ incident, again }: { incident: IncidentDetail; again: () => void }): JSX.Element {
  const { alerts } = words.value;
  const path = { incident_id: incident.incident_id };
  const acknowledge = useDeed(async () => {
    await ask("POST /incidents/{incident_id}/acknowledge", { path });
    again();
  });
  const resolve = useDeed(async () => {
    if (!window.confirm(alerts.resolveSure)) return;
    await ask("POST /incidents/{incident_id}/resolve", { path });
    again();
  });
  const error = acknowledge.error ?? resolve.error;
  return (
    <div class="actions">
      {incident.state === "open" ? (
        <Button kind="main" disabled={acknowledge.busy} onClick={() => acknowledge.run()}>
          {alerts.acknowledge}
        </Button>
      ) : null}
      {incident.state === "resolved" ? null : (
        <Button disabled={resolve.busy} onClick={() => resolve.run()}>
          {alerts.resolve}
        </Button>
      )}
      <SilenceForm incident={incident} again={again} />
      {error ? <ErrorNote error={error} /> : null}
    </div>
  );
}

function SilenceForm({ incident, again }: { incident: IncidentDetail; again: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const { alerts } = words.value;
  const deed = useDeed(async ({ hours = "1", reason = "" }: Record<string, string>) => {
    const until = new Date(Date.now() + Number(hours) * 3_600_000).toISOString();
    await ask("POST /silences", { body: { reason, until, server_ulids: [incident.server_ulid], rule_ids: [incident.rule_id] } });
    dialog.current?.close();
    again();
  });
  return (
    <>
      <Button onClick={() => dialog.current?.showModal()}>{alerts.silence}</Button>
      <FormDialog dialog={dialog} id="silence-title" title={alerts.silence} does={alerts.silence} deed={deed} submit={(event) => deed.run(fieldsOf(event))}>
        <p class="soft">{alerts.silenceHint}</p>
        <label>
          {alerts.silenceFor}
          <select name="hours">
            {Object.entries(alerts.hours).map(([hours, text]) => (
              <option key={hours} value={hours}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          {alerts.silenceReason}
          <input name="reason" required maxLength={500} autocomplete="off" />
        </label>
      </FormDialog>
    </>
  );
}

function CommentForm({ id, again }: { id: string; again: () => void }): JSX.Element {
  const { alerts } = words.value;
  const form = useRef<HTMLFormElement>(null);
  const deed = useDeed(async (text: string) => {
    await ask("POST /incidents/{incident_id}/comments", { path: { incident_id: id }, body: { text } });
    form.current?.reset();
    again();
  });
  return (
    <form ref={form} class="form" onSubmit={(event) => deed.run(fieldsOf(event)["text"] ?? "")}>
      <label class="wide">
        {alerts.comment}
        <input name="text" required maxLength={4000} autocomplete="off" />
      </label>
      <Button type="submit" disabled={deed.busy}>
        {alerts.addComment}
      </Button>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
    </form>
  );
}
