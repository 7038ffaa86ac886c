// The decision: default deny, deny final over ask, and a pure and total function of call, grants and budgets.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Budgets } from "../../src/broker/budgets.ts";
import { type CallToDecide, type Decision, decide } from "../../src/broker/decide.ts";
import { toldOfDenial } from "../../src/broker/told.ts";
import { DESK, grantsOf, WEB } from "./live.ts";

const GRANTS = grantsOf(DESK + WEB);
const BYTES_MAX = 4096;

function decideOn(change: Partial<CallToDecide>, bytesMax = BYTES_MAX, budgets = new Budgets()): Decision {
  return decide({ capability: "desk", fn: "echo", argsText: "{}", nowMs: 0, ...change }, GRANTS, budgets, bytesMax);
}

describe("decide() denies", () => {
  it.each([
    ["a capability that is not granted", { capability: "shell" }, "GRANT_MISSING"],
    ["a capability named as what every object has", { capability: "constructor" }, "GRANT_MISSING"],
    ["__proto__", { capability: "__proto__" }, "GRANT_MISSING"],
    ["a function that the module does not have", { fn: "burn" }, "FUNCTION_MISSING"],
    ["a function that the module has and the grant does not name", { fn: "hidden" }, "FUNCTION_MISSING"],
    ["a function named as what every object has", { fn: "toString" }, "FUNCTION_MISSING"],
    ["an argument of the wrong shape", { fn: "look", argsText: '{"id":1}' }, "ARGUMENT_INVALID"],
    ["an argument that is no JSON", { argsText: "{" }, "ARGUMENT_INVALID"],
    ["an argument in another spelling", { argsText: '{ "a":1}' }, "ARGUMENT_INVALID"],
    ["an argument that two readers read differently", { argsText: '{"a":1,"a":2}' }, "ARGUMENT_INVALID"],
    ["an argument that reaches for a prototype", { argsText: '{"__proto__":{"a":1}}' }, "ARGUMENT_INVALID"],
    ["an argument deeper than a value can be", { argsText: "[".repeat(200) + "]".repeat(200) }, "ARGUMENT_INVALID"],
    ["a bigint in a second spelling", { argsText: '{"a":{"$type":"bigint","value":"-0"}}' }, "ARGUMENT_INVALID"],
    ["bytes in a second spelling", { argsText: '{"a":{"$type":"bytes","value":"AQI= "}}' }, "ARGUMENT_INVALID"],
    ["a date in a second spelling", { argsText: '{"a":{"$type":"date","value":1000.5}}' }, "ARGUMENT_INVALID"],
    [
      "a tag with a member beside it",
      { argsText: '{"$type":"object","value":{"$type":1},"b":[9]}' },
      "ARGUMENT_INVALID",
    ],
    ["a wrapping that wraps nothing", { argsText: '{"a":{"$type":"object","value":{"b":1}}}' }, "ARGUMENT_INVALID"],
    ["a tag that is unknown", { argsText: '{"a":{"$type":"map","value":[]}}' }, "ARGUMENT_INVALID"],
    ["an argument larger than the limit", { argsText: JSON.stringify("x".repeat(BYTES_MAX)) }, "ARGUMENT_TOO_LARGE"],
    ["what a deny rule names, although an ask rule and an allow rule do too", { fn: "wipe" }, "RULE_DENIED"],
    [
      "what no rule allows",
      { capability: "web", fn: "fetch", argsText: '{"url":"https://evil.example/"}' },
      "RULE_FAILED",
    ],
  ])("%s", (_, change, code) => {
    expect(decideOn(change)).toMatchObject({ verdict: "denied", code });
  });

  it("by the argument's bytes, not its characters", () => {
    const argsText = JSON.stringify("€".repeat(10));
    expect(decideOn({ argsText }, 32)).toMatchObject({ verdict: "admitted" });
    expect(decideOn({ argsText }, 31)).toMatchObject({ verdict: "denied", code: "ARGUMENT_TOO_LARGE" });
  });

  it("with the rule that denied, and where none did with the grant", () => {
    expect(decideOn({ fn: "wipe" })).toMatchObject({ rule: { pointer: "/capabilities/desk/deny/0", line: 10 } });
    expect(decideOn({ fn: "burn" })).toMatchObject({ rule: { pointer: "/capabilities/desk", line: 5 } });
    expect(decideOn({ capability: "shell" })).toMatchObject({ rule: null, grant: null, fn: null });
  });

  it("for an unknown function with the names that there are, and no name that is not granted", () => {
    expect(decideOn({ fn: "burn" })).toMatchObject({ mend: "desk has: look, echo, save, pay, wipe" });
  });
});

describe("decide() admits", () => {
  it("what a rule allows, with the exact text and its frozen value", () => {
    const decided = decideOn({ argsText: '{"a":[1]}' });
    if (decided.verdict !== "admitted") throw new Error(decided.verdict);
    expect(decided.args).toEqual({ text: '{"a":[1]}', value: { a: [1] } });
    expect(Object.isFrozen((decided.args.value as { a: object }).a)).toBe(true);
    expect(decided.rule).toMatchObject({ pointer: "/capabilities/desk/allow/1" });
  });

  it("holds what an ask rule names, for as long as the rule says", () => {
    expect(decideOn({ fn: "pay" })).toMatchObject({ verdict: "held", timeoutMs: 300_000, effect: "irreversible" });
  });
});

const names = fc.oneof(
  fc.constantFrom("desk", "web", "echo", "look", "pay", "wipe", "fetch", "__proto__", "toString", "\ud800"),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const argument = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("{", "}", "[", "]", '"', "\\ud800", "\ud800", "1", ",", "$type", ":") }),
  fc.webUrl().map((url) => JSON.stringify({ url })),
);
const call = fc.record({ capability: names, fn: names, argsText: argument, nowMs: fc.nat(10_000) });

describe("decide() is", () => {
  it("total: no text makes it throw, and only what the manifest grants is admitted or held", () => {
    fc.assert(
      fc.property(call, (given) => {
        const decided = decideOn(given);
        if (decided.verdict !== "denied") {
          expect(GRANTS.get(given.capability)?.functions.has(given.fn)).toBe(true);
          return;
        }
        const told = toldOfDenial(decided, given.capability, given.fn);
        expect(told.message.isWellFormed()).toBe(true);
        expect(told.message).toContain(`[${decided.code}]`);
      }),
      { numRuns: 500 },
    );
  });

  it("pure: the same call, grants and spending give the same decision, whatever was asked in between", () => {
    const grants = grantsOf(`${DESK}    limits: { calls: 6, rate: 3/s }\n`);
    const ask = (given: CallToDecide, budgets: Budgets): unknown => {
      const { verdict, ...rest } = decide(given, grants, budgets, BYTES_MAX);
      return { verdict, code: "code" in rest ? rest.code : null, message: "message" in rest ? rest.message : null };
    };
    const times = fc.array(fc.nat(3000), { maxLength: 8 });
    const known = fc.record({
      capability: fc.constant("desk"),
      fn: fc.constantFrom("echo", "pay"),
      argsText: fc.constant("{}"),
      nowMs: fc.nat(5000),
    });
    fc.assert(
      fc.property(times, fc.array(fc.oneof(known, call), { maxLength: 8 }), known, (spent, between, given) => {
        const [alone, asked] = [new Budgets(), new Budgets()];
        const desk = grants.get("desk");
        if (desk === undefined) throw new Error("no desk");
        for (const time of spent) for (const budgets of [alone, asked]) budgets.spend(desk, time);
        for (const one of between) ask(one, asked);
        expect(ask(given, asked)).toEqual(ask(given, alone));
      }),
    );
  });
});
