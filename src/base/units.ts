// Units: how durations, sizes, counts and rates are spelled in a manifest, and their numbers.
// One spelling each, no fractions and no bare numbers where a unit matters: "5m", "128MiB", "200k", "10/s".
// Every pattern here is also what the manifest's JSON Schema says of such a text, and takes only as many digits of each
// unit as a number can hold exactly: a text is refused where it is written, and never read as another value.

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, y: 31_536_000_000 } as const;
const BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;
const THOUSANDS = { "": 1, k: 1000, M: 1_000_000 } as const;

/** "250ms", "20s", "5m", "2h", "90d", "6y": a year has 365 days. */
export const DURATION_PATTERN = "^([0-9]{1,9}(ms|s|m|h)|[0-9]{1,8}d|[0-9]{1,5}y)$";
/** "512B", "64KiB", "128MiB", "1GiB". */
export const SIZE_PATTERN = "^([0-9]{1,12}(B|KiB)|[0-9]{1,9}MiB|[0-9]{1,6}GiB)$";
/** "500", "200k", "3M". */
export const COUNT_PATTERN = "^([0-9]{1,12}k?|[0-9]{1,9}M)$";
/** "10/s", "100/m", "1000/h". */
export const RATE_PATTERN = "^[1-9][0-9]{0,8}/(s|m|h|d)$";

/** Milliseconds of a duration; undefined where the text is none. */
export function parseDuration(text: string): number | undefined {
  return scaled(text, DURATION_PATTERN, MS);
}

/** Bytes of a size; undefined where the text is none. */
export function parseSize(text: string): number | undefined {
  return scaled(text, SIZE_PATTERN, BYTES);
}

/** A count written with or without thousands; undefined where it is none. */
export function parseCount(value: string | number): number | undefined {
  return scaled(String(value), COUNT_PATTERN, THOUSANDS);
}

/** So many in so many milliseconds; undefined where the text is no rate. */
export function parseRate(text: string): { readonly count: number; readonly perMs: number } | undefined {
  if (!new RegExp(RATE_PATTERN).test(text)) return undefined;
  const [count, unit] = text.split("/") as [string, keyof typeof MS];
  return { count: Number(count), perMs: MS[unit] };
}

function scaled(text: string, pattern: string, scale: { readonly [unit: string]: number }): number | undefined {
  if (!new RegExp(pattern).test(text)) return undefined;
  const digits = /^[0-9]+/.exec(text) as RegExpExecArray;
  return Number(digits[0]) * (scale[text.slice(digits[0].length)] as number);
}

/** The shortest spelling of milliseconds that {@link parseDuration} reads back. */
export function spellDuration(ms: number): string {
  return spelled(ms, Object.entries(MS).reverse(), "ms");
}

/** The shortest spelling of bytes that {@link parseSize} reads back. */
export function spellSize(bytes: number): string {
  return spelled(bytes, Object.entries(BYTES).reverse(), "B");
}

function spelled(value: number, units: readonly (readonly [string, number])[], smallest: string): string {
  for (const [unit, factor] of units) if (value > 0 && value % factor === 0) return `${value / factor}${unit}`;
  return `${value}${smallest}`;
}
