import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex, utf8 } from "../../src/base/bytes.ts";
import { VALUE_NODES_MAX } from "../../src/base/codec.ts";
import { isFault } from "../../src/base/errors.ts";
import { admitJson, canonicalJson, canonicalText, deepFreeze, type JsonValue, textDepth } from "../../src/base/json.ts";
import { hasVectors, vectorPath } from "../support/vectors.ts";

const BOUNDS = { charsMax: 10_000, depthMax: 16 };

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isFault(error, "VALUE_INVALID")) return error.message;
    throw error;
  }
  return "accepted";
}

describe("admitJson()", () => {
  it("accepts a text that is its own spelling, and freezes what it says", () => {
    const { value } = admitJson('{"a":[1,{"b":"é"}]}', BOUNDS);
    expect(value).toEqual({ a: [1, { b: "é" }] });
    expect(Object.isFrozen((value as { a: unknown[] }).a[1])).toBe(true);
  });

  it.each([
    ["a duplicate key", '{"a":1,"a":2}'],
    ["white space", '{"a": 1}'],
    ["a number that rounds", "9007199254740993"],
    ["a number out of range", "1e400"],
    ["a number in another spelling", "1.0"],
    ["negative zero", "-0"],
    ["an escape that need not be", '"\\u0041"'],
    ["an escaped solidus", '"\\/"'],
    ["keys in an order that no reader keeps", '{"b":1,"1":2}'],
  ])("refuses %s", (_, text) => {
    expect(refusal(() => admitJson(text, BOUNDS))).toMatch(/canonically/);
  });

  it.each([
    ["raw", '"a\ud800"'],
    ["escaped", '"a\\ud800"'],
    ["in a key", '{"\\udfff":1}'],
  ])("refuses a lone surrogate, %s", (_, text) => {
    expect(refusal(() => admitJson(text, BOUNDS))).toMatch(/surrogate|canonically/);
  });

  it("refuses __proto__ keys at any depth, so that no merge can be polluted", () => {
    expect(refusal(() => admitJson('{"a":[{"__proto__":{"isAdmin":true}}]}', BOUNDS))).toMatch(/__proto__/);
    expect(admitJson('"__proto__"', BOUNDS).value).toBe("__proto__");
  });

  it("refuses depth beyond the bound before any parser sees the text", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(refusal(() => admitJson(deep, { charsMax: 1_000_000, depthMax: 64 }))).toMatch(/deeper than 64/);
  });

  it("refuses more parts than a value may have, and counts what stands between quotes as nothing", () => {
    const wide = { charsMax: 10_000_000, depthMax: 4 };
    const parts = (count: number): string => `[${"1,".repeat(count - 2)}1]`;
    expect(refusal(() => admitJson(parts(VALUE_NODES_MAX), wide))).toBe("accepted");
    expect(refusal(() => admitJson(parts(VALUE_NODES_MAX + 1), wide))).toMatch(/more than 100000 parts/);
    const empties = `[${"[],".repeat(VALUE_NODES_MAX - 2)}{}]`;
    expect(refusal(() => admitJson(empties, wide))).toBe("accepted");
    expect(refusal(() => admitJson(JSON.stringify(',[{"'.repeat(VALUE_NODES_MAX)), wide))).toBe("accepted");
  });

  it("refuses more different keys than a reader takes in quickly, however they are spread", () => {
    const wide = { charsMax: 10_000_000, depthMax: 4 };
    const objects = (count: number): string =>
      JSON.stringify(Array.from({ length: count }, (_, i) => ({ [`k${i}`]: "a:b" })));
    expect(refusal(() => admitJson(objects(10_000), wide))).toBe("accepted");
    expect(refusal(() => admitJson(objects(10_001), wide))).toMatch(/more than 10000 different keys/);
    const alike = JSON.stringify(Array.from({ length: 20_000 }, () => ({ name: "a", value: ":" })));
    expect(refusal(() => admitJson(alike, wide))).toBe("accepted");
  });

  it("refuses length beyond the bound", () => {
    expect(refusal(() => admitJson(`"${"a".repeat(20_000)}"`, BOUNDS))).toMatch(/bound is 10000/);
  });

  it("accepts every value as JSON.stringify spells it, unless it holds what is refused by name", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        const odd = /__proto__|\\ud[89a-f]/.test(text) || text.includes("-0") || !text.isWellFormed();
        if (!odd) expect(admitJson(text, BOUNDS).value).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe("textDepth()", () => {
  it("counts brackets outside strings only", () => {
    expect(textDepth('[{"[[[":"\\"]["}]')).toBe(2);
    expect(textDepth("7")).toBe(0);
    const byUnits = (text: string): number => {
      let [depth, deepest, inString] = [0, 0, false];
      for (let i = 0; i < text.length; i++) {
        if (inString && text[i] === "\\") i++;
        else if (text[i] === '"') inString = !inString;
        else if (!inString && /[[{]/.test(text.charAt(i))) deepest = Math.max(deepest, ++depth);
        else if (!inString && /[\]}]/.test(text.charAt(i))) depth--;
      }
      return deepest;
    };
    const texts = fc.string({ unit: fc.constantFrom("[", "]", "{", "}", '"', "\\", "a"), maxLength: 30 });
    fc.assert(fc.property(texts, (text) => textDepth(text) === byUnits(text)));
  });
});

describe("canonicalText()", () => {
  it("sorts keys by UTF-16 code units", () => {
    expect(canonicalText({ "\ufb33": 1, "\ud83d\ude02": 2, "1": 3, a: 4 })).toBe(
      '{"1":3,"a":4,"\ud83d\ude02":2,"\ufb33":1}',
    );
  });

  it.each([
    ["a fraction", { a: 1.5 }],
    ["an integer that is not safe", { a: 2 ** 53 }],
    ["undefined", { a: undefined }],
    ["a hole", { a: [1, , 2] }],
    ["a Date", { a: new Date(0) }],
    ["a BigInt", { a: 1n }],
    ["a lone surrogate", { a: "\ud800" }],
    ["a lone surrogate in a key", { "\ud800": 1 }],
    ["a class instance", { a: new Map() }],
  ])("refuses %s and never repairs it", (_, value) => {
    expect(refusal(() => canonicalText(value as unknown as JsonValue))).not.toBe("accepted");
  });

  it("refuses depth beyond 32 without overflowing the stack", () => {
    let value: JsonValue = 1;
    for (let i = 0; i < 100_000; i++) value = [value];
    expect(refusal(() => canonicalText(value))).toMatch(/deeper than 32/);
  });

  it("is a fixed point of parsing", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.maxSafeInteger(), fc.string(), fc.boolean())), (value) => {
        if (Object.keys(value).includes("__proto__")) return;
        const text = canonicalText(value);
        expect(canonicalText(JSON.parse(text) as JsonValue)).toBe(text);
      }),
    );
  });
});

describe.skipIf(!hasVectors)("canonicalJson() against the RFC 8785 vectors", () => {
  it.each(hasVectors ? readdirSync(vectorPath("jcs", "input")) : [])("%s", (file) => {
    const input = JSON.parse(readFileSync(vectorPath("jcs", "input", file), "utf8")) as JsonValue;
    const expected = readFileSync(vectorPath("jcs", "outhex", file.replace(".json", ".txt")), "utf8").replace(
      /\s+/g,
      "",
    );
    expect(hex(utf8(canonicalJson(input)))).toBe(expected);
  });
});

describe("deepFreeze()", () => {
  it("freezes without recursing", () => {
    let value: JsonValue = 1;
    for (let i = 0; i < 200_000; i++) value = [value];
    expect(Object.isFrozen(deepFreeze(value))).toBe(true);
  });
});
