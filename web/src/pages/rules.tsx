// The workspace's rules: what each looks at, whom it tells, and whether it is on.
import type { JSX } from "preact";
import { AlertsPage } from "../alerts/tabs";
import { SeverityBadge } from "../alerts/badges";
import { conditionText, scheduleText } from "../alerts/wording";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { RuleRead, ServerRead } from "../api/schema";
import { isAdmin } from "../api/session";
import { href } from "../router";
import { workspace } from "../settings";
import { Button, ErrorNote, Loaded, useDeed } from "../ui/parts";
import { words } from "../words";

export function RulesPage(): JSX.Element {
  const found = useResource(async (signal) => {
    void workspace.value;
    return Promise.all([ask("GET /rules", { signal }), ask("GET /servers", { signal })]);
  });
  const { alerts } = words.value;
  const create = (
    <a class="button main" href={href("/alerts/rules/new")}>
      {alerts.newRule}
    </a>
  );
  return (
    <AlertsPage actions={isAdmin.value ? create : null}>
      <Loaded of={found} rows={4}>
        {([rules, servers]) =>
          rules.length > 0 ? (
            <ul class="incidents rules">
              {rules.map((rule) => (
                <Row key={rule.rule_id} rule={rule} servers={servers} again={found.again} />
              ))}
            </ul>
          ) : (
            <div class="card">
              <h2>{alerts.noRules}</h2>
              <p class="soft">{alerts.noRulesHint}</p>
            </div>
          )
        }
      </Loaded>
    </AlertsPage>
  );
}

function Row({ rule, servers, again }: { rule: RuleRead; servers: readonly ServerRead[]; again: () => void }): JSX.Element {
  const { alerts } = words.value;
  const path = { rule_id: rule.rule_id };
  const change = useDeed(async () => {
    await ask("PATCH /rules/{rule_id}", { path, body: { enabled: !rule.enabled } });
    again();
  });
  const remove = useDeed(async () => {
    if (!window.confirm(alerts.deleteRuleSure(rule.name))) return;
    await ask("DELETE /rules/{rule_id}", { path });
    again();
  });
  const error = change.error ?? remove.error;
  return (
    <li data-state={rule.enabled ? "open" : "resolved"}>
      <SeverityBadge severity={rule.severity} />
      <p class="what">
        <b>{rule.name}</b>
        <small>{conditionText(rule.condition)}</small>
        {rule.schedule ? <small>{scheduleText(rule.schedule)}</small> : null}
      </p>
      <p class="when">
        <span>{scopeOf(rule, servers)}</span>
      </p>
      <p class="how">
        <span>{rule.enabled ? alerts.on : alerts.off}</span>
      </p>
      {isAdmin.value ? (
        <div class="actions">
          <a class="button" aria-label={`${alerts.edit}: ${rule.name}`} href={href(`/alerts/rules/${rule.rule_id}`)}>
            {alerts.edit}
          </a>
          <Button disabled={change.busy} aria-label={`${rule.enabled ? alerts.disable : alerts.enable}: ${rule.name}`} onClick={() => change.run()}>
            {rule.enabled ? alerts.disable : alerts.enable}
          </Button>
          <Button kind="danger" disabled={remove.busy} aria-label={`${alerts.delete}: ${rule.name}`} onClick={() => remove.run()}>
            {alerts.delete}
          </Button>
        </div>
      ) : null}
      {error ? <ErrorNote error={error} /> : null}
    </li>
  );
}

function scopeOf({ server_ulids: ulids, tag }: RuleRead, servers: readonly ServerRead[]): string {
  const { alerts } = words.value;
  const [only] = ulids ?? [];
  const name = ulids?.length === 1 ? servers.find((one) => one.server_ulid === only)?.server_name : undefined;
  const listed = ulids && (name ?? alerts.servers(ulids.length));
  return [listed, tag && `${tag.name}: ${tag.value}`].filter(Boolean).join(" · ") || alerts.everywhere;
}
