// Where a rule looks, when that matters, and who is told.
import type { JSX } from "preact";
import type { ChannelRead, ServerRead } from "../api/schema";
import { ServerChoice } from "../ui/server-choice";
import { zoneOptions } from "../ui/zones";
import { words } from "../words";
import { type Draft, type Hours, usualHours } from "./draft";
import { Fault, Field, SelectField } from "./fields";
import { WEEKDAYS, weekdayNames } from "./wording";

interface Props {
  draft: Draft;
  faults: ReadonlyMap<string, string>;
  change: (changed: Partial<Draft>) => void;
}

export function Scope({ draft, faults, change, known }: Props & { known: readonly ServerRead[] }): JSX.Element {
  const { rule } = words.value;
  const names = new Set(known.flatMap(({ tags }) => Object.keys(tags)));
  const values = new Set(known.flatMap(({ tags }) => tags[draft.tagName] ?? []));
  return (
    <fieldset class="part">
      <legend>{rule.where}</legend>
      <ServerChoice
        known={known}
        chosen={draft.servers}
        choose={(servers) => change({ servers })}
        name="servers"
        fault={<Fault of="servers" text={faults.get("servers")} />}
      />
      <div class="form">
        <Field name="tagName" label={rule.tagName} value={draft.tagName} fault={faults.get("tagName")} change={(tagName) => change({ tagName })} list="tag-names" required={draft.tagValue !== ""} />
        <Field name="tagValue" label={rule.tagValue} value={draft.tagValue} fault={faults.get("tagValue")} change={(tagValue) => change({ tagValue })} list="tag-values" />
      </div>
      <Suggestions id="tag-names" of={names} />
      <Suggestions id="tag-values" of={values} />
    </fieldset>
  );
}

function Suggestions({ id, of: texts }: { id: string; of: ReadonlySet<string> }): JSX.Element {
  return (
    <datalist id={id}>
      {[...texts].map((text) => (
        <option key={text} value={text}>
          {text}
        </option>
      ))}
    </datalist>
  );
}

export function Schedule({ draft: { hours }, faults, change }: Props): JSX.Element {
  const { rule } = words.value;
  return (
    <fieldset class="part">
      <legend>{rule.when}</legend>
      <div class="choices">
        <label>
          <input type="checkbox" name="scheduled" checked={hours !== null} onChange={(event) => change({ hours: event.currentTarget.checked ? usualHours() : null })} />
          {rule.atHours}
        </label>
      </div>
      {hours ? <HoursFields hours={hours} faults={faults} change={(changed) => change({ hours: { ...hours, ...changed } })} /> : null}
    </fieldset>
  );
}

function HoursFields({ hours, faults, change }: {
  hours: Hours;
  faults: ReadonlyMap<string, string>;
  change: (changed: Partial<Hours>) => void;
}): JSX.Element {
  const { rule } = words.value;
  const names = weekdayNames();
  const toggle = (day: Hours["weekdays"][number], isOn: boolean): void => change({ weekdays: WEEKDAYS.filter((one) => (one === day ? isOn : hours.weekdays.includes(one))) });
  return (
    <>
      <div class="choices" role="group" aria-label={rule.weekdays} aria-describedby={faults.has("hours.weekdays") ? "fault-hours.weekdays" : undefined}>
        {WEEKDAYS.map((day, index) => (
          <label key={day}>
            <input type="checkbox" name="weekday" value={day} checked={hours.weekdays.includes(day)} onChange={(event) => toggle(day, event.currentTarget.checked)} />
            {names[index]}
          </label>
        ))}
      </div>
      <Fault of="hours.weekdays" text={faults.get("hours.weekdays")} />
      <div class="form">
        <Field name="hours.start" label={rule.from} value={hours.start} fault={faults.get("hours.start")} change={(start) => change({ start })} type="time" required />
        {/* A clock has no 24:00; midnight ends the day all the same. */}
        <Field
          name="hours.end"
          label={rule.until}
          value={hours.end === "24:00" ? "00:00" : hours.end}
          fault={faults.get("hours.end")}
          change={(end) => change({ end: end === "00:00" ? "24:00" : end })}
          type="time"
          required
        />
        <SelectField name="hours.zone" label={rule.zone} value={hours.zone} fault={faults.get("hours.zone")} change={(zone) => change({ zone })} options={zoneOptions(hours.zone)} />
      </div>
      <p class="soft">{rule.hoursHint}</p>
    </>
  );
}

export function Channels({ draft, faults, change, known }: Props & { known: readonly ChannelRead[] }): JSX.Element {
  const { rule } = words.value;
  if (known.length === 0) return <p class="soft">{rule.noChannels}</p>;
  const toggle = (id: string, isOn: boolean): void => change({ channels: isOn ? [...draft.channels, id] : draft.channels.filter((one) => one !== id) });
  return (
    <fieldset class="choices">
      <legend>{rule.channels}</legend>
      {known.map((channel) => (
        <label key={channel.channel_id}>
          <input type="checkbox" checked={draft.channels.includes(channel.channel_id)} onChange={(event) => toggle(channel.channel_id, event.currentTarget.checked)} />
          {channel.name}
        </label>
      ))}
      <Fault of="channels" text={faults.get("channels")} />
    </fieldset>
  );
}
