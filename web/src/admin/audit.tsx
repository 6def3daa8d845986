// Who did what, newest first.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { address, nextPage, send } from "../api/client";
import type { AuditRead, Operations } from "../api/schema";
import { useResource } from "../api/resource";
import { instants } from "../format";
import { Button, ErrorNote, Loaded, useDeed } from "../ui/parts";
import { Rows } from "../ui/rows";
import { words } from "../words";

type Entries = Operations["GET /audit"]["answer"];
const ROWS = 50;

interface Page {
  entries: Entries;
  next: string | null;
}

async function load(url: string, signal?: AbortSignal): Promise<Page> {
  const answer = await send("GET", url, signal ? { signal } : {});
  return { entries: (await answer.json()) as Entries, next: nextPage(answer) };
}

export function Audit(): JSX.Element {
  const found = useResource((signal) => load(address("/audit", { limit: ROWS }), signal));
  const { admin } = words.value;
  return (
    <section class="card" aria-labelledby="audit-title">
      <h2 id="audit-title">{admin.audit}</h2>
      <Loaded of={found}>{(page) => <Log first={page} />}</Loaded>
    </section>
  );
}

function Log({ first }: { first: Page }): JSX.Element {
  const older = useSignal<readonly AuditRead[]>([]);
  const next = useSignal(first.next);
  const deed = useDeed(async () => {
    const page = await load(next.value ?? "");
    older.value = [...older.value, ...page.entries];
    next.value = page.next;
  });
  const { admin } = words.value;
  const entries = [...first.entries, ...older.value];
  if (entries.length === 0) return <p class="soft">{admin.noAudit}</p>;
  return (
    <>
      <Rows heads={[admin.when, admin.who, admin.what, admin.target]}>
        {entries.map((entry) => (
          <tr key={entry.audit_id} title={JSON.stringify({ before: entry.before, after: entry.after })}>
            <td>{instants.full(Date.parse(entry.at))}</td>
            <td>{entry.actor_name ?? entry.actor_kind}</td>
            <td>
              <code>{entry.action}</code>
            </td>
            <td>
              <code>{entry.target}</code>
            </td>
          </tr>
        ))}
      </Rows>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
      {next.value ? (
        <Button disabled={deed.busy} onClick={() => deed.run()}>
          {admin.older}
        </Button>
      ) : null}
    </>
  );
}
