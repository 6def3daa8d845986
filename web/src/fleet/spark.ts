// The path of a sparkline.
import { leastSpan } from "../ui/hue";

const WIDTH = 96;
const HEIGHT = 24;

/** SVG path commands; a missing value breaks the line, a lone one becomes a dot. */
export function sparkPath(quantity: string, values: readonly (number | null)[]): string {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return "";
  const low = Math.min(...present);
  const high = Math.max(...present);
  const span = Math.max(high - low, leastSpan(quantity)) || 1;
  const middle = (low + high) / 2;
  const step = WIDTH / Math.max(1, values.length - 1);
  let path = "";
  let isDrawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const x = (index * step).toFixed(1);
    const y = (HEIGHT / 2 - ((value - middle) / span) * (HEIGHT - 4)).toFixed(1);
    const isLone = !isDrawing && (values[index + 1] ?? null) === null;
    path += isLone ? `M${x} ${y}h1` : `${isDrawing ? "L" : "M"}${x} ${y}`;
    isDrawing = true;
  });
  return path;
}
