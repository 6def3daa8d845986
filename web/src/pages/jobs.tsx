// Bringing in files: drop one, say what its columns hold, watch the import, see which rows were refused and why.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { ask, address, headers } from "../api/client";
import type { JobRead } from "../api/schema";
import { isAdmin, mayWrite } from "../api/session";
import { JobList } from "../jobs/list";
import { Progress } from "../jobs/progress";
import { HOLDS, type Holds, type Preview, guess, previewOf } from "../jobs/preview";
import { upload } from "../jobs/upload";
import { Button, ErrorNote, fieldsOf, useDeed } from "../ui/parts";
import { quantityName, words } from "../words";

export function JobsPage(): JSX.Element {
  const job = useSignal<JobRead | null>(null);
  const file = useSignal<File | null>(null);
  const { jobs } = words.value;
  const another = (): void => {
    job.value = null;
    file.value = null;
  };
  return (
    <div class="page">
      <div>
        <h1>{jobs.title}</h1>
        <p class="soft">{jobs.lead}</p>
      </div>
      {!mayWrite.value ? (
        <p class="card">{jobs.viewer}</p>
      ) : job.value ? (
        <Progress first={job.value} look={(id) => ask("GET /jobs/{job_id}", { path: { job_id: id } })} another={another} />
      ) : file.value ? (
        <Mapping file={file.value} started={(found) => (job.value = found)} cancel={another} />
      ) : (
        <Drop choose={(chosen) => (file.value = chosen)} />
      )}
      <JobList key={job.value?.job_id ?? ""} />
    </div>
  );
}

function Drop({ choose }: { choose: (file: File) => void }): JSX.Element {
  const isOver = useSignal(false);
  const { jobs } = words.value;
  const take = (files: FileList | null | undefined): void => {
    const file = files?.[0];
    if (file) choose(file);
  };
  return (
    <div
      class={`drop ${isOver.value ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => (isOver.value = false)}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        take(event.dataTransfer?.files);
      }}
    >
      <p>{jobs.drop}</p>
      <label class="button">
        {jobs.choose}
        <input class="hidden" type="file" accept=".csv,.gz,text/csv,application/gzip" onChange={(event) => take(event.currentTarget.files)} />
      </label>
    </div>
  );
}

interface MappingProps {
  file: File;
  started: (job: JobRead) => void;
  cancel: () => void;
}

function Mapping({ file, started, cancel }: MappingProps): JSX.Element {
  const preview = useSignal<Preview | null>(null);
  const holds = useSignal<Holds[]>([]);
  const sent = useSignal<number | null>(null);
  const read = useDeed(async () => {
    preview.value = await previewOf(file);
    holds.value = guess(preview.value.columns);
  });
  useEffect(read.run, [file]);
  const start = useDeed(async (create: boolean) => {
    const columns = preview.value?.columns ?? [];
    const mapped = Object.fromEntries(holds.value.map((what, index) => [`${what}_column`, columns[index] ?? ""]).filter(([name]) => name !== "_column"));
    const url = address("/imports", { ...mapped, create_servers: create || null });
    const job = await upload(url, file, headers(), (share) => (sent.value = share)).finally(() => (sent.value = null));
    started(job as JobRead);
  });
  const { jobs, action } = words.value;
  const isWhole = holds.value.includes("timestamp") && holds.value.includes("server");
  return (
    <form class="card" onSubmit={(event) => start.run("create" in fieldsOf(event))}>
      <h2>{file.name}</h2>
      {read.error ? <ErrorNote error={read.error} /> : null}
      {preview.value ? <Columns preview={preview.value} holds={holds.value} change={(next) => (holds.value = next)} /> : null}
      {isAdmin.value ? (
        <div class="choices">
          <label>
            <input type="checkbox" name="create" />
            {jobs.createServers}
          </label>
        </div>
      ) : null}
      {isWhole ? null : <p class="soft">{jobs.needsColumns}</p>}
      {sent.value === null ? null : <progress value={sent.value} aria-label={jobs.uploading} />}
      {start.error ? <ErrorNote error={start.error} /> : null}
      <div class="form">
        <Button kind="main" type="submit" disabled={!isWhole || start.busy}>
          {jobs.start}
        </Button>
        <Button onClick={cancel}>{action.cancel}</Button>
      </div>
    </form>
  );
}

function Columns({ preview, holds, change }: { preview: Preview; holds: readonly Holds[]; change: (next: Holds[]) => void }): JSX.Element {
  const { jobs } = words.value;
  const nameOf = (what: Holds): string =>
    what === "timestamp" ? jobs.timestamp : what === "server" ? jobs.serverColumn : quantityName(what);
  // One column a meaning: whoever takes it takes it from another.
  const set = (index: number, what: Holds): void => change(holds.map((old, i) => (i === index ? what : old === what ? "" : old)));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={jobs.preview}>
      <table class="rows">
        <thead>
          <tr>
            {preview.columns.map((column, index) => (
              <th key={column} scope="col">
                {column}
                <select aria-label={`${jobs.holds}: ${column}`} value={holds[index] ?? ""} onChange={(event) => set(index, event.currentTarget.value as Holds)}>
                  <option value="">{jobs.ignored}</option>
                  {HOLDS.map((what) => (
                    <option key={what} value={what} selected={holds[index] === what}>
                      {nameOf(what)}
                    </option>
                  ))}
                </select>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {preview.rows.map((row, index) => (
            <tr key={index}>
              {row.map((field, column) => (
                <td key={column}>{field}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
