// The file of an export: a link where it is, a word where it is gone.
import type { JSX } from "preact";
import { send } from "../api/client";
import { clock } from "../api/resource";
import type { JobRead } from "../api/schema";
import { currentWorkspace, me } from "../api/session";
import { download } from "../charts/csv";
import { Button, ErrorNote, useDeed } from "../ui/parts";
import { words } from "../words";

export interface Exported {
  address: string;
  format: string;
  rows: number;
  bytes: number;
  /** Milliseconds since 1970. */
  keptUntil: number;
}

/** What an export wrote; null for other jobs, and while it is not done. */
export function exportOf({ kind, state, result }: JobRead): Exported | null {
  if (kind !== "export" || state !== "done" || !result) return null;
  const { file, format, rows, bytes, kept_until: kept } = result as { file: string; format: string; rows: number; bytes: number; kept_until: string };
  return { address: file, format, rows, bytes, keptUntil: Date.parse(kept) };
}

export function Download({ job, kind }: { job: JobRead; kind?: "main" }): JSX.Element | null {
  const file = exportOf(job);
  const { jobs } = words.value;
  const fetched = useDeed(async (address: string, name: string) => download(name, await (await send("GET", address)).blob()));
  if (!file) return null;
  if (clock.value >= file.keptUntil) return <span class="soft">{jobs.gone}</span>;
  const name = `sentinela-${job.job_id}.${file.format}`;
  // A link goes to the first workspace of whoever follows it; from another one the file is fetched with its name.
  if (currentWorkspace.value === me.value?.workspaces[0]) {
    return (
      <a class={`button ${kind ?? ""}`} href={file.address} download={name}>
        {jobs.download}
      </a>
    );
  }
  return (
    <>
      <Button {...(kind ? { kind } : {})} disabled={fetched.busy} onClick={() => fetched.run(file.address, name)}>
        {jobs.download}
      </Button>
      {fetched.error ? <ErrorNote error={fetched.error} /> : null}
    </>
  );
}
