// What a dropped file is, by its first bytes as the API looks at them, and the first rows of it where they can be read.
import { type Preview, parseCsv } from "./preview";

export type FileKind = "csv" | "ndjson" | "parquet" | "arrow" | "packed";

/** What the API is told that it is; it looks for itself. */
export const MEDIA: Record<FileKind, string> = {
  csv: "text/csv",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
  arrow: "application/vnd.apache.arrow.stream",
  packed: "application/octet-stream",
};

export interface Look {
  kind: FileKind;
  /** Of a table in text; null where the columns cannot be seen here. */
  preview: Preview | null;
}

const READ_BYTES = 64 * 1024;
const SHOWN_ROWS = 5;

export async function lookAt(file: File): Promise<Look> {
  const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  if (startsWith(head, [0x50, 0x41, 0x52, 0x31])) return { kind: "parquet", preview: null };
  if (startsWith(head, [0xff, 0xff, 0xff, 0xff])) return { kind: "arrow", preview: null };
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return { kind: "packed", preview: null };
  const isGzip = startsWith(head, [0x1f, 0x8b]);
  const text = isGzip ? await unpacked(file, READ_BYTES) : await file.slice(0, READ_BYTES).text();
  if (isGzip && /^(PAR1|\uFFFD{4})/.test(text)) return { kind: "packed", preview: null };
  const isWhole = isGzip ? text.length < READ_BYTES : file.size <= READ_BYTES;
  if (/^\s*[[{]/.test(text)) return { kind: "ndjson", preview: ofLines(text, isWhole) };
  const [columns = [], ...rows] = parseCsv(text);
  return { kind: "csv", preview: { columns, rows: whole(rows, isWhole).slice(0, SHOWN_ROWS) } };
}

/** The whole text of a file up to a size, to show rows of it that were refused; null: it is larger, or no text. */
export async function textOf(file: File, most: number): Promise<string | null> {
  if (file.size > most) return null;
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const text = startsWith(head, [0x1f, 0x8b]) ? await unpacked(file, most) : await file.text();
  return text.length < most ? text : null;
}

function startsWith(bytes: Uint8Array, wanted: readonly number[]): boolean {
  return wanted.every((byte, index) => bytes[index] === byte);
}

/** The beginning of what a gzip file holds. */
async function unpacked(file: File, most: number): Promise<string> {
  const reader = file.stream().pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (text.length < most) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += value;
  }
  await reader.cancel();
  return text.slice(0, most);
}

/** The last row may be cut in the middle. */
const whole = <T>(rows: readonly T[], isWhole: boolean): readonly T[] => (isWhole ? rows : rows.slice(0, -1));

function ofLines(text: string, isWhole: boolean): Preview | null {
  const lines = whole(text.split("\n").filter((line) => line.trim()), isWhole).slice(0, SHOWN_ROWS);
  try {
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const columns = [...new Set(rows.flatMap(Object.keys))];
    return { columns, rows: rows.map((row) => columns.map((name) => String(row[name] ?? ""))) };
  } catch {
    // The API says what is wrong with it.
    return null;
  }
}
