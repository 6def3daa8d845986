// Choosing servers one after another; each can be taken out again. None chosen: all of the workspace's.
import type { ComponentChildren, JSX } from "preact";
import type { ServerRead } from "../api/schema";
import { words } from "../words";
import { Button } from "./parts";
import { ServerPick } from "./server-pick";

interface Props {
  known: readonly ServerRead[];
  chosen: readonly string[];
  choose: (servers: readonly string[]) => void;
  /** The field's own name, and what is wrong with it. */
  name?: string;
  fault?: ComponentChildren;
}

export function ServerChoice({ known, chosen, choose, name, fault }: Props): JSX.Element {
  const { explore, jobs } = words.value;
  const nameOf = (ulid: string): string => known.find((one) => one.server_ulid === ulid)?.server_name ?? ulid;
  return (
    <>
      <ServerPick
        known={known}
        taken={chosen}
        hint={chosen.length === 0 ? jobs.allServers(known.length) : explore.add}
        name={name}
        add={(ulid) => choose([...chosen, ulid])}
      />
      {fault}
      {chosen.length > 0 ? (
        <ul class="chips">
          {chosen.map((ulid) => (
            <li key={ulid}>
              <Button aria-label={explore.takeOut(nameOf(ulid))} onClick={() => choose(chosen.filter((one) => one !== ulid))}>
                {nameOf(ulid)} <span aria-hidden="true">×</span>
              </Button>
            </li>
          ))}
        </ul>
      ) : null}
    </>
  );
}
