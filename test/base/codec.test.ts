import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BIGINT_CHARS_MAX,
  CodecError,
  decodeValue,
  encodeValue,
  isOwnEncoding,
  unwrapObjects,
  VALUE_DEPTH_MAX,
} from "../../src/base/codec.ts";
import type { JsonValue } from "../../src/base/json.ts";

function roundTrip(value: unknown): unknown {
  return decodeValue(JSON.parse(JSON.stringify(encodeValue(value))) as JsonValue);
}

describe("encodeValue() and decodeValue()", () => {
  it.each([
    ["plain data", { a: [1, "é", true, null] }],
    ["undefined", undefined],
    ["NaN", NaN],
    ["infinities", [Infinity, -Infinity]],
    ["negative zero", -0],
    ["a BigInt", -(2n ** 80n)],
    ["a date", new Date(86_400_000)],
    ["bytes", new Uint8Array([0, 255, 7])],
    ["an object that has a $type of its own", { $type: "bytes", value: "AA==" }],
    ["such an object inside another", { a: [{ $type: "undefined" }] }],
  ])("keeps %s", (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it("keeps an invalid date", () => {
    expect((roundTrip(new Date(NaN)) as Date).getTime()).toBeNaN();
  });

  it("drops undefined members, as JSON does, and keeps undefined elements", () => {
    expect(roundTrip({ a: undefined, b: [undefined] })).toStrictEqual({ b: [undefined] });
  });

  it.each([
    ["a function", () => 1],
    ["a symbol", Symbol("x")],
    ["a Map", new Map()],
    ["a class instance", new (class Thing {})()],
    ["a lone surrogate", "\ud800"],
    ["a Float64Array", new Float64Array(1)],
  ])("refuses %s", (_, value) => {
    expect(() => encodeValue(value)).toThrow(CodecError);
  });

  it("refuses a cycle and depth beyond the bound", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => encodeValue(cycle)).toThrow(`${VALUE_DEPTH_MAX} deep`);
  });

  it.each([
    { $type: "function" },
    { $type: "number", value: "1" },
    { $type: "bigint", value: "0x10" },
    { $type: "bytes", value: "A A=" },
    { $type: "date", value: "today" },
    { $type: "object", value: [1] },
    { $type: 7 },
  ])("refuses to decode %j", (json) => {
    expect(() => decodeValue(json as JsonValue)).toThrow(CodecError);
  });

  it("bounds a bigint, which takes long to read, in both directions", () => {
    const longest = 10n ** BigInt(BIGINT_CHARS_MAX - 1);
    expect(decodeValue(encodeValue(longest))).toBe(longest);
    expect(() => encodeValue(longest * 10n)).toThrow(CodecError);
    expect(() => decodeValue({ $type: "bigint", value: "9".repeat(BIGINT_CHARS_MAX + 1) })).toThrow(CodecError);
  });

  it("gives back any JSON value unchanged", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        if (JSON.stringify(value).includes("__proto__")) return;
        expect(roundTrip(value)).toStrictEqual(value);
      }),
    );
  });

  it("uses intrinsics that it captured, whatever is patched later", () => {
    const original = Array.isArray;
    try {
      Array.isArray = (() => false) as unknown as typeof Array.isArray;
      expect(encodeValue([1])).toHaveLength(1);
    } finally {
      Array.isArray = original;
    }
  });
});

describe("isOwnEncoding()", () => {
  it("holds of every encoding, and of no other spelling of it", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: false }),
        (value) => {
          let encoded: JsonValue;
          try {
            encoded = encodeValue(value);
          } catch {
            return;
          }
          const text = JSON.stringify(encoded);
          expect(isOwnEncoding(JSON.parse(text) as JsonValue, text)).toBe(true);
        },
      ),
    );
    for (const text of [
      '{"$type":"date","value":1e300}',
      '{"$type":"bigint","value":"01"}',
      '{"$type":"undefined","value":1}',
    ]) {
      expect(isOwnEncoding(JSON.parse(text) as JsonValue, text)).toBe(false);
    }
  });
});

describe("unwrapObjects()", () => {
  it("shows an object with a $type of its own as itself, at any depth, and leaves all else", () => {
    const value = { a: [{ $type: "app.post", b: { $type: 7 } }], c: new Date(1), d: undefined, e: [2n, null, "x"] };
    expect(unwrapObjects(encodeValue(value))).toEqual({
      a: [{ $type: "app.post", b: { $type: 7 } }],
      c: { $type: "date", value: 1 },
      e: [{ $type: "bigint", value: "2" }, null, "x"],
    });
  });

  it("has one zero, as JSON Schema", () => {
    expect(unwrapObjects(encodeValue([-0, NaN]))).toStrictEqual([0, { $type: "number", value: "NaN" }]);
  });

  it.each(["undefined", "number", "bigint", "date", "bytes", "object"])(
    "refuses an object that would pass for a value of $type %s",
    ($type) => {
      expect(() => unwrapObjects(encodeValue([{ $type, value: "AA==" }]))).toThrow(CodecError);
    },
  );

  it.each([{ $type: "function" }, { $type: "bytes", value: 1 }, { $type: "object", value: [] }])(
    "refuses the malformed %j",
    (json) => expect(() => unwrapObjects([json] as JsonValue)).toThrow(CodecError),
  );
});
