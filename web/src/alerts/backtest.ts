// Asking how a rule would have fired over the past.
import { Problem, ask } from "../api/client";
import type { BacktestReport, JobRead, Judged } from "../api/schema";
import { RANGES, type Range } from "../charts/span";

const LOOK_MS = 500;
const MOST_DRAWN = 500;

/** The report; `wanted`: also levels at which it would fire so often a week. Throws Problem, Unreachable, AbortError. */
export async function backtest(rule: Judged, range: Range, wanted: number | null, signal: AbortSignal | null): Promise<BacktestReport> {
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
