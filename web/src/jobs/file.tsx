// The file of an export: a link where it is, a word where it is gone.
import type { JSX } from "preact";
import { clock } from "../api/resource";
import type { JobRead } from "../api/schema";
import { currentWorkspace } from "../api/session";
import { words } from "../words";

export interface Exported {
  /** Names the workspace, which a link cannot send in a header. */
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
  const address = `/workspaces/${currentWorkspace.value?.workspace_ulid ?? ""}${file}`;
  return { address, format, rows, bytes, keptUntil: Date.parse(kept) };
}

export function Download({ job, kind }: { job: JobRead; kind?: "main" }): JSX.Element | null {
  const file = exportOf(job);
  const { jobs } = words.value;
  if (!file) return null;
  if (clock.value >= file.keptUntil) return <span class="soft">{jobs.gone}</span>;
  return (
    <a class={`button ${kind ?? ""}`} href={file.address} download={`sentinela-${job.job_id}.${file.format}`}>
      {jobs.download}
    </a>
  );
}
