// A server's state: a shape and a word, never a colour alone.
import type { JSX } from "preact";
import { link } from "../live/stream";
import { words } from "../words";

export type StateName = "online" | "late" | "offline";

const SHAPES: Record<StateName, JSX.Element> = {
  online: <circle cx="5" cy="5" r="4.5" fill="currentColor" />,
  late: (
    <>
      <circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" stroke-width="1.5" />
      <path d="M5 1a4 4 0 0 1 0 8z" fill="currentColor" />
    </>
  ),
  offline: <circle cx="5" cy="5" r="3.75" fill="none" stroke="currentColor" stroke-width="1.75" />,
};

export function StateBadge({ state }: { state: StateName }): JSX.Element {
  // Without the link nobody knows: the last word stays, the colour goes.
  const shown = link.value === "off" ? "unknown" : state;
  return (
    <span class="state" data-state={shown} title={shown === "unknown" ? words.value.state.unknown : undefined}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        {SHAPES[state]}
      </svg>
      {words.value.state[state]}
    </span>
  );
}
