import { describe, expect, it } from "vitest";
import { encodeValue } from "../../src/base/codec.ts";
import type { JsonValue } from "../../src/base/json.ts";
import type { CompiledGrant, FunctionSpec, JsonSchema, RuleVerdict } from "../../src/kinds/contract.ts";
import { compileGrants, strictly, type CompiledGrants } from "../../src/manifest/grants.ts";
import { parseManifest } from "../../src/manifest/parse.ts";
import { resolveManifest, type Resolution } from "../../src/manifest/resolve.ts";
import { fakeKinds } from "./kinds.ts";

const TEXT = `enclosure: 1
name: desk
version: "1"
audit: { default: digest }
capabilities:
  desk:
    use: module
    from: ./desk.ts
    allow:
      - look
      - call: refund
        where: { type: object, properties: { amount: { type: number, maximum: 100 } } }
    ask: [{ call: refund, where: { type: object, properties: { note: { const: vip } } } }]
    deny: [{ call: refund, where: { type: object, properties: { amount: { type: number, minimum: 50 } } } }]
    limits: { calls: 7, rate: 3/m }
profiles:
  ci:
    capabilities:
      desk:
        ask: [{ call: refund, where: { type: object, properties: { note: { const: vip } } } }, look]
`;

function resolved(profile?: string, text = TEXT): Resolution {
  const { manifest, problems } = parseManifest(text, { file: "m.yaml", kinds: fakeKinds });
  expect(problems).toEqual([]);
  if (manifest === undefined) throw new Error("no manifest");
  return resolveManifest(manifest, profile);
}

function compiled(profile?: string, tables = new Map<string, readonly FunctionSpec[]>()): CompiledGrants {
  return compileGrants(resolved(profile), tables, fakeKinds);
}

function decide(grant: CompiledGrant, name: string, args: JsonValue): RuleVerdict {
  return grant.decide({ fn: grant.functions.get(name) as FunctionSpec, args });
}

/** The desk, whose function `look` takes what this schema says. */
function withInput(input: JsonSchema): CompiledGrant {
  const tables = new Map([["desk", [{ name: "look", effect: "read", input } as const]]]);
  return [...compiled(undefined, tables).grants.values()][0] as CompiledGrant;
}

describe("compileGrants()", () => {
  const desk = [...compiled().grants.values()][0] as CompiledGrant;

  it("carries the common keys, with their defaults filled in", () => {
    expect(desk).toMatchObject({
      name: "desk",
      kind: "module",
      audit: "digest",
      limits: { calls: 7, rate: { count: 3, perMs: 60_000 } },
      at: { pointer: "/capabilities/desk", line: 6, column: 3 },
    });
  });

  it("checks the argument before any rule sees it", () => {
    expect(decide(desk, "refund", { amount: "5" })).toMatchObject({
      verdict: "deny",
      code: "ARGUMENT_INVALID",
      message: "desk.refund: argument amount must be number",
      rule: { pointer: "/capabilities/desk" },
    });
    expect(decide(desk, "refund", {})).toMatchObject({
      code: "ARGUMENT_INVALID",
      message: "desk.refund: argument must have amount",
    });
    expect(decide(desk, "refund", { amount: 1, x: 1 })).toMatchObject({
      message: 'desk.refund: argument must not have "x"',
    });
  });

  it("checks the members of an object that has a $type of its own, and of what is within it", () => {
    const refund = (value: unknown): unknown => decide(desk, "refund", encodeValue(value));
    expect(refund({ amount: 5, $type: "x" })).toMatchObject({ message: 'desk.refund: argument must not have "$type"' });
    const within = withInput({
      type: "object",
      properties: { opts: { type: "object", properties: { limit: { type: "integer", maximum: 10 } } } },
    });
    const said = (opts: unknown): string => decide(within, "look", encodeValue({ opts })).verdict;
    expect([{ limit: 10 }, { limit: 10, $type: 1 }, { $type: "x" }].map(said)).toEqual(["allow", "allow", "allow"]);
    expect([{ limit: 11, $type: 1 }, { $type: "date" }].map(said)).toEqual(["deny", "deny"]);
  });

  it("takes no date, bytes, bigint or the like for an object", () => {
    const within = withInput({ type: "object", properties: { opts: { type: "object" }, any: true } });
    const said = (value: unknown): string => decide(within, "look", encodeValue(value)).verdict;
    const odd = [new Date(), new Uint8Array(1), 2n, NaN, Infinity];
    expect(odd.map((opts) => said({ opts }))).toEqual(odd.map(() => "deny"));
    expect(odd.map((any) => said({ any }))).toEqual(odd.map(() => "allow"));
    expect(odd.map(said)).toEqual(odd.map(() => "deny"));
  });

  it("denies a function that the grant does not have", () => {
    const fn: FunctionSpec = { name: "burn", effect: "write" };
    expect(desk.decide({ fn, args: {} })).toMatchObject({ verdict: "deny", code: "RULE_FAILED" });
  });

  it("counts what it cannot decide as a match under deny and ask, and not under allow", () => {
    expect(decide(desk, "refund", { amount: 10, note: "x" })).toMatchObject({
      verdict: "allow",
      rule: { pointer: "/capabilities/desk/allow/1", line: 11 },
    });
    expect(decide(desk, "refund", { amount: 10 })).toMatchObject({
      verdict: "ask",
      rule: { pointer: "/capabilities/desk/ask/0", line: 13 },
    });
    expect(decide(desk, "refund", { amount: 60 })).toMatchObject({
      verdict: "deny",
      code: "RULE_DENIED",
      rule: { line: 14, column: 12 },
    });
  });

  it("checks no result of a function that states none", () => {
    const fn = withInput(true).functions.get("look") as FunctionSpec;
    expect(withInput(true).checkResult(fn, encodeValue({ $type: "number", n: 1 }))).toEqual({ ok: true });
  });

  it("checks results against the output schema", () => {
    const fn = desk.functions.get("refund") as FunctionSpec;
    expect(desk.checkResult(fn, { id: "r1" })).toEqual({ ok: true });
    const wrong = { ok: false, message: "desk.refund: result id must be string" };
    expect(desk.checkResult(fn, { id: 1 })).toEqual(wrong);
    expect(desk.checkResult(fn, encodeValue({ id: 1, $type: "x" }))).toEqual(wrong);
    expect(desk.checkResult(fn, { $type: "date", value: 1 })).toMatchObject({ ok: false });
  });

  it("names a rule that a profile put there by its place in the file", () => {
    const narrowed = [...compiled("ci").grants.values()][0] as CompiledGrant;
    expect(decide(narrowed, "look", { id: "a" })).toMatchObject({
      verdict: "ask",
      rule: { pointer: "/capabilities/desk/ask/1", line: 20, column: 96 },
    });
  });

  it("warns of rules that can never decide, and check takes them for errors", () => {
    const { problems } = compiled(undefined, new Map([["desk", [{ name: "look", effect: "read" } as const]]]));
    expect(problems.map(({ code, severity, pointer, line }) => [code, severity, pointer, line])).toEqual([
      ["MANIFEST_RULE_UNREACHABLE", "warning", "/capabilities/desk/allow/1", 11],
      ["MANIFEST_RULE_UNREACHABLE", "warning", "/capabilities/desk/ask/0", 13],
      ["MANIFEST_RULE_UNREACHABLE", "warning", "/capabilities/desk/deny/0", 14],
    ]);
    expect(strictly(problems).every(({ severity }) => severity === "error")).toBe(true);
  });

  it("tells the file's own place for a problem in a rule that a profile put there", () => {
    const { problems } = compiled("ci", new Map([["desk", [{ name: "refund", effect: "write" } as const]]]));
    expect(problems.map(({ pointer, line }) => [pointer, line])).toContainEqual([
      "/profiles/ci/capabilities/desk/ask/1",
      20,
    ]);
  });

  it("warns of two grants that both answer for the same thing", () => {
    const twice = `${TEXT.split("profiles")[0]}  other: { use: module, from: ./desk.ts, allow: [look] }\n`;
    const { problems } = compileGrants(resolved(undefined, twice), new Map(), fakeKinds);
    expect(problems).toEqual([
      expect.objectContaining({
        code: "MANIFEST_RULE_UNREACHABLE",
        message: 'desk and other both reach "./desk.ts"',
        line: 16,
      }),
    ]);
  });

  it("refuses a function whose schema is not acceptable, at the grant", () => {
    const table: readonly FunctionSpec[] = [
      { name: "look", effect: "read", input: { type: "string", pattern: "(a+)+" } },
    ];
    const { problems, grants } = compiled(undefined, new Map([["desk", table]]));
    expect(problems).toContainEqual(
      expect.objectContaining({ code: "MANIFEST_SCHEMA_INVALID", pointer: "/capabilities/desk", severity: "error" }),
    );
    expect(decide([...grants.values()][0] as CompiledGrant, "look", "a")).toMatchObject({ code: "ARGUMENT_INVALID" });
  });
});
