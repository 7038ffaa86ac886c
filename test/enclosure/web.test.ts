// The web platform as an agent finds it: over recorded timers, a virtual clock and the http grant alone.
import { describe, expect, test } from "vitest";
import type { GuestCapability } from "../../src/enclosure/contract.ts";
import { play } from "./session.ts";
import type { PlayOptions } from "./session.ts";

const http: GuestCapability = { name: "web", kind: "http", functions: [{ name: "fetch" }] };

async function run(body: string, options: PlayOptions = {}): Promise<unknown> {
  return (await play(body, options)).output;
}

describe("console", () => {
  test("spells values the same every time", async () => {
    const { messages } = await play(`
      const loop = { a: 1 }; loop.self = loop;
      class Claim { constructor() { this.id = 1; } }
      console.log("%s is %d%% of %o, %j, %i", "x", 1.5, [1], { a: 1 }, 2.9, "rest");
      console.log({ a: { b: { c: { d: { e: 1 } } } }, "b-c": "t", get g() { return 1; }, f() {} });
      console.warn(loop, new Claim(), new Map([[1, { a: 2n }]]), new Set(["x"]), [undefined, null, -0, NaN]);
      console.error(new Date(0), /x/g, Symbol("s"), new Uint8Array(3), Promise.resolve(), Object.create(null));
      console.debug("100%", "%s");
      console.group("in"); console.info("deeper"); console.groupEnd();
      console.count(); console.count(); console.assert(1 === 1, "no"); console.assert(false, "yes");
      console.time("t"); await capabilities.desk.get({}); console.timeEnd("t");
      console.log(new Proxy({}, { ownKeys() { throw 1; } }), "x".repeat(20000).length, Array.from({ length: 101 }, () => 0).join(""));`);
    const lines = messages.flatMap((message) => (message.type === "log" ? [`${message.level}: ${message.text}`] : []));
    expect(lines).toEqual([
      'info: x is 1.5% of [1], {"a":1}, 2 rest',
      'info: { a: { b: { c: { d: [Object] } } }, "b-c": "t", g: [getter], f: [function f] }',
      'warn: { a: 1, self: [circular] } Claim { id: 1 } Map(1) {1 => { a: 2n }} Set(1) {"x"} [undefined, null, -0, NaN]',
      "error: 1970-01-01T00:00:00.000Z /x/g Symbol(s) Uint8Array(3) [0, 0, 0] Promise {} {}",
      "debug: 100% %s",
      "info: in",
      "info:   deeper",
      "info: default: 1",
      "info: default: 2",
      "error: Assertion failed: yes",
      "info: t: 1000ms",
      `info: [cannot be shown] 20000 ${"0".repeat(101)}`,
    ]);
  });

  test("cuts what is too long, and says so", async () => {
    const { messages } = await play(
      'console.log("x".repeat(20000)); console.log(Array.from({ length: 300 }, (_, i) => i));',
    );
    const [long, list] = messages.flatMap((message) => (message.type === "log" ? [message.text] : []));
    expect(long).toBe(`${"x".repeat(16384)}… (3616 characters more)`);
    expect(list).toMatch(/98, 99, … 200 more\]$/);
  });
});

describe("timers", () => {
  test("are set, fired and cleared by the host's record", async () => {
    const { messages, output } = await play(`
      const fired = [];
      const never = setTimeout(() => fired.push("never"), 5);
      clearTimeout(never); clearTimeout(never); clearTimeout(undefined);
      let ticks = 0;
      await new Promise((resolve) => {
        setTimeout((a, b) => fired.push(a + b), 10.7, 1, 2);
        const every = setInterval(() => { if (++ticks === 3) { clearInterval(every); resolve(); } }, "20");
        setTimeout(() => {}, -1); setTimeout(() => {}, Infinity);
      });
      queueMicrotask(() => fired.push("micro"));
      await null;
      return { fired, ticks, type: typeof never };`);
    expect(output).toEqual({ fired: [3, "micro"], ticks: 3, type: "number" });
    const set = messages.flatMap((message) => (message.type === "timerSet" ? [message.delayMs] : []));
    expect(set.slice(0, 5)).toEqual([5, 10, 20, 1, 0x7fffffff]);
    expect(messages.filter(({ type }) => type === "timerCleared")).toHaveLength(2);
  });

  test.for([
    ["a timer", "setTimeout(() => { throw new TypeError('lost'); }, 1);"],
    ["a microtask", "queueMicrotask(() => { throw new TypeError('lost'); });"],
    [
      "a listener",
      "const t = new EventTarget(); t.addEventListener('x', () => { throw new TypeError('lost'); }); t.dispatchEvent(new Event('x'));",
    ],
  ])("what %s throws ends the session as the agent's failure", async ([, body]) => {
    const { done } = await play(`${body} await new Promise(() => {});`);
    expect(done).toMatchObject({ ok: false, error: { name: "TypeError", message: "lost" } });
  });

  test("quiet says how many are armed, so that a stall is seen at once", async () => {
    const { messages } = await play(
      "const a = setTimeout(() => {}, 1e6); setTimeout(() => {}, 1e6); await capabilities.desk.get({}); clearTimeout(a); await capabilities.desk.get({});",
      { holdTimers: true },
    );
    expect(messages.flatMap((message) => (message.type === "quiet" ? [message.timersArmed] : []))).toEqual([2, 1, 1]);
  });
});

describe("capability functions", () => {
  test("map positional arguments, take the one object, and go without", async () => {
    const { messages } = await play(`
      await capabilities.desk.put("k", 5); await capabilities.desk.put({ key: "k" }); await capabilities.desk.put("k");
      await capabilities.desk.get(); await capabilities.desk.get({ a: undefined, b: null });`);
    const calls = messages.flatMap((message) => (message.type === "call" ? [`${message.fn} ${message.argsText}`] : []));
    expect(calls).toEqual([
      'put {"key":"k","value":5}',
      'put {"key":"k"}',
      'put {"key":"k"}',
      "get {}",
      'get {"b":null}',
    ]);
  });

  test("reject what cannot cross, in the guest", async () => {
    const { output, messages } = await play(`
      const loop = {}; loop.loop = loop;
      const tries = [() => {}, Symbol(), loop, new Map(), "\\ud800", new Float32Array(1), JSON.parse('{"__proto__":1}')];
      return Promise.all(tries.map((x) => capabilities.desk.get({ x }).then(() => "crossed", (e) => e.name)));`);
    expect(new Set(output as string[])).toEqual(new Set(["CodecError"]));
    expect(messages.filter(({ type }) => type === "call")).toEqual([]);
  });

  test("reject with the refusal's code and the place of the call", async () => {
    const refused = {
      name: "CapabilityDenied",
      code: "RULE_FAILED",
      message: 'host "evil.example" is outside the grant',
    } as const;
    const output = await run(
      "try {\n await capabilities.desk.get({}); } catch (e) { return [e.name, e.code, e.message, e.stack, e instanceof Error, Object.keys(e)]; }",
      { answer: () => ({ ok: false, error: refused }) },
    );
    const stack = expect.stringMatching(
      /^CapabilityDenied: host "evil\.example" is outside the grant\n {4}at .*agent\.js:3:/,
    );
    expect(output).toEqual(["CapabilityDenied", "RULE_FAILED", refused.message, stack, true, []]);
  });

  test("are cancelled by an AbortSignal, at once, and the place in the window comes back with the outcome", async () => {
    const { output, messages } = await play(
      `
      const controller = new AbortController();
      const held = capabilities.desk.get({ held: true }, { signal: controller.signal });
      const tried = capabilities.desk.put("k", 1, { signal: AbortSignal.abort() }).catch((e) => e.name);
      setTimeout(() => controller.abort(), 1);
      const first = await held.catch((e) => [e.name, e.constructor === DOMException, e.code]);
      const second = await capabilities.desk.get({}).catch((e) => e.code);
      return { first, second, tried: await tried };`,
      {
        limits: { inFlight: 1 },
        answer: (_, args) => ((args as { held?: boolean }).held === true ? undefined : { ok: true, value: 1 }),
      },
    );
    expect(output).toEqual({ first: ["AbortError", true, 20], second: "IN_FLIGHT_EXCEEDED", tried: "AbortError" });
    expect(messages).toContainEqual({ type: "cancel", id: 1, turn: 1 });
    expect(messages.filter(({ type }) => type === "call")).toHaveLength(1);
  });
});

describe("fetch", () => {
  const answer: PlayOptions["answer"] = (_, args) => {
    const { url, method } = args as { url: string; method: string };
    const body = method === "HEAD" ? null : new TextEncoder().encode(JSON.stringify({ echo: args, text: "héllo" }));
    const headers = [
      ["content-type", "application/json"],
      ["Set-Cookie", "a=1"],
      ["set-cookie", "b=2"],
    ];
    return {
      ok: true,
      value: { status: 201, statusText: "Created", url: `${url}#end`, headers, body, redirected: true },
    };
  };
  const options: PlayOptions = { capabilities: [http], answer };

  test("sends a request as a call of the http grant, and gives a Response", async () => {
    const { output, messages } = await play(
      `
      const response = await fetch(new URL("/a?b=ü", "https://api.example/x"), { method: "post", headers: { "X-A": " 1 " }, body: "{}" });
      const copy = response.clone();
      const { echo, text } = await response.json();
      return { echo, text, status: response.status, ok: response.ok, url: response.url, redirected: response.redirected, type: response.headers.get("Content-Type"),
        cookies: response.headers.getSetCookie(), used: [response.bodyUsed, copy.bodyUsed], copied: (await copy.text()).length > 10, body: response.body, again: await response.text().catch((e) => e.name) };`,
      options,
    );
    expect(messages.find(({ type }) => type === "call")).toMatchObject({
      capability: "web",
      fn: "fetch",
      site: { line: 3 },
    });
    expect(output).toEqual({
      echo: {
        url: "https://api.example/a?b=%C3%BC",
        method: "POST",
        headers: [
          ["content-type", "text/plain;charset=UTF-8"],
          ["x-a", "1"],
        ],
        body: "{}",
      },
      text: "héllo",
      status: 201,
      ok: true,
      url: "https://api.example/a?b=%C3%BC#end",
      redirected: true,
      type: "application/json",
      cookies: ["a=1", "b=2"],
      used: [true, false],
      copied: true,
      body: undefined,
      again: "TypeError",
    });
  });

  test("takes bodies of bytes and parameters, and a Request", async () => {
    const output = await run(
      `
      const send = async (...args) => (await (await fetch(...args)).json()).echo;
      const request = new Request("https://a.example/", { method: "PUT", body: new Uint8Array([104, 105]) });
      return [await send("https://a.example/", { method: "POST", body: new URLSearchParams({ a: "b c" }) }), await send(request, { headers: [["x", "y"]] }),
        (await fetch("https://a.example/", { method: "HEAD" })).status];`,
      options,
    );
    expect(output).toMatchObject([
      { body: "a=b+c", headers: [["content-type", "application/x-www-form-urlencoded;charset=UTF-8"]] },
      { method: "PUT", headers: [["x", "y"]] },
      201,
    ]);
  });

  test("refuses what it cannot do, in the guest", async () => {
    const { output, messages } = await play(
      `
      const tries = [["/relative"], ["https://a.example/", { body: "x" }], ["https://a.example/", { method: "BAD METHOD" }], ["https://a.example/", { headers: { "a b": "c" } }],
        ["https://a.example/", { headers: { a: "b\\nc" } }], ["https://a.example/", { redirect: "manual" }], ["https://a.example/", { method: "POST", body: {} }]];
      return Promise.all(tries.map((args) => fetch(...args).then(() => "sent", (e) => e.name)));`,
      options,
    );
    expect(output).toEqual(Array.from({ length: 7 }, () => "TypeError"));
    expect(messages.filter(({ type }) => type === "call")).toEqual([]);
  });

  test("without an http grant is refused, naming what to add", async () => {
    expect(await run('return fetch("https://a.example/").catch((e) => [e.name, e.code, e.message]);')).toEqual([
      "CapabilityDenied",
      "GRANT_MISSING",
      expect.stringContaining("use: http"),
    ]);
  });

  test("aborts by a signal and by a time-out", async () => {
    const output = await run(
      `
      const timed = fetch("https://a.example/", { signal: AbortSignal.timeout(10) }).catch((e) => e.name);
      const any = fetch("https://a.example/", { signal: AbortSignal.any([AbortSignal.timeout(5), new AbortController().signal]) }).catch((e) => e.name);
      return Promise.all([timed, any]);`,
      { capabilities: [http], answer: () => undefined },
    );
    expect(output).toEqual(["TimeoutError", "TimeoutError"]);
  });
});

describe("what is loaded when it is first touched", () => {
  test("is there after something else has used it", async () => {
    const value = { status: 200, statusText: "", url: "https://a.example/", headers: [], redirected: false };
    const output = await run(
      `
      const text = await (await fetch("https://a.example/")).text();
      return [text, typeof TextDecoder, new TextDecoder().decode(new TextEncoder().encode("x")), new Request("https://a.example/").url, typeof URL];`,
      {
        capabilities: [http],
        answer: () => ({ ok: true, value: { ...value, body: new Uint8Array([104, 105]) } }),
      },
    );
    expect(output).toEqual(["hi", "function", "x", "https://a.example/", "function"]);
  });

  test("leaves what the agent has put in its place", async () => {
    const output = await run(`
      globalThis.TextEncoder = 1;
      globalThis.Headers = class Mine {};
      return [typeof TextDecoder, TextEncoder, typeof fetch, Headers.name, typeof Response];`);
    expect(output).toEqual(["function", 1, "function", "Mine", "function"]);
  });

  test("bears its name, and its objects do", async () => {
    const output = await run(`
      const classes = { AbortController, AbortSignal, CustomEvent, DOMException, Event, EventTarget, Headers, Request, Response, TextDecoder, TextEncoder, URL, URLSearchParams };
      return Object.entries(classes).filter(([name, C]) => C.name !== name || Object.prototype.toString.call(C.prototype) !== "[object " + name + "]")
        .concat(Object.entries(console).filter(([name, fn]) => fn.name !== name), fetch.name === "fetch" ? [] : ["fetch"]).map(String);`);
    expect(output).toEqual([]);
  });
});

describe("the rest of the web", () => {
  test("URL and URLSearchParams", async () => {
    const output = await run(`
      const url = new URL("../b/./c?x=1&x=2#f", "HTTPS://User:pw@Exämple.com:443/a/d");
      url.searchParams.append("y", "z w");
      return [url.href, url.origin, url.searchParams.getAll("x"), URL.canParse("::"), String(new URLSearchParams([["a", "b"]])), Object.keys(globalThis)];`);
    expect(output).toEqual([
      "https://User:pw@xn--exmple-cua.com/b/c?x=1&x=2&y=z+w#f",
      "https://xn--exmple-cua.com",
      ["1", "2"],
      false,
      "a=b",
      [],
    ]);
  });

  test("TextEncoder, TextDecoder, atob and btoa", async () => {
    const output = await run(`
      const bytes = new TextEncoder().encode("né€😀");
      const fails = (f) => { try { f(); return "none"; } catch (e) { return e.name; } };
      return [bytes, new TextDecoder().decode(bytes), new TextDecoder("latin1").decode(new Uint8Array([233])), btoa("hé"), atob(" aOk= "),
        fails(() => btoa("€")), fails(() => atob("a")), fails(() => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255])))];`);
    expect(output).toEqual([
      new TextEncoder().encode("né€😀"),
      "né€😀",
      "é",
      "aOk=",
      "hé",
      "InvalidCharacterError",
      "InvalidCharacterError",
      "TypeError",
    ]);
  });

  test("structuredClone copies as deep as it goes, and says what cannot be copied", async () => {
    const output = await run(`
      const value = { d: new Date(5), m: new Map([["k", new Set([1])]]), r: /x/gi, b: new Uint8Array([1, 2, 3]).subarray(1), a: [1, , 3], e: new RangeError("r"), n: Object(1n) };
      value.self = value;
      const copy = structuredClone(value);
      const fails = (x) => { try { structuredClone(x); return "copied"; } catch (e) { return e.name + e.code; } };
      return [copy !== value, copy.self === copy, copy.d.getTime(), copy.m.get("k").has(1), String(copy.r), [...copy.b], 1 in copy.a, copy.e instanceof RangeError,
        copy.e.message, typeof copy.n, fails(() => {}), fails({ s: Symbol() }), fails(Promise.resolve())];`);
    const failed = "DataCloneError25";
    expect(output).toEqual([true, true, 5, true, "/x/gi", [2, 3], false, true, "r", "object", failed, failed, failed]);
  });

  test("events are told once, in order, and stop when they are told to", async () => {
    const output = await run(`
      const target = new EventTarget(); const told = [];
      const once = (e) => told.push(["once", e.detail, e.target === target]);
      target.addEventListener("x", once, { once: true }); target.addEventListener("x", once);
      target.addEventListener("x", { handleEvent(e) { told.push("object"); e.preventDefault(); } });
      target.addEventListener("x", (e) => e.stopImmediatePropagation());
      target.addEventListener("x", () => told.push("not reached"));
      const results = [target.dispatchEvent(new CustomEvent("x", { detail: 1, cancelable: true })), target.dispatchEvent(new Event("x"))];
      return { told, results };`);
    expect(output).toEqual({ told: [["once", 1, true], "object", "object"], results: [false, true] });
  });

  test("process has the declared environment and nothing else", async () => {
    expect(await run("return [Object.keys(process), process.env];")).toEqual([["env"], { REGION: "eu" }]);
  });
});
