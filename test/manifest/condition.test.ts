// Invariant under test: a condition never says "yes" where JSON Schema says invalid, nor "no" where it says valid.
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/base/json.ts";
import type { JsonSchema } from "../../src/kinds/contract.ts";
import { compileChecker } from "../../src/manifest/checker.ts";
import { compileCondition, judge } from "../../src/manifest/condition.ts";
import type { Finding } from "../../src/manifest/problems.ts";
import { readSchema } from "../../src/manifest/schema-form.ts";

function conditionOf(schema: JsonSchema): ReturnType<typeof compileCondition> {
  return compileCondition(schema, "/where", (finding) => {
    throw new Error(`${finding.pointer}: ${finding.message}`);
  });
}

function problemsOf(schema: JsonSchema): readonly string[] {
  const findings: Finding[] = [];
  compileCondition(schema, "/where", (finding) => findings.push(finding));
  return findings.map(({ code, pointer, message }) => `${code} ${pointer} ${message}`);
}

const amount: JsonSchema = {
  type: "object",
  required: ["amount"],
  properties: { amount: { type: "integer", minimum: 5 } },
};

describe("compileCondition()", () => {
  it.each<[string, JsonSchema, JsonValue, string]>([
    ["a stated bound holds", amount, { amount: 5 }, "yes"],
    ["a stated bound does not hold", amount, { amount: 4 }, "no"],
    ["a stated property is missing", amount, {}, "undecided"],
    ["a stated property is of another type", amount, { amount: "5" }, "undecided"],
    ["the number is no integer", amount, { amount: 5.5 }, "undecided"],
    ["the value itself is of another type", amount, [5], "undecided"],
    ["an optional property is missing", { type: "object", properties: { a: { type: "string" } } }, {}, "undecided"],
    ["a constant of another type", { const: "EUR" }, 5, "undecided"],
    ["another constant of the type", { const: "EUR" }, "USD", "no"],
    ["a property too many", { type: "object", additionalProperties: false, properties: {} }, { a: 1 }, "no"],
    ["one part is false and another unknown", { allOf: [amount, { const: 1 }, false] }, {}, "no"],
    ["one choice is true and another unknown", { anyOf: [amount, true] }, {}, "yes"],
    ["one choice is false and another unknown", { anyOf: [amount, false] }, {}, "undecided"],
    ["the negation of unknown", { not: amount }, {}, "undecided"],
    ["the negation of false", { not: amount }, { amount: 1 }, "yes"],
    ["exactly one of several, one unknown", { oneOf: [amount, true] }, {}, "undecided"],
    ["two of exactly one", { oneOf: [amount, true] }, { amount: 9 }, "no"],
    ["an unknown test", { if: amount, then: false }, {}, "undecided"],
    ["an unknown test that does not matter", { if: amount, then: false, else: false }, {}, "no"],
    ["an element that the tuple states is missing", { type: "array", prefixItems: [true] }, [], "undecided"],
    ["no element is contained", { type: "array", contains: { const: 1 } }, [2], "no"],
    ["an element may be contained", { type: "array", contains: { const: 1 } }, ["2"], "undecided"],
    ["a local reference", { $defs: { a: amount }, $ref: "#/$defs/a" }, { amount: 7 }, "yes"],
    ["a date, which is no object", { type: "object" }, { $type: "date", value: 0 }, "undecided"],
    [
      "a date, where its members are few",
      { type: "object", maxProperties: 1 },
      { $type: "date", value: 0 },
      "undecided",
    ],
    [
      "bytes, of which the schema speaks",
      { type: "object", properties: { $type: { const: "bytes" } } },
      { $type: "bytes", value: "" },
      "yes",
    ],
    ["text is counted in characters", { type: "string", maxLength: 1 }, "😀", "yes"],
  ])("decides where %s", (_, schema, value, verdict) => expect(conditionOf(schema)(value)).toBe(verdict));

  it.each<[JsonSchema, string]>([
    [{ type: "string", pattern: "(a+)+$" }, "/where/pattern the keyword pattern is refused"],
    [{ type: "string", format: "email" }, "/where/format the keyword format is refused"],
    [{ type: "array", uniqueItems: true }, "/where/uniqueItems the keyword uniqueItems is refused"],
    [{ type: "object", patternProperties: {} }, "/where/patternProperties the keyword patternProperties is refused"],
    [{ $ref: "https://example.com/x" }, "/where/$ref $ref names nothing"],
    [{ $ref: "#/$defs/none" }, "/where/$ref $ref names nothing"],
    [{ $defs: { a: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" }, "/where/$ref/$ref a $ref leads back to itself"],
    [{ properties: { amount: { type: "integer" } } }, "/where/properties properties without its type"],
    [{ type: "string", minimum: 5 }, "/where/minimum minimum without its type"],
    [{ type: "object", proprties: {} }, '/where/proprties unknown keyword "proprties"'],
    [{ type: "text" }, "/where/type type is not one"],
    [{ type: "integer", minimum: "5" }, "/where/minimum minimum is not a number"],
    [{ type: "string", maxLength: -1 }, "/where/maxLength maxLength is not a whole number"],
    [{ enum: [] }, "/where/enum enum is a list"],
    [{ anyOf: [] }, "/where/anyOf anyOf is a list"],
    [{ type: "object", required: "a" }, "/where/required required is a list"],
    [{ type: "object", properties: [] }, "/where/properties properties is a map"],
    [{ not: 5 }, "/where/not a schema is a map"],
    [{ then: true }, "/where/then then alone decides nothing"],
    [{ const: 1, enum: [1] }, "/where/const const beside enum"],
    [{ type: "array", prefixItems: [true], contains: true }, "/where/contains contains beside prefixItems"],
  ])("refuses %j with its place", (schema, problem) => {
    expect(problemsOf(schema)).toEqual([expect.stringContaining(`MANIFEST_SCHEMA_INVALID ${problem}`)]);
  });

  it("refuses a schema that references blow up, once", () => {
    const $defs: Record<string, JsonSchema> = { d0: true };
    for (let i = 1; i < 25; i++)
      $defs[`d${i}`] = { allOf: [{ $ref: `#/$defs/d${i - 1}` }, { $ref: `#/$defs/d${i - 1}` }] };
    const started = performance.now();
    expect(problemsOf({ $defs, $ref: "#/$defs/d24" })).toEqual([expect.stringContaining("the schema is too large")]);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("never decides where the schema is refused", () => {
    expect(compileCondition({ type: "string", pattern: "a" }, "", () => {})("a")).toBe("undecided");
  });

  it("does not take what every object inherits for a property", () => {
    const schema: JsonSchema = { type: "object", required: ["toString"] };
    expect(compileChecker(schema, "", () => {})({})).toBe("must have toString");
    expect(conditionOf(schema)({})).toBe("undecided");
  });

  it("agrees with ajv wherever it decides, by its own interpreter alone", () => {
    fc.assert(
      fc.property(schemas, fc.array(values, { minLength: 1, maxLength: 8 }), (schema, samples) => {
        const form = readSchema(schema, "", () => {});
        fc.pre(form !== undefined);
        const validate = new Ajv2020({
          strict: true,
          strictTypes: false,
          strictTuples: false,
          strictRequired: false,
          ownProperties: true,
        }).compile(schema);
        const check = compileChecker(schema, "", () => {});
        for (const value of samples) {
          const verdict = judge(form, value);
          const valid = validate(value);
          if (verdict !== "undecided") expect(verdict).toBe(valid ? "yes" : "no");
          expect(check(value) === undefined).toBe(valid);
        }
      }),
      { numRuns: 80 },
    );
  });

  it("decides on any value that has the very shape of the schema", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (bound, value) => {
        const schema = { type: "object", properties: { a: { type: "integer", minimum: bound } } };
        expect(conditionOf(schema)({ a: value })).toBe(value >= bound ? "yes" : "no");
      }),
    );
  });
});

const names = fc.constantFrom("a", "b", "toString");
const { value: values } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<JsonValue>(null, true, 0, 1, 2, 2.5, "", "x", "xyz"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(names, tie("value"), { maxKeys: 3 }),
  ),
}));
const small = fc.integer({ min: 0, max: 3 });
const { schema: schemas } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.boolean(),
    fc.constantFrom<JsonSchema>(
      { const: 1 },
      { enum: [1, "x", null] },
      { type: ["string", "null"] },
      { type: "boolean" },
    ),
    fc
      .record({ minimum: small, exclusiveMaximum: small, multipleOf: fc.constantFrom(1, 2, 0.5) }, { requiredKeys: [] })
      .map((more) => ({
        type: "number",
        ...more,
      })),
    fc
      .record({ minLength: small, maxLength: small }, { requiredKeys: [] })
      .map((more) => ({ type: "string", ...more })),
    fc
      .record(
        {
          properties: fc.dictionary(names, tie("schema"), { maxKeys: 3 }),
          required: fc.uniqueArray(names),
          additionalProperties: tie("schema"),
          minProperties: small,
        },
        { requiredKeys: [] },
      )
      .map((more) => ({ type: "object", ...more })),
    fc
      .record(
        {
          items: tie("schema"),
          prefixItems: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
          contains: tie("schema"),
        },
        { requiredKeys: [] },
      )
      .map((more) => ({ type: "array", ...more })),
    fc
      .array(tie("schema"), { minLength: 1, maxLength: 3 })
      .chain((list) => fc.constantFrom<JsonSchema>({ allOf: list }, { anyOf: list }, { oneOf: list })),
    tie("schema").map((one) => ({ not: one })),
    fc
      .tuple(tie("schema"), tie("schema"), tie("schema"))
      .map(([one, two, three]) => ({ if: one, then: two, else: three })),
  ),
}));
