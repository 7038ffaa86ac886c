// What an agent can reach: everything in a real guest is walked and compared with a bare guest of the same engine and
// with the list of what is ours. Attacked invariant: nothing but text and one captured function crosses the bridge.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { LANGUAGE_GLOBALS, PERMITTED_GLOBALS, WEB_GLOBALS } from "../../src/enclosure/guest/permits.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ROOT } from "../support/tree.ts";
import { play, PROGRAMS } from "./session.ts";
import type { PlayOptions } from "./session.ts";
import type { Reached } from "./walk.ts";
import { beyond, removed, walkBare, walkGuest } from "./world.ts";

/** One line for each object that a guest has beyond a bare one, or otherwise than it; reviewed when it changes. */
const PERMITTED = readFileSync(join(import.meta.dirname, "permitted.txt"), "utf8")
  .trim()
  .split("\n");

/** What docs/guest.md says under a heading: the rows of its table, each as its cells. */
function tableOf(heading: string): readonly (readonly string[])[] {
  const page = readFileSync(join(ROOT, "docs", "guest.md"), "utf8");
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) => row.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()));
}

function namesOf(heading: string): string[] {
  return tableOf(heading).flatMap(([names = ""]) => [...names.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""));
}

const denyAll: PlayOptions = {
  answer: () => ({ ok: false, error: { name: "CapabilityDenied", code: "RULE_FAILED", message: "no" } }),
};

describe("the guest's world", () => {
  let reached: readonly Reached[];
  let bare: readonly Reached[];

  beforeAll(async () => {
    [reached, bare] = await Promise.all([walkGuest(), walkBare()]);
  });

  test("is as large as a language's", () => {
    expect(bare.length).toBeGreaterThan(1000);
    const paths = reached.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["language.Map.prototype.get", "capabilities.desk.get"]));
  });

  test("is the engine's own and what test/enclosure/permitted.txt lists, to the last property", () => {
    expect(beyond(reached, bare)).toEqual(PERMITTED);
  });

  test("lacks what docs/guest.md says, and nothing else of the engine's", () => {
    const gone = removed(reached, bare).filter((path) => path !== "globalThis.console.[[Prototype]]");
    expect(gone.map((path) => path.replace(/^(?:language|globalThis)\./, "")).sort()).toEqual(
      namesOf("Removed").sort(),
    );
  });

  test("changes what docs/guest.md says, and nothing else of the engine's", () => {
    const own = (line: string): boolean => line.startsWith("language.") && !line.startsWith("language.Intl object");
    const changed = PERMITTED.filter(own).map((line) => line.replace(/^language\.| .*$|\[[gs]et\]/g, ""));
    expect([...new Set(changed)].filter((name) => name !== "Error").sort()).toEqual(
      namesOf("Changed")
        .filter((name) => name !== "Error.stackTraceLimit")
        .sort(),
    );
    expect(PERMITTED.join("\n")).toMatch(/^language\.Error native .* stackTraceLimit:wec=16$/m);
  });

  test("adds what docs/guest.md says, and nothing else", () => {
    expect(namesOf("Added").sort()).toEqual([...WEB_GLOBALS].sort());
  });

  test("has the permitted globals and no other, and keeps them out of enumeration, like the language's", async () => {
    const { output } = await play("return [Reflect.ownKeys(globalThis).map(String), Object.keys(globalThis)];");
    const [all, enumerable] = output as [string[], string[]];
    expect(all.toSorted()).toEqual([...PERMITTED_GLOBALS].toSorted());
    expect(enumerable).toEqual([]);
    expect(LANGUAGE_GLOBALS).not.toContain("WebAssembly");
  });
});

test("docs/guest.md shows the error that an agent gets", async () => {
  const rows = ["Removed", "Changed", "Differs"].flatMap(tableOf).flatMap((cells) => cells.join(" "));
  const shown = rows.flatMap((row) => [...row.matchAll(/`([^`]+)` → `([^`]+)`/g)]);
  expect(shown.length).toBeGreaterThan(12);
  const expressions = shown.map((match) => match[1] ?? "");
  const { output } = await play(`
    const say = (error) => error instanceof Error ? error.name + ": " + error.message : String(error);
    const results = [];
    for (const text of ${JSON.stringify(expressions)}) {
      try { results.push(say(await (0, eval)("(async () => (" + text + "))")())); } catch (error) { results.push(say(error)); }
    }
    return results;`);
  expect(output).toEqual(shown.map((match) => match[2]));
});

describe("the walk", () => {
  /** Programs whose prelude has run `code` when the agent starts, and whose guest has run `inChild` before the prelude. */
  function planted(code: string, inChild = ""): typeof PROGRAMS {
    const folder = temporaryFolder();
    const [prelude, guest] = [join(folder, "prelude.js"), join(folder, "guest.cjs")];
    const wrap = `{ const inner = globalThis.__enclosure; globalThis.__enclosure = (text, main) =>
      inner(text, main === undefined ? main : (host) => { ${code}; return main(host); }); }`;
    const first = "const hook = globalThis.__enclosure, planted = globalThis.planted;";
    writeFileSync(prelude, `${first}\n${readFileSync(PROGRAMS.prelude, "utf8")}\n${wrap}`);
    const program = readFileSync(PROGRAMS.guest, "utf8");
    const place = "global.setSync(HOOK_NAME, ";
    expect(program.split(place)).toHaveLength(2);
    writeFileSync(guest, program.replace(place, `${inChild} ${place}`));
    return { ...PROGRAMS, prelude, guest };
  }

  test("sees a planted Reference, bridge function, global, member, symbol, getter's value, and changed attribute", async () => {
    const programs = planted(
      `Math.reference = planted;
      Object.defineProperty(Map.prototype, "hook", { get: () => hook });
      Object.defineProperty(globalThis, "extra", { value: 1, configurable: true });
      EventTarget.prototype.extra = 1;
      AbortSignal.prototype[Symbol("leak")] = () => {};
      Object.defineProperty(Event.prototype, "inner", { get() { return { state: 1 }; }, configurable: true });
      Object.freeze(Promise.prototype);
      delete Set.prototype.union;`,
      'global.setSync("planted", new vm.Reference({ host: 1 }));',
    );
    const [reached, bare] = await Promise.all([walkGuest(programs), walkBare()]);
    const found = beyond(reached, bare).filter((line) => !PERMITTED.includes(line));
    const heads = found.map((line) => line.split(" ").slice(0, 3).join(" "));
    expect(heads).toEqual(
      expect.arrayContaining([
        "language.Math.reference object Reference",
        "language.Map.prototype.hook stand-in Function",
        "globalThis object Object",
        "globalThis.EventTarget.prototype object Object",
        "globalThis.AbortSignal.prototype.Symbol(leak) function Function",
        "globalThis.Event.prototype.inner object Object",
        "language.Promise.prototype object Object",
        "language.Set.prototype object Object",
      ]),
    );
    expect(removed(reached, bare)).toContain("language.Set.prototype.union");
  });
});

test("a callback learns nothing of who calls it", async () => {
  const { output } = await play(`
    const seen = [];
    const spy = Function("seen", "return function spy() { seen.push(spy.caller, spy.arguments.length); }")(seen);
    setTimeout(spy, 1, "a");
    await new Promise((resolve) => setTimeout(resolve, 2));
    const target = new EventTarget();
    target.addEventListener("x", spy);
    target.dispatchEvent(new Event("x"));
    await capabilities.desk.get({ get a() { spy(); return 1; } });
    new Headers({ a: { toString: spy } });
    return seen;`);
  expect(output).toEqual([null, 1, null, 1, null, 0, null, 0]);
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
