// An import: drop a file, say what its columns hold, send it.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type Signal, useSignal } from "@preact/signals";
import { address, headers } from "../api/client";
import type { JobRead } from "../api/schema";
import { isAdmin } from "../api/session";
import { bytes } from "../format";
import { Button, ErrorNote, fieldsOf, useDeed } from "../ui/parts";
import { quantityName, words } from "../words";
import { type Look, MEDIA, lookAt } from "./kinds";
import { HOLDS, type Holds, type Preview, guess } from "./preview";
import type { Sent } from "./refused";
import { upload } from "./upload";

const ACCEPTED = ".csv,.ndjson,.jsonl,.parquet,.arrow,.arrows,.gz,.zst,text/csv,application/gzip";
const DEFAULTS: Partial<Record<Holds, string>> = { server: "server_ulid" };

type Started = (job: JobRead, sent: Sent) => void;

export function ImportForm({ started }: { started: Started }): JSX.Element {
  const file = useSignal<File | null>(null);
  const { jobs } = words.value;
  return (
    <section class="card" aria-labelledby="import-title">
      <h2 id="import-title">{jobs.importTitle}</h2>
      {file.value ? (
        <Mapping key={file.value.name} file={file.value} started={started} cancel={() => (file.value = null)} />
      ) : (
        <Drop choose={(chosen) => (file.value = chosen)} />
      )}
    </section>
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
      <p class="soft">{jobs.formats}</p>
      <label class="button">
        {jobs.choose}
        <input class="hidden" type="file" accept={ACCEPTED} onChange={(event) => take(event.currentTarget.files)} />
      </label>
    </div>
  );
}

function Mapping({ file, started, cancel }: { file: File; started: Started; cancel: () => void }): JSX.Element {
  const look = useSignal<Look | null>(null);
  const holds = useSignal<Holds[]>([]);
  const share = useSignal<number | null>(null);
  const read = useDeed(async () => {
    const found = await lookAt(file);
    holds.value = guess(found.preview?.columns ?? []);
    look.value = found;
  });
  useEffect(read.run, [file]);
  const start = useDeed(async (fields: Record<string, string>) => {
    const found = look.value;
    if (!found) return;
    const columns = found.preview?.columns ?? [];
    const options = { create_servers: "create" in fields || null, other_columns: "other" in fields ? "quantities" : null };
    const url = address("/imports", { ...mapped(found, columns, holds.value, fields), ...options });
    const told = (sent: number): void => void (share.value = sent);
    const job = (await upload(url, file, MEDIA[found.kind], headers(), told).finally(() => (share.value = null))) as JobRead;
    started(job, { job: job.job_id, file, kind: found.kind, columns, holds: holds.value });
  });
  const { jobs, action } = words.value;
  const isCsv = look.value?.kind === "csv";
  const isWhole = !isCsv || (holds.value.includes("timestamp") && holds.value.includes("server"));
  return (
    <form class="stack" onSubmit={(event) => start.run(fieldsOf(event))}>
      <p>
        <b>{file.name}</b> <span class="soft">{bytes(file.size)}</span>
      </p>
      {read.error ? <ErrorNote error={read.error} /> : null}
      {look.value ? <Holding look={look.value} holds={holds} /> : null}
      <div class="choices">
        {isAdmin.value ? <Check name="create" label={jobs.createServers} /> : null}
        {look.value && look.value.kind !== "ndjson" ? <Check name="other" label={jobs.otherColumns} /> : null}
      </div>
      {isWhole ? null : <p class="soft">{jobs.needsColumns}</p>}
      {share.value === null ? null : <progress value={share.value} aria-label={jobs.uploading} />}
      {start.error ? <ErrorNote error={start.error} /> : null}
      <div class="form">
        <Button kind="main" type="submit" disabled={!isWhole || !look.value || start.busy}>
          {jobs.start}
        </Button>
        <Button onClick={cancel}>{action.cancel}</Button>
      </div>
    </form>
  );
}

/** Which column is what, as the API takes it; the names in NDJSON are fixed. */
function mapped({ kind, preview }: Look, columns: readonly string[], holds: readonly Holds[], fields: Record<string, string>): Record<string, string> {
  if (kind === "ndjson") return {};
  const named = preview ? holds.map((what, index) => [what, columns[index] ?? ""] as const) : HOLDS.map((what) => [what, fields[what] ?? ""] as const);
  return Object.fromEntries(named.filter(([what, column]) => what && column).map(([what, column]) => [`${what}_column`, column]));
}

function Check({ name, label }: { name: string; label: string }): JSX.Element {
  return (
    <label>
      <input type="checkbox" name={name} />
      {label}
    </label>
  );
}

function Holding({ look, holds }: { look: Look; holds: Signal<Holds[]> }): JSX.Element {
  const { jobs } = words.value;
  if (look.preview) {
    const change = look.kind === "csv" ? (next: Holds[]): void => void (holds.value = next) : null;
    return <Columns preview={look.preview} holds={holds.value} change={change} />;
  }
  return (
    <details>
      <summary>{jobs.otherNames}</summary>
      <div class="form">
        {HOLDS.map((what) => (
          <label key={what}>
            {nameOf(what)}
            <input name={what} maxLength={200} autocomplete="off" placeholder={DEFAULTS[what] ?? what} />
          </label>
        ))}
      </div>
    </details>
  );
}

function nameOf(what: Holds): string {
  const { jobs } = words.value;
  return what === "timestamp" ? jobs.timestamp : what === "server" ? jobs.serverColumn : quantityName(what);
}

function Columns({ preview, holds, change }: { preview: Preview; holds: readonly Holds[]; change: ((next: Holds[]) => void) | null }): JSX.Element {
  const { jobs } = words.value;
  // One column a meaning: whoever takes it takes it from another.
  const set = (index: number, what: Holds): void => change?.(holds.map((old, i) => (i === index ? what : old === what ? "" : old)));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={jobs.preview}>
      <table class="rows preview">
        <thead>
          <tr>
            {preview.columns.map((column, index) => (
              <th key={column} scope="col">
                {column}
                {change ? (
                  <select aria-label={`${jobs.holds}: ${column}`} value={holds[index] ?? ""} onChange={(event) => set(index, event.currentTarget.value as Holds)}>
                    <option value="">{jobs.ignored}</option>
                    {HOLDS.map((what) => (
                      <option key={what} value={what} selected={holds[index] === what}>
                        {nameOf(what)}
                      </option>
                    ))}
                  </select>
                ) : null}
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
