// Incidents: what fires now first, then what has been.
import type { JSX } from "preact";
import { AlertsPage } from "../alerts/tabs";
import { SeverityBadge } from "../alerts/badges";
import { firing, incidentsChanged } from "../alerts/firing";
import { type Condition, conditionText, lengthText } from "../alerts/wording";
import { ask } from "../api/client";
import { clock, useResource } from "../api/resource";
import type { IncidentRead } from "../api/schema";
import { isAdmin } from "../api/session";
import { count, instants } from "../format";
import { change, href, query } from "../router";
import { workspace } from "../settings";
import { Loaded } from "../ui/parts";
import { words } from "../words";

const SHOWN = 100;

export function IncidentsPage(): JSX.Element {
  const { alerts } = words.value;
  const isAll = query.value.get("state") === "all";
  return (
    <AlertsPage
      actions={
        isAdmin.value ? (
          <a class="button" href={href("/alerts/rules/new")}>
            {alerts.newRule}
          </a>
        ) : null
      }
    >
      <div class="counters" role="group" aria-label={alerts.incidents}>
        <button type="button" aria-pressed={!isAll} onClick={() => change({ state: "" })}>
          <b class={firing.value?.length ? "bad" : ""}>{firing.value ? count(firing.value.length) : "–"}</b> {alerts.firing}
        </button>
        <button type="button" aria-pressed={isAll} onClick={() => change({ state: "all" })}>
          {alerts.all}
        </button>
      </div>
      <List key={String(isAll)} isAll={isAll} />
    </AlertsPage>
  );
}

function List({ isAll }: { isAll: boolean }): JSX.Element {
  const found = useResource((signal) => {
    void [incidentsChanged.value, workspace.value];
    const state = isAll ? {} : { state: ["open", "acknowledged"] };
    return ask("GET /incidents", { query: { ...state, limit: SHOWN }, signal });
  });
  const { alerts } = words.value;
  return (
    <Loaded of={found} rows={5}>
      {(list) =>
        list.length > 0 ? (
          <ul class="incidents">
            {list.map((incident) => (
              <Row key={incident.incident_id} incident={incident} />
            ))}
          </ul>
        ) : (
          <div class="card">
            <p>{isAll ? alerts.none : alerts.quiet}</p>
            <p class="soft">{alerts.quietHint}</p>
          </div>
        )
      }
    </Loaded>
  );
}

function Row({ incident }: { incident: IncidentRead }): JSX.Element {
  const { alerts } = words.value;
  const { condition } = incident.why as { condition?: Condition };
  return (
    <li data-state={incident.state}>
      <SeverityBadge severity={incident.severity} />
      <p class="what">
        <a href={href(`/alerts/incidents/${incident.incident_id}`)}>
          {incident.rule_name} · {incident.server_name}
        </a>
        <small>{condition ? conditionText(condition) : ""}</small>
      </p>
      <p class="when">
        <span>{instants.full(Date.parse(incident.opened_at))}</span>
        <small>{lengthOf(incident)}</small>
      </p>
      <p class="how">
        <span>{alerts.states[incident.state]}</span>
        {incident.acknowledged_by && incident.state === "acknowledged" ? <small>{alerts.byWhom(incident.acknowledged_by)}</small> : null}
      </p>
    </li>
  );
}

export function lengthOf({ opened_at: opened, resolved_at: resolved }: IncidentRead): string {
  const end = resolved === null ? clock.value : Date.parse(resolved);
  return lengthText(Math.max(0, (end - Date.parse(opened)) / 1000));
}
