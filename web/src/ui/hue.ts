// Which colour a quantity has, everywhere: CSS variables, so that the theme decides.
const KNOWN = ["temperature", "humidity", "voltage", "current"];
const OTHERS = 4;

/** The name of the CSS variable with a quantity's colour. */
export function hue(quantity: string): string {
  if (KNOWN.includes(quantity)) return `--${quantity}`;
  const sum = [...quantity].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return `--other-${(sum % OTHERS) + 1}`;
}

export const hueStyle = (quantity: string): Record<string, string> => ({ "--hue": `var(${hue(quantity)})` });

const UNITS: Record<string, string> = { temperature: "°C", humidity: "%", voltage: "V", current: "A" };
export const unit = (quantity: string): string => UNITS[quantity] ?? "";
export const KNOWN_QUANTITIES: readonly string[] = KNOWN;

/** The least span that a scale shows, or noise looks like news. */
const SPANS: Record<string, number> = { temperature: 1, humidity: 4, voltage: 4, current: 0.4 };
export const leastSpan = (quantity: string): number => SPANS[quantity] ?? 0;
