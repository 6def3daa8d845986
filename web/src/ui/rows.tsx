// A table of rows that scrolls sideways where it does not fit.
import type { ComponentChildren, JSX } from "preact";
import { words } from "../words";

interface Props {
  /** What stands above the columns; a last one for actions, which need no name to see, is added by `acts`. */
  heads: readonly string[];
  acts?: boolean;
  /** What the table is called, for who does not see it; left out where a heading stands above. */
  label?: string;
  children: ComponentChildren;
}

export function Rows({ heads, acts, label, children }: Props): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} {...(label ? { role: "region", "aria-label": label } : {})}>
      <table class="rows">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
            {acts ? (
              <th scope="col">
                <span class="hidden">{words.value.action.actions}</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
