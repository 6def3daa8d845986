// Readings in files: bring some in, take some out, and see what is and was under way.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { JobRead } from "../api/schema";
import { mayWrite } from "../api/session";
import { ExportForm } from "../jobs/export";
import { ImportForm } from "../jobs/import";
import { JobList } from "../jobs/list";
import { Progress } from "../jobs/progress";
import type { Sent } from "../jobs/refused";
import { change, query } from "../router";
import { workspace } from "../settings";
import { Loaded } from "../ui/parts";
import { words } from "../words";

export function JobsPage(): JSX.Element {
  // The file of an import that was begun here: rows that were refused are shown from it.
  const sent = useSignal<Sent | null>(null);
  const started = (job: JobRead, of: Sent | null): void => {
    sent.value = of;
    change({ job: job.job_id });
  };
  const shown = query.value.get("job");
  const { jobs } = words.value;
  return (
    <div class="page">
      <div>
        <h1>{jobs.title}</h1>
        <p class="soft">{jobs.lead}</p>
      </div>
      {shown ? (
        <One key={shown} id={shown} sent={sent.value} />
      ) : (
        <div class="two">
          {mayWrite.value ? <ImportForm started={started} /> : <p class="card">{jobs.viewer}</p>}
          <ExportForm started={(job) => started(job, null)} />
        </div>
      )}
      <JobList key={shown ?? ""} />
    </div>
  );
}

function One({ id, sent }: { id: string; sent: Sent | null }): JSX.Element {
  const look = (signal?: AbortSignal): Promise<JobRead> => ask("GET /jobs/{job_id}", { path: { job_id: id }, ...(signal ? { signal } : {}) });
  const found = useResource((signal) => {
    void workspace.value;
    return look(signal);
  });
  return (
    <Loaded of={found}>
      {(job) => <Progress first={job} look={() => look()} sent={sent} done={() => change({ job: "" })} />}
    </Loaded>
  );
}
