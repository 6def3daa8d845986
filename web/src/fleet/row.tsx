// One server in the fleet's table.
import type { JSX } from "preact";
import { AlertingBadge } from "../alerts/badges";
import { alerting } from "../alerts/firing";
import { clock } from "../api/resource";
import { ago, value } from "../format";
import { hueStyle, unit } from "../ui/hue";
import { StateBadge } from "../ui/state";
import { quantityName, words } from "../words";
import { sparkPath } from "./spark";
import type { Row } from "./store";

function Seen({ row }: { row: Row }): JSX.Element {
  const seen = row.seen.value;
  if (seen === null) return <>{words.value.state.never}</>;
  const seconds = (clock.value - seen) / 1000;
  return <>{seconds < 2 ? words.value.time.now : ago(seconds)}</>;
}

function Badge({ row }: { row: Row }): JSX.Element {
  return <StateBadge state={row.state.value} />;
}

function Spark({ row, quantity }: { row: Row; quantity: string }): JSX.Element {
  const line = row.sparklines.value[quantity];
  return (
    <svg class="spark" viewBox="0 0 96 24" preserveAspectRatio="none" aria-hidden="true">
      {line ? <path d={sparkPath(quantity, line)} /> : null}
    </svg>
  );
}

function Value({ row, quantity }: { row: Row; quantity: string }): JSX.Element {
  return (
    <span class="number">
      {value(quantity, row.values.value[quantity])} <small>{unit(quantity)}</small>
    </span>
  );
}

export function FleetRow({ row, quantities }: { row: Row; quantities: readonly string[] }): JSX.Element {
  const { server } = row;
  return (
    <tr data-state={row.state.value}>
      <td class="name">
        <a href={`/ui/servers/${server.server_ulid}`}>{server.server_name}</a>
        <small>
          <span title={server.server_ulid}>{server.server_ulid.slice(-6).toLowerCase()}</span>
          {row.place ? ` · ${row.place}` : ""}
        </small>
      </td>
      <td class="status-cell">
        <Badge row={row} />
        {alerting.value.has(server.server_ulid) ? <AlertingBadge /> : null}
        <span class="seen">
          <Seen row={row} />
        </span>
      </td>
      {quantities.map((quantity) => (
        <td key={quantity}>
          <div class="reading" style={hueStyle(quantity)}>
            <small class="label">{quantityName(quantity)}</small>
            <Spark row={row} quantity={quantity} />
            <Value row={row} quantity={quantity} />
          </div>
        </td>
      ))}
    </tr>
  );
}
