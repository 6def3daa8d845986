// A file of exactly what a chart shows.
import type { DataRow } from "./series";
import { namesIn } from "./table";

/** RFC 4180, instants in UTC, numbers with a point: for programs, whatever the reader's language. */
export function csvOf(rows: readonly DataRow[]): string {
  const names = namesIn(rows);
  const servers = rows.some((row) => row.server_ulid) ? ["server_ulid"] : [];
  const columns = ["timestamp", ...servers, ...names];
  const lines = rows.map((row) => columns.map((name) => row[name] ?? "").join(","));
  return [columns.join(","), ...lines, ""].join("\r\n");
}

export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
