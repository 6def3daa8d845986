// The first rows of a CSV file, to say what its columns hold; the file itself goes to the API untouched.

export interface Preview {
  columns: string[];
  rows: string[][];
}

/** RFC 4180: quoted fields may hold commas, quotes and line breaks. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let isQuoted = false;
  const body = text.replace(/^\uFEFF/, "");
  for (let i = 0; i < body.length; i += 1) {
    const letter = body[i] ?? "";
    if (isQuoted) {
      if (letter !== '"') field += letter;
      else if (body[i + 1] === '"') field += body[(i += 1)];
      else isQuoted = false;
    } else if (letter === '"') isQuoted = true;
    else if (letter === ",") {
      row.push(field);
      field = "";
    } else if (letter === "\n") {
      rows.push([...row, field.replace(/\r$/, "")]);
      row = [];
      field = "";
    } else field += letter;
  }
  if (field || row.length > 0) rows.push([...row, field]);
  return rows.filter((one) => one.length > 1 || one[0] !== "");
}

/** What a column holds. */
export type Holds = "timestamp" | "server" | "temperature" | "humidity" | "voltage" | "current" | "";
export const HOLDS: readonly Holds[] = ["timestamp", "server", "temperature", "humidity", "voltage", "current"];

const HINTS: readonly [Holds, RegExp][] = [
  ["timestamp", /^(time.?stamp|time|date.?time|instant|ts|data.?hora|instante)$/i],
  ["server", /^(server(_ulid|_name)?|node|device|host|sensor|servidor)$/i],
  ["temperature", /^temp/i],
  ["humidity", /^(hum|umid)/i],
  ["voltage", /^(volt|tens)/i],
  ["current", /^(curr|corr|amp)/i],
];

/** A first guess by the columns' names; each meaning once. */
export function guess(columns: readonly string[]): Holds[] {
  const taken = new Set<Holds>();
  return columns.map((name) => {
    const found = HINTS.find(([holds, hint]) => !taken.has(holds) && hint.test(name.trim()))?.[0] ?? "";
    taken.add(found);
    return found;
  });
}
