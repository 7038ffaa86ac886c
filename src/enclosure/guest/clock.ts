// The virtual clock: it stands still within a turn and moves only with a delivery, to that delivery's recorded time.
// Every way of the language to read the time follows it: Date (also through its prototype and without `new`), Intl
// without an argument, Temporal.Now, performance.now.

import {
  apply,
  construct,
  define,
  defineProperty,
  disguise,
  freeze,
  max,
  NativeDate,
  replace,
  replaceMethod,
  uncurry,
} from "./intrinsics.ts";

export interface VirtualClock {
  now(): number;
  /** Never backwards. */
  advance(nowMs: number): void;
}

/** Replaces the language's clocks on `global`. */
export function installClock(global: typeof globalThis, startMs: number): VirtualClock {
  let nowMs = startMs;
  const now = (): number => nowMs;
  installDate(global, now);
  installIntl(now);
  installTemporal(now);
  const performance = { now: () => nowMs - startMs, timeOrigin: startMs, toJSON: () => ({ timeOrigin: startMs }) };
  define(global, "performance", freeze(performance));
  return {
    now,
    advance: (next) => {
      nowMs = max(nowMs, next);
    },
  };
}

function installDate(global: typeof globalThis, now: () => number): void {
  const toText = uncurry(NativeDate.prototype.toString);
  function VirtualDate(...args: unknown[]): unknown {
    if (new.target === undefined) return toText(new NativeDate(now()));
    return construct(NativeDate, args.length === 0 ? [now()] : args, new.target);
  }
  replace(global, "Date", VirtualDate);
  const { Date } = global;
  // Both: without `extends`, new.target is the function behind the bound one.
  for (const fn of [VirtualDate, Date]) {
    defineProperty(fn, "prototype", { value: NativeDate.prototype, writable: false });
  }
  for (const name of ["now", "parse", "UTC"] as const) define(Date, name, NativeDate[name]);
  replace(Date, "now", () => now());
  define(NativeDate.prototype, "constructor", Date);
}

type Format = (date?: unknown) => unknown;

function installIntl(now: () => number): void {
  const prototype = Intl.DateTimeFormat.prototype;
  /** A formatter's own bound function → the one that stands for it. */
  const stands = new WeakMap<Format, Format>();
  const known = uncurry(stands.get);
  const remember = uncurry(stands.set);
  const dated = (args: readonly unknown[]): readonly unknown[] =>
    args.length === 0 || args[0] === undefined ? [now()] : args;
  replaceMethod(prototype, "format", (getFormat) => (self) => {
    const native = apply(getFormat, self, []) as Format;
    const before = known(stands, native);
    if (before !== undefined) return before;
    const format = disguise(native, (_, args) => apply(native, undefined, dated(args)));
    remember(stands, native, format);
    return format;
  });
  replaceMethod(prototype, "formatToParts", (native) => (self, args) => apply(native, self, dated(args)));
}

function installTemporal(now: () => number): void {
  const { fromEpochMilliseconds } = Temporal.Instant;
  const zoned = uncurry(Temporal.Instant.prototype.toZonedDateTimeISO);
  const toPlainDateTime = uncurry(Temporal.ZonedDateTime.prototype.toPlainDateTime);
  const toPlainDate = uncurry(Temporal.ZonedDateTime.prototype.toPlainDate);
  const toPlainTime = uncurry(Temporal.ZonedDateTime.prototype.toPlainTime);
  const instant = (): Temporal.Instant => fromEpochMilliseconds(now());
  const here = (zone: Temporal.TimeZoneLike = "UTC"): Temporal.ZonedDateTime => zoned(instant(), zone);
  const replacements = {
    instant,
    timeZoneId: () => "UTC",
    zonedDateTimeISO: (zone?: Temporal.TimeZoneLike) => here(zone),
    plainDateTimeISO: (zone?: Temporal.TimeZoneLike) => toPlainDateTime(here(zone)),
    plainDateISO: (zone?: Temporal.TimeZoneLike) => toPlainDate(here(zone)),
    plainTimeISO: (zone?: Temporal.TimeZoneLike) => toPlainTime(here(zone)),
  };
  for (const [name, replacement] of Object.entries(replacements)) replace(Temporal.Now, name, replacement);
}
