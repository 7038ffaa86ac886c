// A walk over everything that code can reach: own and inherited properties, symbols, prototypes, getters and what they
// give to whom inherits them. Its source runs as it stands in a guest and in a bare context of the same engine, so that
// the two compare.

import { LANGUAGE_GLOBALS } from "../../src/enclosure/guest/permits.ts";

export interface Reached {
  /** Where it was first met: `globalThis.Map.prototype.get`. */
  readonly path: string;
  /** A "stand-in" says that it is native code, and not its name, as none of the engine's but a few does. */
  readonly kind: "object" | "native" | "stand-in" | "function";
  /** The class name of its prototype's constructor. */
  readonly className: string;
  /**
   * Own keys with their attributes, in the order of the alphabet: w(ritable) e(numerable) c(onfigurable) g(etter)
   * s(etter); a number with its value, and a text that nobody may write, as a function's name. "!" where no key can be
   * added.
   */
  readonly shape: string;
}

/**
 * An expression: a function of named roots that gives the list of {@link Reached}. Each root is walked to its end before
 * the next, so that what the language has is met under the language's names. To be evaluated before anything is touched.
 */
export const WALK = `((spell) => (roots) => {
  const seen = new Map();
  const queue = [];
  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
  const say = (key, { value, writable, enumerable, configurable, get, set }) => {
    const marks = (writable ? "w" : "") + (enumerable ? "e" : "") + (configurable ? "c" : "") + (get ? "g" : "") + (set ? "s" : "");
    const fixed = typeof value === "number" || (typeof value === "string" && !writable);
    return String(key) + ":" + marks + (fixed ? "=" + value : "");
  };
  const visit = (path, value) => {
    if (!isObject(value) || seen.has(value)) return;
    let kind = "object";
    if (typeof value === "function") {
      const text = spell.call(value);
      kind = /^function \\(\\) \\{ \\[native code\\] \\}$/.test(text) ? "stand-in" : /\\[native code\\] \\}$/.test(text) ? "native" : "function";
    }
    let className = "";
    try { className = String(Object.getPrototypeOf(value)?.constructor?.name ?? ""); } catch {}
    const isList = Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof String;
    const keys = Reflect.ownKeys(value).filter((key) => !isList || typeof key !== "string" || !/^\\d+$/.test(key));
    const shape = keys.map((key) => say(key, Object.getOwnPropertyDescriptor(value, key) ?? {})).sort().join(" ");
    seen.set(value, { path, kind, className, shape: shape + (Object.isExtensible(value) ? "" : "!") });
    queue.push([path, value]);
  };
  for (const [name, root] of Object.entries(roots)) {
    visit(name, root);
    while (queue.length > 0) {
      const [path, object] = queue.shift();
      visit(path + ".[[Prototype]]", Object.getPrototypeOf(object));
      for (let holder = object; holder !== null; holder = Object.getPrototypeOf(holder)) {
        for (const key of Reflect.ownKeys(holder)) {
          const here = path + "." + String(key);
          const { get, set, value } = Object.getOwnPropertyDescriptor(holder, key) ?? {};
          if (holder === object) {
            visit(here + "[get]", get);
            visit(here + "[set]", set);
            visit(here, value);
          }
          if (get !== undefined) try { visit(here, Reflect.get(holder, key, object)); } catch (error) { if (isObject(error)) visit(here + "[thrown].[[Prototype]]", Object.getPrototypeOf(error)); }
        }
      }
    }
  }
  return [...seen.values()];
})(Function.prototype.toString)`;

/** An expression: the language's globals, by name, as one root. */
export const LANGUAGE = `Object.fromEntries(${JSON.stringify(LANGUAGE_GLOBALS.filter((name) => name !== "globalThis"))}.map((name) => [name, globalThis[name]]))`;

/** An expression: values of the language that are reached by doing something, not by a name. */
export const DEEDS = `((thrown) => ({
  arrayIterator: [][Symbol.iterator](), mapIterator: new Map().entries(), setIterator: new Set().values(),
  text: ""[Symbol.iterator](), match: "a".matchAll(/a/g), helper: [].values().map((x) => x),
  wrapped: Iterator.from({ next() {} }), concatenated: Iterator.concat?.([]), typedIterator: new Uint8Array(1).values(),
  generator: (function* () {})(), generatorFunction: function* () {}, asyncGenerator: (async function* () {})(),
  asyncGeneratorFunction: async function* () {}, asyncFunction: async () => {}, method: { m() {} }.m,
  promise: Promise.resolve(), rejected: (() => { const p = Promise.reject(1); p.catch(() => {}); return p; })(),
  resolvers: Promise.withResolvers(), capability: (() => { let given; new Promise((...all) => { given = all; }); return given; })(),
  derived: (() => { let given; class P extends Promise { constructor(run) { super((...all) => { given = all; run(...all); }); } } P.resolve(1).finally(() => {}); return { given }; })(),
  errors: {
    type: thrown(() => null.x), reference: thrown(() => missing), overflow: thrown(() => (function deep() { deep(); })()),
    range: thrown(() => "x".repeat(-1)), syntax: thrown(() => (0, eval)("(")), made: thrown(() => Function("(")),
    json: thrown(() => JSON.parse("{")), uri: thrown(() => decodeURI("%")), inNative: thrown(() => [1].map(() => null.x)),
    sorted: thrown(() => [1, 2].sort(() => { throw new EvalError("x"); })), cyclic: thrown(() => { const a = {}; a.a = a; JSON.stringify(a); }),
    revoked: thrown(() => { const r = Proxy.revocable({}, {}); r.revoke(); r.proxy.x; }), intl: thrown(() => new Intl.NumberFormat("x-")),
    temporal: thrown(() => Temporal.Instant.from("x")), regexp: thrown(() => new RegExp("(")), bigint: thrown(() => BigInt(1.5)),
    frozen: thrown(() => { Object.freeze([]).push(1); }), length: thrown(() => new Array(-1)), buffer: thrown(() => new Uint8Array(-1)),
    suppressed: new SuppressedError(1, 2), many: new AggregateError([new Error("x")]), caused: new Error("x", { cause: new Error("y") }),
    captured: (() => { const holder = {}; Error.captureStackTrace(holder); return holder; })(),
  },
  args: (function () { return arguments; })(1), sloppyArgs: Function("return arguments")(1), sloppy: Function("return this")() === globalThis,
  bound: (() => {}).bind(null), revocable: Proxy.revocable({}, {}), proxy: new Proxy({}, {}), proxyFunction: new Proxy(() => {}, {}),
  template: ((parts) => parts)\`a\${1}b\`, regexp: /(?<name>a)/dg.exec("a"), statics: (/(a)/.exec("a"), RegExp),
  classes: [class {}, class extends Map {}, class extends Error {}, class { static #x = 1; }],
  boxes: [Object(1n), Object(1), Object(true), Object(""), Object(Symbol.iterator)],
  intl: [
    new Intl.Collator().compare, new Intl.NumberFormat().format, new Intl.DateTimeFormat().format, new Intl.DurationFormat(),
    new Intl.PluralRules(), new Intl.RelativeTimeFormat("en"), new Intl.ListFormat(), new Intl.DisplayNames("en", { type: "region" }),
    new Intl.Locale("en"), new Intl.NumberFormat().formatToParts(1), new Intl.DateTimeFormat().formatToParts(0), new Intl.DateTimeFormat().resolvedOptions(),
  ],
  segments: new Intl.Segmenter().segment("a"), segmentsIterator: new Intl.Segmenter().segment("a")[Symbol.iterator](),
  segment: [...new Intl.Segmenter().segment("a")],
  temporal: [
    Temporal.Now.instant(), Temporal.Now.zonedDateTimeISO(), Temporal.Now.plainDateISO(), Temporal.Now.plainTimeISO(),
    Temporal.Now.plainDateTimeISO(), new Temporal.PlainYearMonth(2026, 1), new Temporal.PlainMonthDay(1, 1), new Temporal.Duration(1),
  ],
  stacks: [new DisposableStack(), new AsyncDisposableStack()], date: new Date(), now: new Date(0),
  buffers: [new ArrayBuffer(1), new ArrayBuffer(1, { maxByteLength: 2 }), new DataView(new ArrayBuffer(1)), new Float16Array(1)],
  weak: [new WeakMap(), new WeakSet()], math: Math.random(), groups: Object.groupBy([1], () => "a"), mapped: Map.groupBy([1], () => "a"),
}))((deed) => { try { deed(); } catch (error) { return error; } })`;
