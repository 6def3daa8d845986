// An export: which servers, which time, which form; a job writes the file.
import type { JSX } from "preact";
import { type Signal, useSignal } from "@preact/signals";
import { ask, askAll } from "../api/client";
import { useLatest, useResource } from "../api/resource";
import type { JobRead } from "../api/schema";
import { STEPS } from "../charts/load";
import { RANGES, RANGE_NAMES, type Range } from "../charts/span";
import { FUNCTIONS } from "../explore/asked";
import { instantIn } from "../format";
import { workspace, zone } from "../settings";
import { Button, ErrorNote, fieldsOf, useDeed } from "../ui/parts";
import { ServerChoice } from "../ui/server-choice";
import { words } from "../words";

const FORMATS = ["csv", "parquet", "ndjson", "arrow", "json"] as const;
type Format = (typeof FORMATS)[number];
/** Whoever exports wants at least an hour. */
const WINDOWS: readonly Range[] = RANGE_NAMES.filter((name) => RANGES[name] >= 3600);

export function ExportForm({ started }: { started: (job: JobRead) => void }): JSX.Element {
  const chosen = useSignal<readonly string[]>([]);
  const period = useSignal<string>("24h");
  const step = useSignal("");
  const start = useDeed(async (fields: Record<string, string>) => {
    const [from, to] = bounds(fields);
    const computed = step.value ? { aggregation: step.value, function: [fields["function"] ?? "mean"], tz: zone.peek(), ...(fields["apart"] ? { group_by: "server" } : {}) } : {};
    const body = { server_ulid: [...chosen.value], ...(from ? { start_time: from } : {}), ...(to ? { end_time: to } : {}), ...computed };
    started(await ask("POST /exports", { body: { ...body, format: fields["format"] as Format } }));
  });
  const known = useLatest(
    useResource((signal) => {
      void workspace.value;
      return askAll("GET /servers", { signal });
    }),
  );
  const { jobs, explore } = words.value;
  return (
    <section class="card" aria-labelledby="export-title">
      <h2 id="export-title">{jobs.exportTitle}</h2>
      <form class="stack" onSubmit={(event) => start.run(fieldsOf(event))}>
        <ServerChoice known={known.value ?? []} chosen={chosen.value} choose={(servers) => (chosen.value = servers)} />
        <div class="form">
          <Select name="window" label={jobs.window} value={period} options={[...WINDOWS.map((name) => [name, jobs.lastOf[name] ?? name] as const), ["all", jobs.allTime], ["custom", jobs.custom]]} />
          <Select name="step" label={jobs.points} value={step} options={[["", words.value.server.raw], ...STEPS.map((name) => [name, explore.steps[name] ?? name] as const)]} />
          {step.value ? <Select name="function" label={explore.function} options={FUNCTIONS.map((name) => [name, explore.functions[name] ?? name])} /> : null}
          <Select name="format" label={jobs.format} options={FORMATS.map((name) => [name, jobs.formatNames[name]])} />
        </div>
        {period.value === "custom" ? <Custom /> : null}
        {step.value ? (
          <div class="choices">
            <label>
              <input type="checkbox" name="apart" defaultChecked />
              {jobs.apart}
            </label>
          </div>
        ) : null}
        {start.error ? <ErrorNote error={start.error} /> : null}
        <div class="form">
          <Button kind="main" type="submit" disabled={start.busy}>
            {jobs.export}
          </Button>
        </div>
      </form>
    </section>
  );
}

function bounds({ window: name = "", from = "", to = "" }: Record<string, string>): [string?, string?] {
  if (name === "all") return [];
  if (name === "custom") return [instantIn(zone.peek(), from), instantIn(zone.peek(), to)];
  const now = Date.now();
  return [new Date(now - RANGES[name as Range] * 1000).toISOString(), new Date(now).toISOString()];
}

function Custom(): JSX.Element {
  const { jobs } = words.value;
  return (
    <div class="form">
      <label>
        {jobs.from}
        <input type="datetime-local" name="from" required step={1} />
      </label>
      <label>
        {jobs.to}
        <input type="datetime-local" name="to" required step={1} />
      </label>
    </div>
  );
}

function Select({ name, label, options, value }: {
  name: string;
  label: string;
  options: readonly (readonly [string, string])[];
  value?: Signal<string>;
}): JSX.Element {
  const bound = value ? { value: value.value, onChange: (event: { currentTarget: HTMLSelectElement }): void => void (value.value = event.currentTarget.value) } : {};
  return (
    <label class="short">
      {label}
      <select name={name} {...bound}>
        {options.map(([key, text]) => (
          <option key={key} value={key} selected={value?.value === key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
