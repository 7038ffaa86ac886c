import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import type { FunctionSpec, KindPowers } from "../../../src/kinds/contract.ts";
import { moduleKind } from "../../../src/kinds/module/kind.ts";
import { compiled } from "../../support/compiled.ts";

const TABLE: readonly FunctionSpec[] = [
  { name: "list_customers", effect: "read" },
  { name: "list_orders", effect: "read" },
  { name: "refund", effect: "irreversible" },
  { name: "note", effect: "write" },
  { name: "wipe", effect: "irreversible" },
];
const LARGE = { type: "object", required: ["amount"], properties: { amount: { type: "integer", minimum: 100 } } };
const SMALL = { type: "object", required: ["amount"], properties: { amount: { type: "integer", maximum: 500 } } };
const GRANT: JsonObject = {
  from: "./desk.ts",
  allow: ["list_*", { call: "refund", where: SMALL }, { call: "note", effect: "read" }],
  ask: [{ call: "refund", where: LARGE, timeout: "15m" }],
  deny: [
    {
      call: "note",
      where: { type: "object", required: ["secret"], properties: { secret: { type: "boolean", const: true } } },
    },
  ],
};
const desk = compiled(moduleKind, "desk", GRANT, TABLE);
const at = (pointer: string) => ({ pointer: `/capabilities/desk${pointer}`, line: 1, column: 1 });

/** What is wrong with a grant: "severity pointer message". */
function problemsOf(grant: JsonObject, known = true): readonly string[] {
  const { problems } = compiled(moduleKind, "desk", { from: "./desk.ts", ...grant }, known ? TABLE : undefined);
  for (const { code } of problems) expect(["MANIFEST_RULE_UNREACHABLE", "MANIFEST_NOT_BUILT"]).toContain(code);
  return problems.map(({ severity, pointer, message }) => `${severity} ${pointer} ${message}`);
}

/** Powers under which conditions never decide, for what does not depend on them. */
const POWERS: KindPowers = {
  condition: () => () => "undecided",
  shape: () => () => false,
  report: () => {},
  at: (pointer) => ({ pointer, line: 1, column: 1 }),
  placeholders: new Set(),
};

describe("the kind module", () => {
  it("has only the functions that an allow rule names", () => {
    expect([...desk.grant.functions.keys()]).toEqual(["list_customers", "list_orders", "refund", "note"]);
    expect(compiled(moduleKind, "desk", GRANT).grant.functions.size).toBe(0);
  });

  it("allows what a glob names, with the function as the target", () => {
    expect(desk.problems).toEqual([]);
    expect(desk.decide("list_orders", {})).toEqual({
      verdict: "allow",
      rule: at("/allow/0"),
      effect: "read",
      target: { kind: "module", name: "list_orders" },
    });
  });

  it("reads deny, then ask, then allow", () => {
    const said = (amount: unknown) => desk.decide("refund", { amount });
    expect(said(50)).toMatchObject({ verdict: "allow", rule: at("/allow/1"), effect: "irreversible" });
    expect(said(200)).toMatchObject({ verdict: "ask", rule: at("/ask/0"), timeoutMs: 15 * 60_000 });
    expect(said(900)).toMatchObject({ verdict: "deny", code: "RULE_FAILED", rule: at("/allow/1") });
  });

  it("does not let what a condition cannot decide count under allow, and does under deny", () => {
    expect(desk.decide("refund", {})).toMatchObject({ verdict: "deny", code: "RULE_FAILED" });
    expect(desk.decide("refund", { amount: "50" })).toMatchObject({ verdict: "deny", code: "RULE_FAILED" });
    expect(desk.decide("note", { secret: false })).toMatchObject({ verdict: "allow" });
    for (const args of [{ secret: true }, {}, { secret: "yes" }])
      expect(desk.decide("note", args)).toMatchObject({ verdict: "deny", code: "RULE_DENIED", rule: at("/deny/0") });
  });

  it("takes the effect that the manifest says before the module's", () => {
    expect(desk.decide("note", { secret: false })).toMatchObject({ effect: "read" });
  });

  it("tells which rule is the nearest and which line to add", () => {
    expect(desk.decide("refund", { amount: 900 })).toMatchObject({
      message: 'the argument of refund does not meet the condition of the allow rule "refund"',
      mend: expect.stringContaining('"- refund"'),
    });
    expect(desk.decide("refund", {})).toMatchObject({ message: expect.stringContaining("leaves open the condition") });
    expect(desk.decide("note", { secret: true })).toMatchObject({
      message: 'note is denied by the rule "note", whose condition the argument meets',
      mend: expect.stringContaining("capabilities.desk.deny"),
    });
    const refunds = { name: "refunds", effect: "read" } as const;
    expect(moduleKind.compile(GRANT, TABLE, POWERS).decide({ fn: refunds, args: {} })).toMatchObject({
      verdict: "deny",
      code: "RULE_FAILED",
      rule: { pointer: "/allow/1" },
      message: 'no allow rule names refunds; the nearest is "refund"',
      mend: expect.stringContaining('add "- refunds" under'),
    });
  });

  it("is total: no function and no argument makes it throw", () => {
    const kind = moduleKind.compile(GRANT, TABLE, POWERS);
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (name, args) => {
        const said = kind.decide({ fn: { name, effect: "read" }, args: args as never });
        expect(["allow", "ask", "deny"]).toContain(said.verdict);
        expect(said.verdict === "deny" || TABLE.some((fn) => fn.name === name) || /^list_./.test(name)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("reports rules that name no function, with the nearest", () => {
    expect(problemsOf({ allow: ["list_*", "refnud", "zzz*"] })).toEqual([
      'warning /allow/1 the allow rule "refnud" names no function of the module; did you mean "refund"?',
      'warning /allow/2 the allow rule "zzz*" names no function of the module',
    ]);
  });

  it("reports rules that can never match", () => {
    expect(problemsOf({ allow: ["list_*"], ask: ["refund"], deny: ["w*"] })).toEqual([
      'warning /deny/0 the deny rule "w*" can never match: no allow rule grants what it names',
      'warning /ask/0 the ask rule "refund" can never match: no allow rule grants what it names',
    ]);
    const shadowed = {
      allow: ["list_*", "list_orders", { call: "refund", where: SMALL }, "refund"],
      ask: ["note"],
      deny: ["*"],
    };
    expect(problemsOf(shadowed).map((text) => text.split(" the ")[0])).toEqual([
      "warning /ask/0",
      "warning /allow/0",
      "warning /allow/1",
      "warning /allow/2",
      "warning /allow/3",
    ]);
    expect(problemsOf({ allow: ["list_customers", "list_orders", "list_*"] })).toEqual([
      'warning /allow/2 the allow rule "list_*" is never reached: rules before it match all that it names',
    ]);
    expect(problemsOf({ allow: [{ call: "refund", where: SMALL }, "refund"] })).toEqual([]);
  });

  it("reports what can be known without the module's functions", () => {
    const grant = { allow: ["list_*", "list_orders", "anything"], ask: ["*_orders"], deny: ["refund", "any*"] };
    expect(problemsOf(grant, false).map((text) => text.split(" the ")[0])).toEqual([
      "warning /deny/0",
      "warning /allow/1",
      "warning /allow/2",
    ]);
  });

  it("refuses placeholders in a module's environment", () => {
    const grant = { allow: ["note"], env: { REGION: "eu", TOKEN: "Bearer ${secret:token}" } };
    expect(problemsOf(grant)).toEqual([expect.stringContaining("error /env/TOKEN")]);
    expect(
      compiled(moduleKind, "desk", { from: "./d.ts", allow: ["note"], env: { A: "b" } }, TABLE).grant.config,
    ).toEqual({
      from: "./d.ts",
      env: { A: "b" },
    });
  });

  it("reports a condition that is no schema", () => {
    const { problems } = compiled(
      moduleKind,
      "desk",
      { from: "./d.ts", allow: [{ call: "note", where: { type: "texts" } }] },
      TABLE,
    );
    expect(problems).toMatchObject([
      { code: "MANIFEST_SCHEMA_INVALID", pointer: expect.stringMatching(/^\/allow\/0\/where/) },
    ]);
  });

  it("says in sentences who may do what", () => {
    expect(desk.sentences.map(({ verdict, effect, text }) => `${verdict} ${effect}: ${text}`)).toEqual([
      "deny write: may never call note, where its condition holds",
      "ask irreversible: must ask a person before it may call refund, where its condition holds",
      "allow read: may call list_* (list_customers, list_orders)",
      "allow irreversible: may call refund, where its condition holds",
      "allow read: may call note",
    ]);
    const unknown = compiled(moduleKind, "desk", { from: "./d.ts", allow: ["list_*"] }).sentences;
    expect(unknown).toMatchObject([{ text: "may call list_*", effect: "write" }]);
  });

  it.each(["*", "a", "list_*", "*_list", "a*b*c", "_x1"])("takes %s as a glob", (glob) => {
    expect(new RegExp(globPattern(), "u").test(glob)).toBe(true);
  });

  it.each(["", "**", "a**b", "a-b", "a.b", "a b", "a/b", "é"])("does not take %j as a glob", (glob) => {
    expect(new RegExp(globPattern(), "u").test(glob)).toBe(false);
  });
});

function globPattern(): string {
  const { allow } = moduleKind.keys as { allow: { items: { anyOf: readonly [{ pattern: string }] } } };
  return allow.items.anyOf[0].pattern;
}
