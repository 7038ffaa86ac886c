// The virtual clock: it stands still within a turn and moves only with a delivery, to that delivery's recorded time.
// Every way of the language to read the time follows it: Date (also through its prototype and without `new`), Intl
// without an argument, Temporal.Now, performance.now.

import {
  apply,
  construct,
  define,
  defineProperty,
  freeze,
  getOwnPropertyDescriptor,
  max,
  NativeDate,
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
  defineProperty(VirtualDate, "name", { value: "Date", configurable: true });
  defineProperty(VirtualDate, "length", { value: 7, configurable: true });
  defineProperty(VirtualDate, "prototype", { value: NativeDate.prototype, writable: false });
  define(VirtualDate, "now", method("now", now));
  define(VirtualDate, "parse", NativeDate.parse);
  define(VirtualDate, "UTC", NativeDate.UTC);
  define(NativeDate.prototype, "constructor", VirtualDate);
  define(global, "Date", VirtualDate);
}

/** A function without `prototype` or `[[Construct]]`, as the language's own methods are. */
function method<Fn extends CallableFunction>(name: string, fn: Fn): Fn {
  defineProperty(fn, "name", { value: name, configurable: true });
  return fn;
}

type Format = (date?: unknown) => unknown;

function installIntl(now: () => number): void {
  const prototype = Intl.DateTimeFormat.prototype;
  const getFormat = (getOwnPropertyDescriptor(prototype, "format") as { get(): Format }).get;
  const bound = new WeakMap<object, Format>();
  const getBound = uncurry(bound.get);
  const setBound = uncurry(bound.set);
  defineProperty(prototype, "format", {
    configurable: true,
    enumerable: false,
    get(this: object): Format {
      const native = apply(getFormat, this, []);
      const known = getBound(bound, this);
      if (known !== undefined) return known;
      const format = (date?: unknown): unknown => native(date === undefined ? now() : date);
      setBound(bound, this, format);
      return format;
    },
  });
  const toParts = uncurry(prototype.formatToParts);
  const formatToParts = {
    formatToParts(this: Intl.DateTimeFormat, date?: Date | number): Intl.DateTimeFormatPart[] {
      return toParts(this, date === undefined ? now() : date);
    },
  };
  define(prototype, "formatToParts", formatToParts.formatToParts);
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
  for (const [name, replacement] of Object.entries(replacements)) define(Temporal.Now, name, replacement);
}
