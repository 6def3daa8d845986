// How the installation is: from its own metrics, looked at twice.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { send } from "../api/client";
import { count } from "../format";
import { words } from "../words";

const LOOK_MS = 3000;

/** The sum of a metric over its labels; null when it is not there. */
function metric(text: string, name: string): number | null {
  const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) return null;
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

interface Look {
  at: number;
  stored: number | null;
}

export function Health(): JSX.Element {
  const rate = useSignal<number | null>(null);
  const streams = useSignal<number | null>(null);
  const isReady = useSignal<boolean | null>(null);
  useEffect(() => {
    let before: Look | null = null;
    const look = async (): Promise<void> => {
      isReady.value = await send("GET", "/readyz").then(
        () => true,
        () => false,
      );
      const text = await send("GET", "/metrics").then((answer) => answer.text(), () => "");
      const now: Look = { at: Date.now(), stored: metric(text, "sentinela_readings_total") };
      streams.value = metric(text, "sentinela_streams");
      if (before && now.stored !== null && before.stored !== null) {
        rate.value = ((now.stored - before.stored) / (now.at - before.at)) * 1000;
      }
      before = now;
    };
    void look();
    const timer = setInterval(() => document.hidden || void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const { admin } = words.value;
  const readiness = isReady.value === null ? "…" : isReady.value ? admin.fine : admin.notFine;
  return (
    <section class="card" aria-labelledby="health-title">
      <h2 id="health-title">{admin.health}</h2>
      <dl class="keys">
        <dt>{admin.ready}</dt>
        <dd>{readiness}</dd>
        {rate.value === null ? null : (
          <>
            <dt>{admin.stored}</dt>
            <dd>{count(Math.max(0, rate.value))}</dd>
          </>
        )}
        {streams.value === null ? null : (
          <>
            <dt>{admin.streams}</dt>
            <dd>{count(streams.value)}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
