// What an agent can reach: everything in a real guest is walked and compared with the table of permits and with a bare
// context of the same engine. Attacked invariant: nothing but text and one captured function crosses the bridge.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { beforeAll, describe, expect, test } from "vitest";
import { PERMITTED_GLOBALS, WEB_GLOBALS } from "../../src/enclosure/guest/permits.ts";
import { temporaryFolder } from "../support/folder.ts";
import { play, PROGRAMS } from "./session.ts";
import type { PlayOptions } from "./session.ts";
import type { Reached } from "./walk.ts";
import { DEEDS, LANGUAGE, WALK } from "./walk.ts";

const WALK_IN_GUEST = `
  const walk = ${WALK};
  const language = ${LANGUAGE};
  const deeds = ${DEEDS};
  for (const name of Reflect.ownKeys(globalThis)) globalThis[name];
  const denied = await capabilities.desk.get({}).catch((e) => e);
  const pending = capabilities.desk.get({ again: true });
  pending.catch(() => {});
  const made = {
    headers: new Headers(), request: new Request("https://a.example/"), response: new Response("x"),
    url: new URL("https://a.example/?a=b"), params: new URL("https://a.example/?a=b").searchParams,
    iterator: new Headers({ a: "b" }).entries(), encoder: new TextEncoder(), decoder: new TextDecoder(),
    controller: new AbortController(), signal: AbortSignal.abort(), event: new Event("x"), target: new EventTarget(),
    exception: new DOMException("x"), clone: structuredClone({}), fetched: await fetch("https://a.example/").catch((e) => e),
  };
  return walk({ language, deeds, globalThis, capabilities, note, input, denied, pending, ...made });`;

const denyAll: PlayOptions = {
  answer: () => ({ ok: false, error: { name: "CapabilityDenied", code: "RULE_FAILED", message: "no" } }),
  limits: { cpuMs: 20_000, resultBytes: 32 * 1024 * 1024 },
};

function bare(): readonly Reached[] {
  const context = createContext(Object.create(null));
  const walk = `"use strict"; JSON.stringify(${WALK}({ language: ${LANGUAGE}, deeds: ${DEEDS} }))`;
  return JSON.parse(runInContext(walk, context) as string) as Reached[];
}

/** Native functions that a bare engine does not have at that place, and classes that belong to the bridge's addon. */
function foreign(reached: readonly Reached[], known: ReadonlySet<string>): readonly string[] {
  const addon =
    /^(?:Reference|ExternalCopy|Isolate|Context|Callback|Script|Module|Dereference|Copy|NativeModule|InspectorSession)$/;
  return reached
    .filter(({ path, kind, className }) => (kind === "native" && !known.has(path)) || addon.test(className))
    .map(({ path }) => path);
}

describe("the guest's world", () => {
  let reached: readonly Reached[];
  const known = new Set(bare().map(({ path }) => path));

  beforeAll(async () => {
    reached = (await play(WALK_IN_GUEST, denyAll)).output as readonly Reached[];
  });

  test("is as large as a language's", () => {
    expect(reached.length).toBeGreaterThan(1000);
    expect(reached.map(({ path }) => path)).toContain("language.Map.prototype.get");
    expect(reached.map(({ path }) => path)).toContain("capabilities.desk.get");
  });

  test("holds no native function that a bare engine does not have, and nothing of the bridge's addon", () => {
    expect(foreign(reached, known)).toEqual([]);
  });

  test("shows a planted bridge function to the walk", async () => {
    const prelude = join(temporaryFolder(), "prelude.js");
    writeFileSync(prelude, `Math.leak = globalThis.__enclosure;\n${readFileSync(PROGRAMS.prelude, "utf8")}`);
    const { output } = await play(WALK_IN_GUEST, { ...denyAll, programs: { ...PROGRAMS, prelude } });
    expect(foreign(output as readonly Reached[], known)).toEqual(["language.Math.leak"]);
  });

  test("has the permitted globals and no other", async () => {
    const { output } = await play("return Reflect.ownKeys(globalThis).map(String);");
    expect((output as string[]).toSorted()).toEqual([...PERMITTED_GLOBALS].toSorted());
  });

  test("keeps the globals of the web out of enumeration, like the language's", async () => {
    const { output } = await play("return Object.keys(globalThis);");
    expect(output).toEqual([]);
    expect(WEB_GLOBALS).toContain("fetch");
  });
});

test("capability functions are own, frozen and cannot be replaced", async () => {
  const { output } = await play(`
    const tries = [
      () => { capabilities.desk = null; }, () => { capabilities.desk.get = null; }, () => { capabilities.other = 1; },
      () => { delete capabilities.desk; }, () => { capabilities.desk.get.x = 1; }, () => { process.env.X = "1"; },
      () => { process.x = 1; }, () => { Object.setPrototypeOf(capabilities.desk, {}); },
    ];
    return tries.map((attempt) => { try { attempt(); return "done"; } catch (e) { return e.name; } });`);
  expect(output).toEqual(Array.from({ length: 8 }, () => "TypeError"));
});

test("an undeclared name has no function behind it", async () => {
  const { output } = await play(
    "return [capabilities.other, capabilities.desk.other, capabilities.constructor, capabilities.desk.toString];",
  );
  expect(output).toEqual([undefined, undefined, undefined, undefined]);
});

test("patched intrinsics show the agent nothing of the bridge", async () => {
  const { output } = await play(`
    const seen = [];
    const { apply } = Reflect;
    const spy = (holder, name) => {
      const native = holder[name];
      holder[name] = function (...args) {
        let line = name;
        for (let i = 0; i < args.length; i++) line += " " + (typeof args[i] === "symbol" ? "symbol" : args[i]);
        seen[seen.length] = line;
        return apply(native, this, args);
      };
    };
    for (const name of ["get", "set", "delete"]) spy(Map.prototype, name);
    for (const name of ["stringify", "parse"]) spy(JSON, name);
    for (const name of ["apply", "construct"]) spy(Reflect, name);
    for (const name of ["push", "slice", "map", "forEach"]) spy(Array.prototype, name);
    for (const name of ["indexOf", "slice", "split"]) spy(String.prototype, name);
    spy(Function.prototype, "call");
    spy(Promise.prototype, "then");
    Object.defineProperty(Object.prototype, "resolve", { set() { seen.push("resolve"); }, get() { seen.push("resolve"); } });
    const got = await capabilities.desk.get({ a: [1, 2] });
    return { got, seen };`);
  expect(output).toMatchObject({ got: { a: [1, 2] } });
  const seen = (output as { seen: string[] }).seen.join("\n");
  expect(seen).not.toMatch(/resolve|"type"|timerSet|=>/);
});

test("errors show the agent's own script and nothing of the host", async () => {
  const { output, done } = await play(
    `
    const stacks = [];
    const keep = (e) => stacks.push(String(e.stack), String(e.message));
    try { null.x; } catch (e) { keep(e); }
    await capabilities.desk.get({}).catch(keep);
    await capabilities.desk.get(() => {}).catch(keep);
    try { new URL("::"); } catch (e) { keep(e); }
    try { (function f() { f(); })(); } catch (e) { keep(e); }
    try { setTimeout(1); } catch (e) { keep(e); }
    try { eval("("); } catch (e) { keep(e); }
    Error.prepareStackTrace = (_, sites) => { stacks.push("sites " + sites.length); return "x"; };
    keep(new Error("late"));
    return stacks;`,
    denyAll,
  );
  expect(done?.ok).toBe(true);
  const stacks = (output as string[]).join("\n");
  expect(stacks).toContain("agent.js:");
  expect(stacks).not.toContain("sites ");
  expect(stacks).not.toMatch(/node:|file:|\.cjs|\.node\b|\/(?:work|home|root|tmp|usr|proc)\//);
});

test("a failing agent's stack has frames of its script alone", async () => {
  const { done } = await play(
    "const f = () => { throw new RangeError('no'); };\nawait capabilities.desk.get({});\nf();",
  );
  expect(done).toMatchObject({ ok: false, error: { name: "RangeError", message: "no" } });
  const stack = done?.ok === false ? (done.error.stack ?? "") : "";
  expect(stack.split("\n")).toEqual([
    expect.stringMatching(/^ {4}at f \(agent\.js:2:/),
    expect.stringMatching(/^ {4}at agent\.js:4:/),
  ]);
});
