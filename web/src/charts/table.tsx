// The values of a chart as a table, for those who read rather than look.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { instants, value } from "../format";
import { unit } from "../ui/hue";
import { Button } from "../ui/parts";
import { quantityName, words } from "../words";
import { type DataRow, nameAndKind } from "./series";

const FIRST_ROWS = 200;

/** Names of the quantities that rows have, in the order in which they first appear. */
export function namesIn(rows: readonly DataRow[]): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const [name, found] of Object.entries(row)) if (typeof found === "number") names.add(name);
  return [...names];
}

/** `of`: whose values they are, where there are several. */
export function ValueTable({ rows, of }: { rows: readonly DataRow[]; of?: string }): JSX.Element {
  const isOpen = useSignal(false);
  return (
    <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>
        {words.value.server.table}
        {of ? `: ${of}` : ""}
      </summary>
      {isOpen.value ? <Rows rows={rows} /> : null}
    </details>
  );
}

function Rows({ rows }: { rows: readonly DataRow[] }): JSX.Element {
  const shown = useSignal(FIRST_ROWS);
  const names = namesIn(rows);
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={words.value.server.table}>
      <table class="values">
        <thead>
          <tr>
            <th scope="col">{words.value.server.instant}</th>
            {names.map((name) => (
              <th key={name} scope="col">
                <Name of={name} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown.value).map((row) => (
            <tr key={row.timestamp}>
              <td>{instants.full(Date.parse(row.timestamp))}</td>
              {names.map((name) => (
                <td key={name}>{value(nameAndKind(name)[0], row[name] as number | undefined)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown.value ? <Button onClick={() => (shown.value = rows.length)}>{words.value.server.showAll}</Button> : null}
    </div>
  );
}

function Name({ of: name }: { of: string }): JSX.Element {
  const [quantity, kind] = nameAndKind(name);
  const { server } = words.value;
  const of = kind === "low" ? server.min : kind === "high" ? server.max : quantity === name ? "" : server.avg;
  return (
    <>
      {quantityName(quantity)} {unit(quantity)} {of}
    </>
  );
}
