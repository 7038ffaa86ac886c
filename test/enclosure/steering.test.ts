// An agent (or a package in it) that patches what every object inherits reaches its own objects by it, and never what
// the bridge says or is told: no call becomes another, no end a note, no delivery another value.
import { expect, test } from "vitest";
import { play, START } from "./session.ts";

test("Object.prototype.toJSON takes over no frame", async () => {
  const { messages, output } = await play(`
    const seen = [];
    const spell = function () {
      seen.push(Object.keys(this).join());
      return this.type === "call" ? { ...this, fn: "put" } : this.type === "done" ? { type: "note" } : { name: "forged" };
    };
    Object.prototype.toJSON = spell;
    Array.prototype.toJSON = spell;
    String.prototype.toJSON = () => "forged";
    const got = await capabilities.desk.get({ a: [1, { b: undefined }], c: [new Date(0), -0, 2n, undefined] });
    console.log("said");
    setTimeout(() => {}, 1);
    return { got, seen };`);
  expect(messages[0]).toMatchObject({ type: "call", fn: "get" });
  expect(messages.map(({ type }) => type)).toEqual(["call", "quiet", "log", "timerSet", "done", "quiet"]);
  expect(output).toEqual({ got: { a: [1, {}], c: [new Date(0), -0, 2n, undefined] }, seen: [] });
});

test("Object.prototype.toJSON takes over no failure", async () => {
  const { done } = await play(`
    Object.prototype.toJSON = () => ({ name: "Forged", message: "forged" });
    throw new RangeError("mine");`);
  expect(done).toMatchObject({ ok: false, error: { name: "RangeError", message: "mine" } });
});

test("inherited members steer no call, outcome, timer or end", async () => {
  const { messages, output } = await play(
    `
    const steered = [];
    const names = ["$type", "value", "alphabet", "type", "id", "ok", "nowMs", "signal", "fn", "site", "code", "message",
      "writable", "enumerable", "configurable", "key", "a", "0", "1"];
    const trap = (name) => ({
      __proto__: null, configurable: true,
      get() { steered.push("get " + name); return "forged"; },
      set() { steered.push("set " + name); },
    });
    for (const name of names) Object.defineProperty(Object.prototype, name, trap(name));
    for (const name of ["get", "set"]) {
      Object.defineProperty(Object.prototype, name, { __proto__: null, configurable: true, value: () => "forged" });
    }
    const none = await capabilities.desk.get();
    const some = await capabilities.desk.get({ __proto__: null, a: [7, new Uint8Array([251, 255])] }, {});
    const placed = await capabilities.desk.put("k", [true]);
    const denied = await capabilities.desk.get("deny").catch((error) => [error.name, error.code, error.message]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const name of [...names, "get", "set"]) delete Object.prototype[name];
    return { none, some, placed, denied, steered };`,
    {
      answer: (_, args) =>
        args === "deny"
          ? { ok: false, error: { name: "CapabilityDenied", code: "GRANT_MISSING", message: "no" } }
          : { ok: true, value: args },
    },
  );
  expect(output).toEqual({
    none: {},
    some: { a: [7, new Uint8Array([251, 255])] },
    placed: { key: "k", value: [true] },
    denied: ["CapabilityDenied", "GRANT_MISSING", "no"],
    steered: [],
  });
  expect(messages.filter(({ type }) => type === "timerSet")).toMatchObject([{ delayMs: 5 }]);
});

test("replaced globals and methods change neither a call's place nor what comes back", async () => {
  const { messages, output } = await play(`
    const names = ["Number", "String", "Promise", "Array", "Object", "Error", "Reflect", "JSON", "Math", "Date", "Map",
      "RegExp", "BigInt", "Uint8Array", "TypeError"];
    const { defineProperty } = Object;
    for (const name of names) globalThis[name] = () => { throw "forged"; };
    defineProperty(/x/.constructor.prototype, "exec", { value: () => null });
    return capabilities.desk.get({ a: 12n });`);
  expect(messages[0]).toMatchObject({ type: "call", site: { line: 8 } });
  expect(output).toEqual({ a: 12n });
});

const WEB = {
  capabilities: [
    ...START.capabilities,
    { name: "web", kind: "http", functions: [{ name: "fetch" }] },
    { name: "other", kind: "http", functions: [{ name: "fetch" }] },
  ],
  answer: () => ({ ok: false, error: { name: "CapabilityDenied", code: "RULE_DENIED", message: "no" } }) as const,
};

test.for([
  ["another name", '({ name: "desk", kind: "http" })'],
  ["what is no name", "({ name: { toString() {} } })"],
  ["none", "undefined"],
] as const)(
  "a replaced Array.prototype.find that gives %s chooses not where fetch goes, nor breaks the bridge",
  async ([, found]) => {
    const { messages, output } = await play(
      `let seen = 0;
    for (const name of ["find", "filter", "findIndex", "some", "map", "at"]) {
      const native = Array.prototype[name];
      Array.prototype[name] = function (...args) {
        if (this[0]?.functions !== undefined) seen++;
        return name === "find" ? ${found} : native.apply(this, args);
      };
    }
    try { await fetch("https://example.com/"); } catch (error) { return [seen, error.name, error.stack]; }`,
      WEB,
    );
    expect(messages[0]).toMatchObject({ type: "call", capability: "web", fn: "fetch" });
    const [seen, name, stack] = output as [number, string, string];
    expect([seen, name]).toEqual([0, "CapabilityDenied"]);
    expect(stack).not.toMatch(/\.cjs|node:/);
  },
);

test("what fetch is made from, taken on its way, says no call that fetch would not", async () => {
  const { messages, end, output } = await play(
    `let taken;
    Object.prototype.makeFetch = (given) => { taken = given; return () => {}; };
    const { call } = Function.prototype;
    Function.prototype.call = () => true;
    globalThis.fetch;
    Function.prototype.call = call;
    delete Object.prototype.makeFetch;
    const forged = { site: { line: { a: 1 }, column: "x" }, refuse: Error };
    const said = taken({}, forged, undefined);
    if (typeof said === "function") await said({ url: "https://example.com/" }).catch(() => {});
    return typeof taken;`,
    WEB,
  );
  expect(end).toEqual({ kind: "stopped" });
  expect(output).toBe("function");
  expect(messages.filter(({ type }) => type === "call")).toMatchObject([{ capability: "web", fn: "fetch" }]);
});

test("a getter of Promise.prototype.constructor and a replaced then are handed no promise of the bridge", async () => {
  const { output } = await play(`
    await null; // The agent's own promise has been looked at.
    const { then, constructor } = Promise.prototype;
    const handed = [];
    const { signal } = new AbortController();
    Object.defineProperty(Promise.prototype, "constructor", { get() { handed.push("constructor"); return constructor; }, configurable: true });
    Promise.prototype.then = function (...args) { handed.push("then"); return Reflect.apply(then, this, args); };
    queueMicrotask(() => {});
    const got = capabilities.desk.get({ a: 1 }, { signal });
    const seen = [...handed];
    Object.defineProperty(Promise.prototype, "constructor", { value: constructor, writable: true, configurable: true });
    handed.length = 0;
    return [await got, seen, [...handed]];`);
  expect(output).toEqual([{ a: 1 }, [], []]);
});

test("a call leaves what the language remembers of the last match", async () => {
  const { output } = await play(`
    /(q)/.exec("xqy");
    const got = capabilities.desk.get({});
    return [RegExp.input, RegExp.lastMatch, RegExp.$1, await got];`);
  expect(output).toEqual(["xqy", "q", "q", {}]);
});

test("what the output's getters throw passes for no failure of the prelude's, and is always told", async () => {
  const refused = "const refused = await capabilities.desk.get(() => {}).catch((error) => error);";
  const forged = await play(`${refused}
    try { Object.defineProperty(refused.constructor, Symbol.hasInstance, { value: () => true }); } catch {}
    return { get a() { throw { message: "forged" }; } };`);
  expect(forged.done).toMatchObject({ ok: false, error: { name: "Error", message: "forged" } });
  const untold = await play(`${refused}
    const evil = Object.create(Object.getPrototypeOf(refused), { message: { get() { throw 1; } } });
    return { get a() { throw evil; } };`);
  expect(untold.done).toMatchObject({ ok: false, error: { name: "TypeError", message: "" } });
  const reworded = await play(`${refused}
    refused.message = "the host lost power";
    return { get a() { throw refused; } };`);
  expect(reworded.done).toMatchObject({ ok: false, error: { name: "AgentFailure", code: "RESULT_INVALID" } });
  expect(JSON.stringify(reworded.done)).not.toContain("lost power");
  const posing = await play(`Object.defineProperty(TypeError, Symbol.hasInstance, { value: () => true });
    return { get a() { throw new RangeError("my own words"); } };`);
  expect(posing.done).toMatchObject({ ok: false, error: { name: "RangeError", message: "my own words" } });
});

test("a replaced walk over lists names no member of an argument, a result or an output", async () => {
  const { messages, output } = await play(
    `const forged = ["__proto__", "\\ud800", { toString: () => "$type" }];
    Array.prototype[Symbol.iterator] = function* () { for (let i = 0; i < forged.length; i++) yield forged[i]; };
    const got = await capabilities.desk.get({ a: { b: 1 } });
    return { got };`,
  );
  expect(messages[0]).toMatchObject({ type: "call", argsText: '{"a":{"b":1}}' });
  expect(output).toEqual({ got: { a: { b: 1 } } });
});
