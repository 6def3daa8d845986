// Adding one server after the other to a choice of them.
import type { JSX } from "preact";
import type { ServerRead } from "../api/schema";
import { words } from "../words";

interface Props {
  known: readonly ServerRead[];
  taken: readonly string[];
  /** What stands there while none is being picked. */
  hint: string;
  isFull?: boolean;
  /** The field's own name. */
  name?: string | undefined;
  add: (ulid: string) => void;
}

export function ServerPick({ known, taken, hint, isFull = false, name, add }: Props): JSX.Element {
  return (
    <label>
      {words.value.explore.servers}
      <select
        name={name}
        value=""
        disabled={isFull}
        onChange={(event) => {
          add(event.currentTarget.value);
          event.currentTarget.value = "";
        }}
      >
        <option value="">{hint}</option>
        {known
          .filter((one) => !taken.includes(one.server_ulid))
          .map((one) => (
            <option key={one.server_ulid} value={one.server_ulid}>
              {one.server_name}
            </option>
          ))}
      </select>
    </label>
  );
}
