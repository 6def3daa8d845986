// Numbers and instants as the reader's language and time zone write them.
import { computed } from "@preact/signals";
import { language, zone } from "./settings";

/** Decimals of the quantities whose size everyone knows; of others, four significant digits. */
const DECIMALS: Record<string, number> = { temperature: 1, humidity: 1, voltage: 1, current: 2 };

const numbers = computed(() => {
  const locale = language.value;
  const fixed = [0, 1, 2].map(
    (digits) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
  return { fixed, free: new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 }) };
});

export function value(quantity: string, number: number | null | undefined): string {
  if (number === null || number === undefined || Number.isNaN(number)) return "–";
  const decimals = DECIMALS[quantity];
  const format = decimals === undefined ? numbers.value.free : (numbers.value.fixed[decimals] ?? numbers.value.free);
  return format.format(number);
}

export function count(number: number): string {
  return (numbers.value.fixed[0] ?? numbers.value.free).format(number);
}

const percent = computed(() => new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: 1 }));
export const share = (of: number): string => percent.value.format(of);

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** The size of a file, such as 1.4 MB; a kilobyte has 1,000 bytes. */
export function bytes(size: number): string {
  const power = Math.min(UNITS.length - 1, size > 0 ? Math.floor(Math.log10(size) / 3) : 0);
  const options = { style: "unit", unit: UNITS[power] ?? "byte", maximumFractionDigits: 1, unitDisplay: power ? "short" : "long" } as const;
  return new Intl.NumberFormat(language.value, options).format(size / 1000 ** power);
}

/** The instant, ISO 8601 in UTC, of a local time of a zone such as 2026-03-29T02:30; of two the earlier offset. */
export function instantIn(name: string, local: string): string {
  const wanted = Date.parse(`${local}Z`);
  const parts = new Intl.DateTimeFormat("sv", { timeZone: name, dateStyle: "short", timeStyle: "medium" });
  const shown = (ms: number): number => Date.parse(`${parts.format(ms).replace(" ", "T")}Z`);
  // The offset there, looked at twice: the first look may stand on the other side of a change.
  const near = wanted - (shown(wanted) - wanted);
  return new Date(near - (shown(near) - wanted)).toISOString();
}

const short = computed(() => new Intl.NumberFormat(language.value, { maximumFractionDigits: 3 }));
export const tick = (number: number): string => short.value.format(number);

function dates(options: Intl.DateTimeFormatOptions): { readonly value: Intl.DateTimeFormat } {
  return computed(() => new Intl.DateTimeFormat(language.value, { ...options, timeZone: zone.value, hourCycle: "h23" }));
}

const day = dates({ month: "short", day: "numeric" });
const month = dates({ month: "short", year: "numeric" });
const minute = dates({ hour: "2-digit", minute: "2-digit" });
const second = dates({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const full = dates({ dateStyle: "medium", timeStyle: "medium" });
const zoneName = computed(
  () => new Intl.DateTimeFormat("en", { timeZone: zone.value, timeZoneName: "shortOffset" }),
);

export const instants = {
  day: (ms: number): string => day.value.format(ms),
  month: (ms: number): string => month.value.format(ms),
  minute: (ms: number): string => minute.value.format(ms),
  second: (ms: number): string => second.value.format(ms),
  full: (ms: number): string => full.value.format(ms),
};

/** Such as GMT-3, for the top bar; UTC by its own name. */
export const zoneLabel = computed(() => {
  const part = zoneName.value.formatToParts(Date.now()).find((one) => one.type === "timeZoneName");
  return zone.value === "UTC" ? "UTC" : (part?.value ?? zone.value);
});

const relative = computed(() => new Intl.RelativeTimeFormat(language.value, { numeric: "always", style: "short" }));
const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** "22 sec. ago"; below two seconds the caller has a better word. */
export function ago(seconds: number): string {
  const [unit, size] = STEPS.find(([, length]) => seconds >= length) ?? (["second", 1] as const);
  return relative.value.format(-Math.floor(seconds / size), unit);
}
