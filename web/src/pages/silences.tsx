// Silences: for a time nothing is told of what matches.
import type { JSX } from "preact";
import { AlertsPage } from "../alerts/tabs";
import { ask, askAll } from "../api/client";
import { useResource } from "../api/resource";
import type { RuleRead, ServerRead, SilenceRead } from "../api/schema";
import { mayWrite } from "../api/session";
import { instants } from "../format";
import { workspace } from "../settings";
import { Button, ErrorNote, Loaded, useDeed } from "../ui/parts";
import { Rows } from "../ui/rows";
import { words } from "../words";

const SHOWN = 100;

interface Known {
  silences: readonly SilenceRead[];
  rules: readonly RuleRead[];
  servers: readonly ServerRead[];
}

export function SilencesPage(): JSX.Element {
  const found = useResource<Known>(async (signal) => {
    void workspace.value;
    const [silences, rules, servers] = await Promise.all([ask("GET /silences", { query: { limit: SHOWN }, signal }), ask("GET /rules", { signal }), askAll("GET /servers", { signal })]);
    return { silences, rules, servers };
  });
  return (
    <AlertsPage>
      <Loaded of={found}>
        {(known) => (known.silences.length > 0 ? <Table known={known} again={found.again} /> : <p class="card">{words.value.channel.noSilences}</p>)}
      </Loaded>
    </AlertsPage>
  );
}

function Table({ known, again }: { known: Known; again: () => void }): JSX.Element {
  const text = words.value.channel;
  const end = useDeed(async (id: string) => {
    await ask("DELETE /silences/{silence_id}", { path: { silence_id: id } });
    again();
  });
  return (
    <div class="card">
      {end.error ? <ErrorNote error={end.error} /> : null}
      <Rows heads={[text.reason, text.event, text.until, text.state]} label={words.value.alerts.silences} acts>
        {known.silences.map((silence) => (
          <tr key={silence.silence_id}>
            <td>
              {silence.reason}
              <div class="soft">{silence.created_by}</div>
            </td>
            <td>{matched(silence, known)}</td>
            <td>{instants.full(Date.parse(silence.until))}</td>
            <td>{text.silenceStates[silence.state]}</td>
            <td>
              {mayWrite.value && silence.state !== "ended" ? (
                <Button disabled={end.busy} onClick={() => end.run(silence.silence_id)}>
                  {text.end}
                </Button>
              ) : null}
            </td>
          </tr>
        ))}
      </Rows>
    </div>
  );
}

/** What a silence matches, in names; what is gone by now is left out. */
function matched(silence: SilenceRead, { rules, servers }: Known): string {
  const { alerts, channel } = words.value;
  const named = [
    ...(silence.rule_ids ?? []).map((id) => rules.find((one) => one.rule_id === id)?.name),
    ...(silence.server_ulids ?? []).map((ulid) => servers.find((one) => one.server_ulid === ulid)?.server_name),
    silence.tag ? `${silence.tag.name}: ${silence.tag.value}` : undefined,
    ...(silence.severities ?? []).map((name) => alerts.severities[name]),
  ];
  return named.filter(Boolean).join(" · ") || channel.everything;
}
