// Where a condition's levels lie in a chart of its quantity.
import type { Condition } from "./wording";

/** In the quantity's unit; a rate and a deviation have theirs in units of their own. */
export function levelsOf({ kind, above, below, outside, inside }: Condition): number[] {
  if (kind !== "threshold") return [];
  const bands = [outside, inside].flatMap((band) => (band ? [band.low, band.high] : []));
  return [above, below].filter((level) => typeof level === "number").concat(bands);
}
