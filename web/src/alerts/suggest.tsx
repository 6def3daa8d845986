// The most sensitive levels that fire no more often than one wants.
import type { JSX } from "preact";
import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import type { BacktestReport, Judged } from "../api/schema";
import type { Range } from "../charts/span";
import { Button, ErrorNote, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";
import { backtest } from "./backtest";
import { type Draft, withLevels } from "./draft";
import { conditionText } from "./wording";

interface Props {
  draft: Signal<Draft>;
  judged: ReadonlySignal<Judged | null>;
  range: ReadonlySignal<Range>;
}

export function Suggest({ draft, judged, range }: Props): JSX.Element {
  const found = useSignal<BacktestReport["suggestion"] | undefined>(undefined);
  const { rule } = words.value;
  const deed = useDeed(async (wanted: number) => {
    if (judged.value) found.value = (await backtest(judged.value, range.peek(), wanted, null)).suggestion;
  });
  const suggested = found.value;
  return (
    <form class="form suggest" onSubmit={(event) => deed.run(Number(fieldsOf(event)["wanted"]))}>
      <label>
        {rule.atMost}
        <span class="with-unit">
          <input name="wanted" type="number" min={0} step={1} defaultValue="2" required />
          {rule.aWeek}
        </span>
      </label>
      <Button type="submit" disabled={deed.busy || !judged.value}>
        {deed.busy ? rule.working : rule.suggest}
      </Button>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
      <div class="suggestion" aria-live="polite">
        {suggested === null ? rule.noSuggestion : null}
        {suggested ? (
          <>
            {rule.suggested(conditionText(suggested.condition), suggested.count)}{" "}
            <Button onClick={() => (draft.value = withLevels(draft.value, suggested.condition))}>{rule.use}</Button>
          </>
        ) : null}
      </div>
    </form>
  );
}
