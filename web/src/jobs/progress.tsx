// How far a job is, and what came of it.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { JobRead } from "../api/schema";
import { clock } from "../api/resource";
import { bytes, count, instants, share } from "../format";
import { Button } from "../ui/parts";
import { words } from "../words";
import { Download, exportOf } from "./file";
import { type Refusal, Refused, type Sent } from "./refused";

export const isOver = (job: JobRead): boolean => !["queued", "running"].includes(job.state);
const LOOK_MS = 500;
const COUNTS = ["rows", "accepted", "duplicates", "updated"] as const;

interface Receipt {
  rejected_count?: number;
  rejected?: Refusal[];
}

export function Progress({ first, look, sent, done }: {
  first: JobRead;
  look: () => Promise<JobRead>;
  sent: Sent | null;
  done: () => void;
}): JSX.Element {
  const job = useSignal(first);
  useEffect(() => {
    const timer = setInterval(() => {
      if (isOver(job.value)) return clearInterval(timer);
      look().then((found) => (job.value = found), () => undefined);
      return undefined;
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [first.job_id]);
  const { jobs } = words.value;
  const { state, progress, error, kind } = job.value;
  const ended = isOver(job.value);
  return (
    <section class="card" aria-live="polite">
      <div class="head">
        <h2 data-job={state}>
          {jobs.kinds[kind] ?? kind}: {jobs.states[state]}
        </h2>
        <Button onClick={done}>{jobs.another}</Button>
      </div>
      {ended ? null : (
        <div class="bar">
          <progress value={progress} aria-label={jobs.states[state]} />
          <span>{share(progress)}</span>
        </div>
      )}
      {error ? (
        <p class="problem" role="alert">
          {error}
        </p>
      ) : null}
      {kind === "export" ? <Exported job={job.value} /> : <Outcome job={job.value} sent={sent} />}
    </section>
  );
}

function Exported({ job }: { job: JobRead }): JSX.Element | null {
  const file = exportOf(job);
  const { jobs } = words.value;
  if (!file) return null;
  return (
    <>
      <dl class="keys">
        <dt>{jobs.rows}</dt>
        <dd>{count(file.rows)}</dd>
        <dt>{jobs.size}</dt>
        <dd>{bytes(file.bytes)}</dd>
        <dt>{jobs.keptUntil}</dt>
        <dd>{clock.value < file.keptUntil ? instants.full(file.keptUntil) : jobs.gone}</dd>
      </dl>
      <p>
        <Download job={job} kind="main" />
      </p>
    </>
  );
}

function Outcome({ job: { result, job_id: id }, sent }: { job: JobRead; sent: Sent | null }): JSX.Element | null {
  const { jobs } = words.value;
  if (!result) return null;
  const { rejected_count: refused, rejected = [] } = result as Receipt;
  return (
    <>
      <dl class="keys">
        {COUNTS.filter((name) => typeof result[name] === "number").map((name) => (
          <>
            <dt>{jobs[name]}</dt>
            <dd>{count(result[name] as number)}</dd>
          </>
        ))}
        {refused === undefined ? null : (
          <>
            <dt>{jobs.rejected}</dt>
            <dd>{count(refused)}</dd>
          </>
        )}
      </dl>
      {rejected.length > 0 ? <Refused refusals={rejected} sent={sent?.job === id ? sent : null} /> : null}
    </>
  );
}
