// How a rule would have fired over the past: counted, and drawn on the readings.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import type { BacktestReport, Judged, ServerRead } from "../api/schema";
import type { Marks } from "../charts/marks";
import { type Range, type Span, lastOf } from "../charts/span";
import { share, tick } from "../format";
import { ErrorNote, Skeleton } from "../ui/parts";
import { quantityName, words } from "../words";
import { backtest } from "./backtest";
import { type Simple, hasLevels, simpleOf } from "./condition";
import { type Draft, judgedOf } from "./draft";
import { Evidence } from "./evidence";
import { levelsOf } from "./levels";
import { Suggest } from "./suggest";
import { conditionText, lengthText } from "./wording";

const OVER: readonly Range[] = ["24h", "7d", "30d", "1y"];
// Whoever types goes on typing: asked is when they rest.
const REST_MS = 400;

interface Props {
  draft: Signal<Draft>;
  servers: readonly ServerRead[];
  /** Set to what went wrong; what of it belongs to no field is `rest`. */
  failed: Signal<unknown>;
  rest: unknown;
}

export function Preview({ draft, servers, failed, rest }: Props): JSX.Element {
  const range = useSignal<Range>("7d");
  const report = useSignal<BacktestReport | null>(null);
  const judged = useComputed(() => judgedOf(draft.value));
  const key = judged.value && JSON.stringify([judged.value, range.value]);
  useEffect(() => {
    if (!key) {
      failed.value = null;
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => void look(judged.peek(), abort.signal), REST_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key]);
  const look = async (what: Judged | null, signal: AbortSignal): Promise<void> => {
    try {
      const found = what && (await backtest(what, range.peek(), null, signal));
      if (signal.aborted) return;
      report.value = found;
      failed.value = null;
    } catch (error) {
      if (!signal.aborted) failed.value = error;
    }
  };
  const { rule } = words.value;
  const { parts } = draft.value;
  const [only] = parts;
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
      <div aria-live="polite">
        {judged.value && report.value ? <Summary report={report.value} /> : null}
        {judged.value && !report.value && !failed.value ? <Skeleton rows={1} /> : null}
        {judged.value ? null : <p class="soft">{rule.incomplete}</p>}
      </div>
      {rest ? <ErrorNote error={rest} /> : null}
      <Drawn draft={draft} servers={servers} report={report} range={range} />
      {parts.length === 1 && only && hasLevels(only) ? <Suggest draft={draft} judged={judged} range={range} /> : null}
    </section>
  );
}

function Summary({ report: { firing, coverage } }: { report: BacktestReport }): JSX.Element {
  const { rule } = words.value;
  const parts = [
    firing.count > 1 ? rule.perWeek(tick(Math.round(firing.per_week * 10) / 10)) : "",
    firing.flaps > 0 ? rule.flaps(firing.flaps) : "",
    firing.total_seconds > 0 ? rule.open(lengthText(firing.total_seconds)) : "",
    firing.count > 1 && firing.longest_seconds ? rule.longest(lengthText(firing.longest_seconds)) : "",
    coverage.readings > 0 ? rule.coverage(share(coverage.share)) : "",
  ];
  return (
    <p>
      <b class="would">{rule.wouldHave(firing.count)}</b> <span class="soft">{parts.filter(Boolean).join(" · ")}</span>
    </p>
  );
}

type DrawnProps = Pick<Props, "draft" | "servers"> & { report: ReadonlySignal<BacktestReport | null>; range: ReadonlySignal<Range> };

/** The only server, or the one at which it would have fired most often; a chart for each quantity. */
function Drawn({ draft, servers, report, range }: DrawnProps): JSX.Element | null {
  const { rule } = words.value;
  const { parts, servers: chosen } = draft.value;
  const server = (chosen.length === 1 ? chosen[0] : report.value?.by_server[0]?.server_ulid) ?? "";
  const span = useComputed<Span>(() => lastOf(range.value, Date.now()));
  const quantities = [...new Set(parts.flatMap((one) => (one.kind === "offline" ? [] : one.quantity)))];
  if (quantities.length === 0) return null;
  if (!server) return <p class="soft">{rule.chooseServer}</p>;
  const name = servers.find((one) => one.server_ulid === server)?.server_name ?? server;
  return (
    <>
      {chosen.length === 1 ? null : <p class="soft">{rule.mostAt(name)}</p>}
      {quantities.map((quantity) => (
        <OfQuantity key={`${server} ${quantity} ${range.value}`} server={server} quantity={quantity} isOne={quantities.length === 1} draft={draft} report={report} span={span} />
      ))}
    </>
  );
}

function OfQuantity({ server, quantity, isOne, draft, report, span }: Pick<DrawnProps, "draft" | "report"> & {
  server: string;
  quantity: string;
  isOne: boolean;
  span: ReadonlySignal<Span>;
}): JSX.Element {
  const conditions = useComputed(() => draft.value.parts.flatMap((part) => (part.kind !== "offline" && part.quantity === quantity ? (simpleOf(part) ?? []) : [])));
  const marks = useComputed<Marks>(() => ({ levels: conditions.value.flatMap((one: Simple) => levelsOf(one)), areas: areasOf(report.value, server) }));
  return (
    <>
      {isOne ? null : <h3>{quantityName(quantity)}</h3>}
      <Evidence server={server} quantity={quantity} span={span} marks={marks} label={conditions.value.map(conditionText).join("; ")} />
    </>
  );
}

/** When it would have been open at a server, seconds. */
function areasOf(report: BacktestReport | null, server: string): [number, number][] {
  const seconds = (instant: string): number => Date.parse(instant) / 1000;
  return (report?.incidents ?? [])
    .filter((one) => one.server_ulid === server)
    .map((one) => [seconds(one.opened_at), seconds(one.resolved_at ?? report?.end_time ?? "")]);
}
