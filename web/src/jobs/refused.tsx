// Rows of a file that were refused, shown as they stand in it, with the field that was wrong.
import type { JSX } from "preact";
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { count } from "../format";
import { words } from "../words";
import { type FileKind, textOf } from "./kinds";
import { type Holds, parseCsv } from "./preview";

/** What was sent: of a job that was begun in this tab the file is still at hand. */
export interface Sent {
  job: string;
  file: File;
  kind: FileKind;
  columns: readonly string[];
  holds: readonly Holds[];
}

export interface Refusal {
  /** Of the rows, without a heading; the first is 0. */
  index: number;
  detail: string;
}

const SHOWN = 100;
// Reading more would hold up the page; then the rows' numbers must do.
const READ_BYTES = 16 * 1024 * 1024;

export function Refused({ refusals, sent }: { refusals: readonly Refusal[]; sent: Sent | null }): JSX.Element {
  const text = useSignal<string | null>(null);
  useSignalEffect(() => {
    if (sent?.kind === "csv" || sent?.kind === "ndjson") void textOf(sent.file, READ_BYTES).then((found) => (text.value = found), () => undefined);
  });
  const rows = useComputed(() => (sent && text.value !== null ? rowsOf(text.value, sent) : null));
  const columns = rows.value ? (sent?.columns ?? []) : [];
  const { jobs } = words.value;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={jobs.rejected}>
      <table class="rows refused">
        <thead>
          <tr>
            <th scope="col">{jobs.line}</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
            <th scope="col">{jobs.reason}</th>
          </tr>
        </thead>
        <tbody>
          {refusals.slice(0, SHOWN).map((one) => (
            <tr key={one.index}>
              <td>{count(one.index + 1)}</td>
              {columns.map((column, place) => (
                <td key={column} class={isWrong(one, sent, place) ? "wrong" : undefined}>
                  {rows.value?.[one.index]?.[place] ?? ""}
                </td>
              ))}
              <td>{one.detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The file's rows as fields, in the order of its columns. */
function rowsOf(text: string, { kind, columns }: Sent): readonly (readonly string[])[] {
  if (kind === "csv") return parseCsv(text).slice(1);
  return text.split("\n").filter((line) => line.trim()).map((line) => fieldsOf(line, columns));
}

function fieldsOf(line: string, columns: readonly string[]): string[] {
  try {
    const row = JSON.parse(line) as Record<string, unknown>;
    return columns.map((name) => (row[name] === undefined ? "" : String(row[name])));
  } catch {
    return [line];
  }
}

/** A refusal begins with the name of the field, as the API or the file calls it. */
function isWrong({ detail }: Refusal, sent: Sent | null, place: number): boolean {
  if (!sent) return false;
  const field = /^([^:]+):/.exec(detail)?.[1] ?? (/server/.test(detail) ? "server" : "");
  if (field === sent.columns[place]) return true;
  const meaning = sent.kind === "csv" ? sent.holds[place] : sent.columns[place]?.replace("server_ulid", "server");
  return field.replace("server_ulid", "server") === meaning;
}
