import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCount, parseDuration, parseRate, parseSize, spellDuration, spellSize } from "../../src/base/units.ts";

describe("units", () => {
  it("reads each unit", () => {
    expect(["250ms", "20s", "5m", "2h", "90d", "6y"].map(parseDuration)).toEqual([
      250, 20_000, 300_000, 7_200_000, 7_776_000_000, 189_216_000_000,
    ]);
    expect(["7B", "64KiB", "128MiB", "1GiB"].map(parseSize)).toEqual([7, 65_536, 134_217_728, 1_073_741_824]);
    expect(["500", "200k", "3M"].map(parseCount)).toEqual([500, 200_000, 3_000_000]);
    expect(parseCount(12)).toBe(12);
    expect(parseRate("10/s")).toEqual({ count: 10, perMs: 1000 });
  });

  it.each(["", "5", "m", "5 m", "-5m", "1.5m", "5M", "5m ", "99999999999s"])(
    "does not take %j for a duration",
    (text) => expect(parseDuration(text)).toBeUndefined(),
  );
  it.each(["", "5", "5MB", "5mib", "1.5MiB", "999999999999GiB", "9999999999MiB"])(
    "does not take %j for a size",
    (text) => expect(parseSize(text)).toBeUndefined(),
  );
  it.each([
    ...["999999999ms", "999999999s", "999999999m", "999999999h", "99999999d", "99999y"].map(parseDuration),
    ...["999999999999B", "999999999999KiB", "999999999MiB", "999999GiB"].map(parseSize),
    ...["999999999999", "999999999999k", "999999999M"].map(parseCount),
  ])("reads the longest text of each unit exactly: %d", (value) => expect(value).toSatisfy(Number.isSafeInteger));
  it.each(["999999999d", "999999y"])("does not take %j for a duration", (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
  it.each(["0/s", "10", "10/ms", "/s", "10/s/s"])("does not take %j for a rate", (text) =>
    expect(parseRate(text)).toBeUndefined(),
  );

  it("reads back what it spells", () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), (value) => {
        expect(parseDuration(spellDuration(value))).toBe(value);
        expect(parseSize(spellSize(value))).toBe(value);
      }),
    );
  });
});
