// How a rule would have fired over the past: drawn on the readings, counted, and turned into a suggestion.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { Problem, ask } from "../api/client";
import type { BacktestReport, JobRead } from "../api/schema";
import type { Marks } from "../charts/marks";
import { RANGES, type Range, type Span } from "../charts/span";
import { count, share } from "../format";
import { Button, ErrorNote, Skeleton, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";
import { type Draft, conditionOf, judgedOf, withLevels } from "./draft";
import { Evidence } from "./evidence";
import { levelsOf } from "./levels";
import { type Condition, conditionText, lengthText } from "./wording";

const OVER: readonly Range[] = ["24h", "7d", "30d", "1y"];
// Whoever types goes on typing: asked is when they rest.
const REST_MS = 400;
const LOOK_MS = 500;
const MOST_DRAWN = 500;

interface Asked {
  condition: Condition;
  server_ulids: string[] | null;
  range: Range;
}

export function Preview({ draft }: { draft: Signal<Draft> }): JSX.Element {
  const range = useSignal<Range>("7d");
  const report = useSignal<BacktestReport | null>(null);
  const asked = useComputed<Asked | null>(() => {
    const condition = conditionOf(draft.value);
    return condition && condition.kind !== "offline" ? { ...judgedOf(draft.value, condition), range: range.value } : null;
  });
  const deed = useDeed(async (what: Asked, signal: AbortSignal) => {
    const found = await backtest(what, null, signal);
    if (!signal.aborted) report.value = found;
  });
  const key = JSON.stringify(asked.value);
  useEffect(() => {
    const what = asked.peek();
    const abort = new AbortController();
    const timer = setTimeout(() => what && deed.run(what, abort.signal), REST_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key]);
  const { rule } = words.value;
  return (
    <section class="card" aria-labelledby="preview-title">
      <div class="head">
        <h2 id="preview-title">{rule.preview}</h2>
        <div class="ranges" role="group" aria-label={rule.over}>
          {OVER.map((name) => (
            <button key={name} type="button" aria-pressed={range.value === name} onClick={() => (range.value = name)}>
              {name}
            </button>
          ))}
        </div>
      </div>
      {draft.value.kind === "offline" ? <p class="soft">{rule.offlineHint}</p> : null}
      <div aria-live="polite">
        {asked.value && report.value ? <Summary report={report.value} /> : null}
        {asked.value && !report.value && !deed.error ? <Skeleton rows={1} /> : null}
      </div>
      {deed.error && !isAbort(deed.error) ? <ErrorNote error={deed.error} /> : null}
      <Drawn draft={draft} report={report} range={range} />
      {asked.value?.condition.kind === "threshold" ? <Suggest draft={draft} asked={asked} /> : null}
    </section>
  );
}

const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

async function backtest({ condition, server_ulids: servers, range }: Asked, wanted: number | null, signal: AbortSignal | null): Promise<BacktestReport> {
  const rule = { condition, server_ulids: servers } as never;
  const start = new Date(Date.now() - RANGES[range] * 1000).toISOString();
  const body = { rule, start_time: start, max_incidents: MOST_DRAWN, ...(wanted === null ? {} : { wanted: { incidents: wanted, per: "week" as const } }) };
  const found = (await ask("POST /rules/backtest", { body, ...(signal ? { signal } : {}) })) as BacktestReport | JobRead;
  return "job_id" in found ? ended(found, signal) : found;
}

/** A larger one is a job: wait for its result. */
async function ended(job: JobRead, signal: AbortSignal | null): Promise<BacktestReport> {
  let now = job;
  while (["queued", "running"].includes(now.state)) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    now = await ask("GET /jobs/{job_id}", { path: { job_id: job.job_id }, ...(signal ? { signal } : {}) });
  }
  if (now.state !== "done") throw new Problem(422, "", now.error ?? now.state);
  return now.result as unknown as BacktestReport;
}

function Summary({ report: { firing, coverage } }: { report: BacktestReport }): JSX.Element {
  const { rule } = words.value;
  const parts = [
    firing.count > 1 ? rule.perWeek(count1(firing.per_week)) : "",
    firing.flaps > 0 ? rule.flaps(firing.flaps) : "",
    firing.total_seconds > 0 ? rule.open(lengthText(firing.total_seconds)) : "",
    firing.count > 1 && firing.longest_seconds ? rule.longest(lengthText(firing.longest_seconds)) : "",
    rule.coverage(share(coverage.share)),
  ];
  return (
    <p>
      <b class="would">{rule.wouldHave(firing.count)}</b> <span class="soft">{parts.filter(Boolean).join(" · ")}</span>
    </p>
  );
}

const count1 = (number: number): string => count(Math.round(number * 10) / 10);

function Drawn({ draft, report, range }: { draft: Signal<Draft>; report: Signal<BacktestReport | null>; range: Signal<Range> }): JSX.Element {
  const { rule } = words.value;
  const { server, quantity, kind } = draft.value;
  const span = useComputed<Span>(() => {
    const now = Date.now();
    return { range: range.value, from: now - RANGES[range.value] * 1000, to: now };
  });
  const marks = useComputed<Marks>(() => {
    const condition = conditionOf(draft.value);
    const areas = (report.value?.incidents ?? []).map((one) => [Date.parse(one.opened_at) / 1000, Date.parse(one.resolved_at ?? report.value?.end_time ?? "") / 1000] as const);
    return { levels: condition ? levelsOf(condition) : [], areas };
  });
  if (kind === "offline") return <></>;
  if (!server) return <p class="soft">{rule.chooseServer}</p>;
  const condition = conditionOf(draft.value);
  return <Evidence key={`${server} ${quantity} ${range.value}`} server={server} quantity={quantity} span={span} marks={marks} label={condition ? conditionText(condition) : ""} />;
}

function Suggest({ draft, asked }: { draft: Signal<Draft>; asked: { readonly value: Asked | null } }): JSX.Element {
  const found = useSignal<BacktestReport["suggestion"] | undefined>(undefined);
  const { rule } = words.value;
  const deed = useDeed(async (wanted: number) => {
    if (asked.value) found.value = (await backtest(asked.value, wanted, null)).suggestion;
  });
  const condition = found.value?.condition as Condition | undefined;
  return (
    <form class="form suggest" onSubmit={(event) => deed.run(Number(fieldsOf(event)["wanted"]))}>
      <label>
        {rule.atMost}
        <span class="with-unit">
          <input name="wanted" type="number" min={0} step={1} defaultValue="2" required />
          {rule.aWeek}
        </span>
      </label>
      <Button type="submit" disabled={deed.busy}>
        {deed.busy ? rule.working : rule.suggest}
      </Button>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
      <div class="suggestion" aria-live="polite">
        {found.value === null ? rule.noSuggestion : null}
        {condition && found.value ? (
          <>
            {rule.suggested(conditionText(condition), found.value.count)}{" "}
            <Button onClick={() => (draft.value = withLevels(draft.value, condition))}>{rule.use}</Button>
          </>
        ) : null}
      </div>
    </form>
  );
}
