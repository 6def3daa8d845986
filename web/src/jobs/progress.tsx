// How far an import is, and what came of it.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { JobRead } from "../api/schema";
import { count } from "../format";
import { Button } from "../ui/parts";
import { words } from "../words";

const isOver = (job: JobRead): boolean => !["queued", "running"].includes(job.state);
const LOOK_MS = 500;
const SHOWN_REFUSALS = 100;
const COUNTS = ["rows", "accepted", "duplicates", "updated"] as const;

interface Receipt {
  rejected_count?: number;
  rejected?: { index: number; detail: string }[];
}

export function Progress({ first, look, another }: {
  first: JobRead;
  look: (id: string) => Promise<JobRead>;
  another: () => void;
}): JSX.Element {
  const job = useSignal(first);
  useEffect(() => {
    const timer = setInterval(() => {
      if (isOver(job.value)) return clearInterval(timer);
      look(first.job_id).then((found) => (job.value = found), () => undefined);
      return undefined;
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [first.job_id]);
  const { jobs } = words.value;
  const { state, progress, error, result } = job.value;
  const ended = isOver(job.value);
  return (
    <section class="card" aria-live="polite">
      <h2 data-job={state}>{jobs.states[state]}</h2>
      {ended ? null : <progress value={progress} aria-label={jobs.states[state]} />}
      {error ? (
        <p class="problem" role="alert">
          {error}
        </p>
      ) : null}
      {result ? <Outcome result={result} /> : null}
      {ended ? (
        <p>
          <Button onClick={another}>{jobs.another}</Button>
        </p>
      ) : null}
    </section>
  );
}

function Outcome({ result }: { result: Record<string, unknown> }): JSX.Element {
  const { jobs } = words.value;
  const { rejected_count: refused = 0, rejected = [] } = result as Receipt;
  return (
    <>
      <dl class="keys">
        {COUNTS.filter((name) => typeof result[name] === "number").map((name) => (
          <>
            <dt>{jobs[name]}</dt>
            <dd>{count(result[name] as number)}</dd>
          </>
        ))}
        <dt>{jobs.rejected}</dt>
        <dd>{count(refused)}</dd>
      </dl>
      {rejected.length > 0 ? (
        <div class="scroll" tabIndex={0}>
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">{jobs.line}</th>
                <th scope="col">{jobs.reason}</th>
              </tr>
            </thead>
            <tbody>
              {rejected.slice(0, SHOWN_REFUSALS).map((one) => (
                <tr key={one.index}>
                  <td>{count(one.index + 1)}</td>
                  <td>{one.detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </>
  );
}
