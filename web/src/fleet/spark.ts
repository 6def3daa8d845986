// The path of a sparkline.
import { leastSpan } from "../ui/hue";

const WIDTH = 96;
const HEIGHT = 24;

/** How many intervals lie between two values of a server that sends as it always does. */
function usualDistance(values: readonly (number | null)[]): number {
  const places = values.flatMap((value, index) => (value === null ? [] : [index]));
  const distances = places.slice(1).map((place, index) => place - (places[index] ?? 0));
  return distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 1;
}

/** SVG path commands; silence breaks the line, a lone value becomes a dot. */
export function sparkPath(quantity: string, values: readonly (number | null)[]): string {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return "";
  const low = Math.min(...present);
  const high = Math.max(...present);
  const span = Math.max(high - low, leastSpan(quantity)) || 1;
  const middle = (low + high) / 2;
  const step = WIDTH / Math.max(1, values.length - 1);
  let path = "";
  const most = Math.max(usualDistance(values), 2);
  let last = -Infinity;
  values.forEach((value, index) => {
    if (value === null) return;
    const isDrawing = index - last <= most;
    last = index;
    const x = (index * step).toFixed(1);
    const y = (HEIGHT / 2 - ((value - middle) / span) * (HEIGHT - 4)).toFixed(1);
    const isLone = !isDrawing && values.slice(index + 1, index + 1 + most).every((next) => next === null);
    path += isLone ? `M${x} ${y}h1` : `${isDrawing ? "L" : "M"}${x} ${y}`;
  });
  return path;
}
