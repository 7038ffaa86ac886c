// Everything that an agent of a guest can come by, walked; and the same of a bare guest, for what the language is.
import { join } from "node:path";
import type { PlayOptions } from "./session.ts";
import { play, PROGRAMS, START } from "./session.ts";
import type { Reached } from "./walk.ts";
import { DEEDS, LANGUAGE, WALK } from "./walk.ts";

const LANGUAGE_ROOTS = `const walk = ${WALK}; const language = ${LANGUAGE}; const deeds = ${DEEDS};`;

/** What the prelude makes, gives or throws when it is used. What is lazy is touched before the walk starts. */
const OURS = `
  for (const name of Reflect.ownKeys(globalThis)) globalThis[name];
  ${LANGUAGE_ROOTS}
  const caught = async (deed) => { try { return await deed(); } catch (error) { return error; } };
  const controller = new AbortController();
  const pending = capabilities.desk.get("never", { signal: controller.signal });
  const made = {
    url: new URL("https://a.example/?a=b"), params: new URLSearchParams("a=b"), paramsIterator: new URLSearchParams("a=b").entries(),
    headers: new Headers({ a: "b" }), headersIterator: new Headers({ a: "b" }).entries(),
    request: new Request("https://a.example/", { signal: controller.signal }), response: new Response("x"),
    text: new Response("x").text(), bytes: await new Response("x").bytes(), json: await Response.json({ a: [] }).json(),
    encoder: new TextEncoder(), encoded: new TextEncoder().encode("x"), into: new TextEncoder().encodeInto("x", new Uint8Array(1)),
    decoder: new TextDecoder(), controller, signal: AbortSignal.abort(), any: AbortSignal.any([controller.signal]),
    event: new CustomEvent("x", { detail: 1 }), target: new EventTarget(), exception: new DOMException("x"),
    clone: structuredClone({ a: [new Date(), new Map(), new RangeError("x"), new Uint8Array(1)] }),
    given: [
      setTimeout(() => {}, 1e6), setInterval(() => {}, 1e6), queueMicrotask(() => {}), console.log("x"), performance.toJSON(),
      crypto.getRandomValues(new Uint8Array(1)), crypto.randomUUID(), atob(""), btoa(""), note("x"),
    ],
    called: await new Promise((resolve) => setTimeout(function (...args) { resolve({ self: this, args }); }, 1, "a")),
    heard: await new Promise((resolve) => {
      const target = new EventTarget();
      target.addEventListener("x", function (...args) { resolve({ self: this === target, args }); });
      target.dispatchEvent(new Event("x"));
    }),
    result: await capabilities.desk.get({ a: [new Date(0), new Uint8Array(1), 1n, undefined] }), promise: capabilities.desk.get({}),
    handed: await new Promise((resolve) => {
      const handed = [];
      const fake = { aborted: false, reason: 1, addEventListener(...args) { handed.push(args); }, removeEventListener(...args) { handed.push(args); } };
      new EventTarget().addEventListener("x", () => {}, { signal: fake });
      AbortSignal.any([fake]);
      capabilities.desk.get({}, { signal: fake }).then(() => setTimeout(() => resolve(handed), 1));
    }),
    fetched: await fetch("https://a.example/"),
    thrown: await Promise.all([
      () => capabilities.desk.get("CapabilityDenied"), () => capabilities.desk.get("CapabilityFailed"), () => capabilities.desk.get("AbortError"),
      () => capabilities.desk.get(() => {}), () => capabilities.desk.get({ get a() { return null.x; } }), () => capabilities.desk.get("x".repeat(2e6)),
      () => { const deep = () => { try { return deep(); } catch (error) { return capabilities.desk.get({}).catch((e) => e); } }; return deep(); },
      () => fetch("x"), () => fetch("https://a.example/", { body: "x" }), () => fetch("https://a.example/", { signal: AbortSignal.abort() }),
      () => atob("a"), () => structuredClone(() => {}), () => new AbortSignal(), () => setTimeout(1), () => new URL("::"),
      () => new TextDecoder("x"), () => new Headers({ "a b": 1 }), () => crypto.getRandomValues([]), () => new Response("x", { status: 1 }),
      () => { controller.abort(); return pending; }, () => AbortSignal.abort().throwIfAborted(), () => import("x"), () => URL.prototype.href,
    ].map(caught)),
  };
  return walk({ language, deeds, globalThis, self: this, capabilities, note, input, ...made });`;

const LIMITS = { cpuMs: 20_000, resultBytes: 32 * 1024 * 1024 };
const OPTIONS: PlayOptions = {
  input: { a: [new Date(0), new Uint8Array(1)] },
  capabilities: [...START.capabilities, { name: "web", kind: "http", functions: [{ name: "fetch" }] }],
  limits: LIMITS,
  answer: (call, args) => {
    if (args === "never") return undefined;
    if (args === "CapabilityDenied" || args === "CapabilityFailed" || args === "AbortError") {
      return { ok: false, error: { name: args, code: "RULE_FAILED", message: "no" } };
    }
    if (call.capability !== "web") return { ok: true, value: args };
    const headers = [["a", "b"]];
    return {
      ok: true,
      value: { status: 200, statusText: "", url: "https://a.example/", headers, body: "x", redirected: false },
    };
  },
};

/** What is reached in a guest. */
export async function walkGuest(programs?: PlayOptions["programs"]): Promise<readonly Reached[]> {
  const { output } = await play(OURS, programs === undefined ? OPTIONS : { ...OPTIONS, programs });
  return output as readonly Reached[];
}

/** Runs the body of an async function in a bare guest: the same process, flags, engine and isolate, without our prelude. */
export async function playBare(body: string): Promise<unknown> {
  const programs = { ...PROGRAMS, prelude: join(import.meta.dirname, "bare-prelude.js") };
  return (await play(body, { programs, limits: LIMITS })).output;
}

/** What is reached in a bare guest. */
export async function walkBare(): Promise<readonly Reached[]> {
  return (await playBare(`${LANGUAGE_ROOTS} return walk({ language, deeds, globalThis });`)) as readonly Reached[];
}

/** One line for each object that `reached` has and `reference` has not, or has otherwise. */
export function beyond(reached: readonly Reached[], reference: readonly Reached[]): readonly string[] {
  const known = new Set(reference.map(spell));
  return reached.map(spell).filter((line) => !known.has(line));
}

function spell({ path, kind, className, shape }: Reached): string {
  // A closure's name is the bundler's, another one with every build.
  const stable = kind === "function" ? shape.replace(/ name:c=[\w$]{1,2}(?= |$)/, " name:c=~") : shape;
  return `${path} ${kind} ${className === "" ? "-" : className} ${stable}`.trimEnd();
}

/** The names whose objects are in `reference` and not in `reached`; of those that lie in one another, the outermost. */
export function removed(reached: readonly Reached[], reference: readonly Reached[]): readonly string[] {
  const known = new Set(reached.map(({ path }) => path));
  const gone = reference.map(({ path }) => path).filter((path) => !known.has(path));
  return gone.filter((path) => !gone.some((outer) => path.startsWith(`${outer}.`)));
}
