// What is and was under way in the workspace: imports, deletions and the rest.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { JobRead } from "../api/schema";
import { isAdmin, mayWrite } from "../api/session";
import { instants, share } from "../format";
import { href } from "../router";
import { workspace } from "../settings";
import { Button, ErrorNote, Loaded, useDeed } from "../ui/parts";
import { Rows } from "../ui/rows";
import { words } from "../words";
import { Download } from "./file";
import { isOver } from "./progress";

const SHOWN = 30;
const LOOK_MS = 2000;

export function JobList(): JSX.Element {
  const found = useResource((signal) => {
    void workspace.value;
    return ask("GET /jobs", { query: { limit: SHOWN }, signal });
  });
  useEffect(() => {
    const timer = setInterval(() => {
      const state = found.state.peek();
      if (!document.hidden && state.kind === "ready" && !state.value.every(isOver)) found.again();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const { jobs } = words.value;
  return (
    <section class="card" aria-labelledby="jobs-title">
      <h2 id="jobs-title">{jobs.recent}</h2>
      <Loaded of={found}>
        {(list) => (list.length === 0 ? <p class="soft">{jobs.none}</p> : <Table list={list} again={found.again} />)}
      </Loaded>
    </section>
  );
}

// As in app/jobs/control.py: only an administrator begins these, and so tries them again.
const ADMINISTRATIVE = new Set(["deletion", "data_deletion", "seal", "verification"]);

function mayRetry({ kind, state }: JobRead): boolean {
  const may = ADMINISTRATIVE.has(kind) ? isAdmin.value : mayWrite.value;
  return may && ["failed", "cancelled"].includes(state);
}

function Table({ list, again }: { list: readonly JobRead[]; again: () => void }): JSX.Element {
  const { jobs, admin, action } = words.value;
  const cancel = useDeed(async (id: string) => {
    await ask("POST /jobs/{job_id}/cancel", { path: { job_id: id } });
    again();
  });
  const retry = useDeed(async (id: string) => {
    await ask("POST /jobs/{job_id}/retry", { path: { job_id: id } });
    again();
  });
  const error = cancel.error ?? retry.error;
  return (
    <>
      {error ? <ErrorNote error={error} /> : null}
      <Rows heads={[admin.what, admin.when, admin.who, jobs.state]} acts>
        {list.map((job) => (
          <tr key={job.job_id}>
            <td>
              <a href={href("/jobs", { job: job.job_id })}>{jobs.kinds[job.kind] ?? job.kind}</a>
            </td>
            <td>{instants.full(Date.parse(job.created_at))}</td>
            <td>{job.owner?.name ?? job.owner?.kind ?? ""}</td>
            <td>
              {jobs.states[job.state]} {job.state === "running" ? share(job.progress) : ""}
              {job.error ? <div class="soft">{job.error}</div> : null}
            </td>
            <td>
              <Download job={job} />
              {mayWrite.value && !isOver(job) && !job.cancel_requested ? (
                <Button disabled={cancel.busy} onClick={() => cancel.run(job.job_id)}>
                  {action.cancel}
                </Button>
              ) : null}
              {mayRetry(job) ? (
                <Button disabled={retry.busy} onClick={() => retry.run(job.job_id)}>
                  {words.value.problem.again}
                </Button>
              ) : null}
            </td>
          </tr>
        ))}
      </Rows>
    </>
  );
}
