// The language stays whole: what the prelude stands in for answers as the engine's own does. Every expression runs in a
// bare guest and in a real one, and what it gives or throws, to the message, must be the same.
import { expect, test } from "vitest";
import { play } from "./session.ts";
import { playBare } from "./world.ts";

const DATE = `
  Date.length, Date.name, Date.now.length, Date.now.name
  Object.getOwnPropertyNames(Date).sort(), Object.getOwnPropertySymbols(Date).length
  Object.getOwnPropertyDescriptor(Date, "prototype"), Object.getOwnPropertyDescriptor(globalThis, "Date").enumerable
  new Date(2020), new Date("2020-01-02"), new Date(2020, 1), new Date(2020, 1, 3, 4, 5, 6, 7), new Date(NaN).getTime()
  new Date(undefined).getTime(), new Date(null).getTime(), new Date(true).getTime(), new Date("x").getTime(), new Date(8.64e15 + 1).getTime()
  new Date(new Date(7)).getTime(), new Date({ valueOf: () => 5 }).getTime(), new Date({ [Symbol.toPrimitive]: () => "1970" }).getTime()
  new Date(Symbol())
  new Date(1n)
  Date.UTC(), Date.UTC(2020), Date.UTC(2020, 1, 30), Date.parse("Thu, 01 Jan 1970 00:00:00 GMT"), Date.parse()
  typeof Date(), typeof Date(0), Date(0).length === Date().length, Date.call({}).length === Date().length
  class A extends Date {}; [new A(5) instanceof A, new A(5) instanceof Date, Object.getPrototypeOf(A) === Date, new A(2020, 1).getMonth()]
  class A extends Date { constructor() { super(9); this.own = new.target === A; } }; [new A().own, new A().getTime()]
  Object.getPrototypeOf(Reflect.construct(Date, [1], Array)) === Array.prototype
  Object.getPrototypeOf(Reflect.construct(Date, [1], Object.assign(function () {}, { prototype: 3 }))) === Date.prototype
  Reflect.construct(Date, [1], () => {})
  Reflect.construct(Object, [], Date) instanceof Date
  Date.prototype.getTime.call({})
  Date.prototype.getTime.call(Reflect.construct(Date, [4], Object))
  Date.prototype.constructor === Date, new Date(0).constructor === Date, Object.getOwnPropertyDescriptor(Date.prototype, "constructor").enumerable
  new Date(0)[Symbol.toPrimitive]("number"), new Date(0)[Symbol.toPrimitive]("string"), new Date(0) + 1, new Date(5) - 1
  new Date(0)[Symbol.toPrimitive]("x")
  new Date(0).toJSON(), JSON.stringify({ d: new Date(NaN) }), new Date(NaN).toString()
  new Date(NaN).toISOString()
  Object.prototype.toString.call(new Date(0)), Array.isArray(Date), Date instanceof Function, typeof Date
  new Date.now()
  new Date.parse()
  Date.now.hasOwnProperty("prototype"), Date.UTC.hasOwnProperty("prototype")
  Date.now.call(null) === Date.now.call(5)
  new (Date.bind(null, 3))().getTime(), new (new Proxy(Date, {}))(3).getTime()
  /native code/.test(Date), /native code/.test(Date.now), /native code/.test(Function.prototype.toString.call(Math.random))
  new Date(2020, 5).toLocaleString(), new Date(2020, 5).toLocaleDateString("de"), new Date(0).getTimezoneOffset(), new Date(0).toString()
  Temporal.Instant.fromEpochMilliseconds(0).equals(new Date(0).toTemporalInstant())
`;

const MATH_AND_TEMPORAL = `
  Object.getOwnPropertyDescriptor(Math, "random").writable, Math.random.length, Math.random.name, "prototype" in Math.random
  new Math.random()
  Math.random.call(null) < 1, Math.random(5) >= 0, Object.keys(Math).length, Math[Symbol.toStringTag]
  Object.getOwnPropertyNames(Temporal.Now).sort(), Temporal.Now[Symbol.toStringTag], Object.isFrozen(Temporal.Now)
  Object.entries(Object.getOwnPropertyDescriptors(Temporal.Now)).map(([k, d]) => [k, d.writable, d.enumerable, d.configurable, d.value.length, d.value.name])
  Temporal.Now.instant() instanceof Temporal.Instant, Temporal.Now.zonedDateTimeISO() instanceof Temporal.ZonedDateTime
  Temporal.Now.plainDateISO("Europe/Paris") instanceof Temporal.PlainDate, Temporal.Now.zonedDateTimeISO("Asia/Tokyo").timeZoneId
  Temporal.Now.zonedDateTimeISO("+05:30").timeZoneId, Temporal.Now.zonedDateTimeISO(undefined).timeZoneId, Temporal.Now.plainDateISO().calendarId
  Temporal.Now.zonedDateTimeISO("No/Where")
  Temporal.Now.plainTimeISO(null)
  Temporal.Now.plainDateTimeISO(5)
  Temporal.Now.plainDateISO({})
  Temporal.Now.zonedDateTimeISO(Symbol())
  new Temporal.Now.instant()
  Temporal.Now.timeZoneId.call(undefined), Temporal.Now.instant.call(null) instanceof Temporal.Instant
`;

const DATA_VIEW = `
  const v = new DataView(new ArrayBuffer(8)); [v.setFloat64(0, 1.5), v.getFloat64(0), v.setFloat64(0, 1.5, true), v.getFloat64(0, true), v.getFloat64(0)]
  const v = new DataView(new ArrayBuffer(8)); [v.setFloat32(), Number.isNaN(v.getFloat32(0)), v.setFloat16(0, "2"), v.getFloat16(0), v.setFloat32(0, null), v.getFloat32(0)]
  const v = new DataView(new ArrayBuffer(8)); v.setFloat64(0, -0); Object.is(v.getFloat64(0), -0)
  const v = new DataView(new ArrayBuffer(8)); v.setFloat64(0, 1n)
  const v = new DataView(new ArrayBuffer(8)); v.setFloat64(0, Symbol())
  const v = new DataView(new ArrayBuffer(8)); v.setFloat64(-1, { valueOf() { throw "value first" } })
  const v = new DataView(new ArrayBuffer(8)); v.setFloat64(9, { valueOf() { throw "value first" } })
  const v = new DataView(new ArrayBuffer(8)); v.setFloat64({ valueOf() { throw "offset" } }, { valueOf() { throw "value" } })
  const said = []; new DataView(new ArrayBuffer(8)).setFloat32({ valueOf: () => { said.push("offset"); return 0; } }, { [Symbol.toPrimitive](hint) { said.push(hint); return 1; } }, { get x() { said.push("little"); } }); said
  const b = new ArrayBuffer(8), v = new DataView(b); b.transfer(); v.setFloat64(0, 1)
  const b = new ArrayBuffer(8), v = new DataView(b); v.setFloat64(0, { valueOf() { b.transfer(); return 1; } })
  const b = new ArrayBuffer(8, { maxByteLength: 16 }), v = new DataView(b); v.setFloat64(0, { valueOf() { b.resize(2); return 1; } })
  DataView.prototype.setFloat64.call({}, 0, 1)
  DataView.prototype.setFloat16.call(new Uint8Array(8), { valueOf() { throw "offset first" } }, 1)
  DataView.prototype.setFloat64.call(undefined, 0, 1)
  new DataView.prototype.setFloat64()
  ["setFloat16", "setFloat32", "setFloat64"].map((name) => { const d = Object.getOwnPropertyDescriptor(DataView.prototype, name); return [d.writable, d.enumerable, d.value.length, d.value.name, /native code/.test(d.value), "prototype" in d.value]; })
  const v = new DataView(new ArrayBuffer(8)); [v.setFloat64(Infinity, 1)]
  const v = new DataView(new ArrayBuffer(8)); [v.setFloat64("0", "Infinity"), v.getFloat64(0), v.setFloat32(0, 1e40), v.getFloat32(0), v.setFloat16(0, 65520), v.getFloat16(0)]
  Array.prototype[2] = true; const v = new DataView(new ArrayBuffer(8)); v.setFloat64(0, 1.5); delete Array.prototype[2]; v.getFloat64(0)
  Array.prototype[0] = 5; const f = new Intl.DateTimeFormat("en"), s = f.format() === f.format(5); delete Array.prototype[0]; s
  class V extends DataView {}; const v = new V(new ArrayBuffer(8)); v.setFloat64(0, 2); v.getFloat64(0)
`;

const INTL = `
  new Intl.DateTimeFormat("en").format(0), new Intl.DateTimeFormat("de", { dateStyle: "full" }).format(new Date(0))
  const f = new Intl.DateTimeFormat("en"); [f.format === f.format, f.format.length, f.format.name, "prototype" in f.format, f.format(0) === (0, f.format)(0)]
  new (new Intl.DateTimeFormat("en").format)()
  const f = new Intl.DateTimeFormat("en"); [typeof f.format(), typeof f.format(undefined), f.formatToParts(0), typeof f.formatToParts()]
  new Intl.DateTimeFormat("en").format(NaN)
  new Intl.DateTimeFormat("en").format(1n)
  new Intl.DateTimeFormat("en").format(null), new Intl.DateTimeFormat("en").format("5")
  new Intl.DateTimeFormat("en").formatToParts({ valueOf() { throw new RangeError("mine"); } })
  Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format").get.call({})
  Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format").get.call(undefined)
  Intl.DateTimeFormat.prototype.formatToParts.call({}, 0)
  const d = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format"); [d.enumerable, d.configurable, d.set, d.get.name, d.get.length, /native code/.test(d.get)]
  const o = Intl.DateTimeFormat.call(Object.create(Intl.DateTimeFormat.prototype), "en"); [o.format(0), o.format === o.format, o.resolvedOptions().locale]
  new Intl.DateTimeFormat("en").format(Temporal.PlainDate.from("2020-01-02")), new Intl.DateTimeFormat("en").formatRange(0, 1e12)
  [0, 1e12].map(new Intl.DateTimeFormat("en").format), Intl.DateTimeFormat.supportedLocalesOf(["en", "xx"]), Object.keys(Intl)
  class F extends Intl.DateTimeFormat {}; new F("en").format(0)
`;

const ERRORS = `
  Object.getOwnPropertyNames(new Error("x")).sort(), new Error("x").stack.split("\\n")[0], Object.keys(new Error("x")), "stack" in Error.prototype
  const o = {}; Error.captureStackTrace(o); [typeof o.stack, Object.keys(o), Object.getOwnPropertyNames(o)]
  Error.captureStackTrace(5)
  Error.captureStackTrace(Object.freeze({}))
  function f() { const o = {}; Error.captureStackTrace(o, f); return o.stack.includes("at f "); }; f()
  Error.stackTraceLimit = 1; const n = new Error("x").stack.split("\\n").length; Error.stackTraceLimit = 10; n
  Error.stackTraceLimit = 0; const s = new Error("x").stack; Error.stackTraceLimit = 10; s
  Error.stackTraceLimit = "x"; const s = new Error("x").stack; Error.stackTraceLimit = 10; s
  class E extends Error { constructor(m) { super(m); this.name = "Mine"; } }; const e = new E("x"); [String(e), e instanceof E, e instanceof Error, Error.isError(e), e.stack.split("\\n")[0]]
  class E extends TypeError { get name() { return "G"; } }; String(new E("m"))
  [Error, TypeError, RangeError, AggregateError, SuppressedError].map((E) => [E.length, E.name, E.prototype.name, Object.getPrototypeOf(E) === Error])
  new Error("a", { cause: 1 }).cause, "cause" in new Error("a"), new AggregateError([1]).errors, String(new SuppressedError(1, 2, "m").message)
  null.x
  undefined.f()
  missing
  (() => { const a = 1; a = 2; })()
  Object.defineProperty(Object.freeze({}), "x", { value: 1 })
  "use strict"; Object.freeze([]).push(1)
  JSON.parse("{")
  BigInt("x")
  new Array(-1)
  decodeURI("%")
  (0, eval)("(")
  new Function("return")(), Function("a", "b", "return a + b")(1, 2), (0, eval)("1 + 1"), Function("return this")() === globalThis
  Function("'use strict'; return this")()
`;

const SUBCLASSES = `
  class P extends Promise {}; [P.resolve(1) instanceof P, P.resolve(1).then() instanceof P, Promise.resolve(P.resolve(1)) instanceof P, P[Symbol.species] === P]
  class M extends Map { get(k) { return super.get(k) ?? 0; } }; [new M([[1, 2]]).get(1), new M().get(5), Map.groupBy([1, 2], (x) => x % 2).size]
  class A extends Array {}; [A.from([1]) instanceof A, new A(1, 2).map((x) => x) instanceof A, A.of(1).length]
  class A extends Array { static get [Symbol.species]() { return Array; } }; new A(1).slice() instanceof A
  class U extends Uint8Array {}; [new U(2).subarray(1) instanceof U, U.from([1]).length, U.fromBase64("AQ==") instanceof U]
  class R extends RegExp { exec(s) { return super.exec(s); } }; ["aa".replace(new R("a", "g"), "b"), new R("a") instanceof R, [..."ab".matchAll(new R(".", "g"))].length]
  class F extends Function {}; new F("return 5")()
  class S extends String {}; [new S("ab").length, String(new S("ab"))]
  class B extends Boolean {}; new B(1).valueOf()
  [Array, Map, Set, Promise, RegExp, ArrayBuffer].map((C) => Object.getOwnPropertyDescriptor(C, Symbol.species).get.name)
  await (async () => { try { await Promise.any([Promise.reject(1)]); } catch (e) { return [e.name, e.errors]; } })()
  await Promise.allSettled([1, Promise.reject(2)])
  await Promise.race([new Promise(() => {}), 3]), typeof Promise.withResolvers().resolve, await Promise.try(() => 4)
  Promise()
  Map()
  await Array.fromAsync((async function* () { yield 1; })())
  [...Iterator.from([1, 2, 3]).filter((x) => x > 1).map((x) => x * 2).take(1)], Iterator.prototype[Symbol.toStringTag]
  Object.prototype.__proto__, ({ __proto__: Array.prototype }) instanceof Array, Object.getOwnPropertyDescriptor(Object.prototype, "__proto__").get.name
  const o = {}; o.__proto__ = Array.prototype; [o instanceof Array, {}.__proto__ === Object.prototype, "__proto__" in {}]
  Object.create(null).__proto__, Object.setPrototypeOf({}, null).__proto__, ({ ["__proto__"]: 1 }).__proto__
  ({}).__defineGetter__.name, ({}).__lookupGetter__("x"), escape("é"), unescape("%E9"), "a".anchor("b"), new Date(0).getYear()
  /(?<y>a)/.exec("a").groups.y, RegExp.$1, (/(b)/.exec("b"), RegExp.$1), RegExp.lastMatch, RegExp.escape("a.b")
  Reflect.ownKeys(Symbol).map(String), Symbol.for("x") === Symbol.for("x"), Symbol.keyFor(Symbol.for("x"))
  Reflect.ownKeys(globalThis).includes("globalThis"), Object.getOwnPropertyDescriptor(globalThis, "undefined"), typeof globalThis
  Object.prototype.toString.call(globalThis), Object.prototype.toString.call(JSON), Object.prototype.toString.call(Intl)
  const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); proxy.x
  new Proxy({ a: 1 }, { get: (t, k) => k }).b, Reflect.ownKeys(new Proxy({ a: 1 }, {})), typeof new Proxy(() => {}, {})
  using x = { [Symbol.dispose]() { globalThis.disposed = 1; } }; typeof Symbol.dispose
  new DisposableStack().disposed, typeof Symbol.asyncDispose, new Float16Array([1.1])[0], Math.f16round(1.1), Math.sumPrecise?.([0.1, 0.2])
  const { a, ...rest } = { a: 1, b: 2 }; rest
  label: for (;;) { break label; }; [..."a𝒳"].length
  ((a, b = a, ...c) => [a, b, c])(1, undefined, 3, 4)
`;

const LINES = [DATE, MATH_AND_TEMPORAL, DATA_VIEW, INTL, ERRORS, SUBCLASSES]
  .flatMap((text) => text.split("\n"))
  .map((line) => line.trim())
  .filter((line) => line !== "");

/** The statements of a line, and the expressions that are asked after them. */
function divide(line: string): readonly [before: string, asked: string] {
  const depth = (text: string): number => text.split(/[([{]/).length - text.split(/[)\]}]/).length;
  for (let at = line.lastIndexOf("; "); at !== -1; at = line.lastIndexOf("; ", at - 1)) {
    if (depth(line.slice(0, at)) === 0) return [line.slice(0, at + 1), line.slice(at + 2)];
  }
  return ["", line];
}

function ask(lines: readonly string[]): string {
  const texts = lines.map((line) => {
    const [before, asked] = divide(line);
    return `async () => { ${before} return [${asked}]; }`;
  });
  return `
  const tell = (value) => {
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value !== "object" || value === null) return typeof value + " " + String(value);
    if (Array.isArray(value)) return "[" + value.map(tell).join() + "]";
    if (value instanceof Date) return "Date " + value.getTime();
    if (Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
    return "{" + Object.keys(value).map((key) => key + ":" + tell(value[key])).join() + "}";
  };
  const heard = [];
  for (const text of ${JSON.stringify(texts)}) {
    try { heard.push(tell(await (0, eval)(text)())); } catch (error) {
      heard.push(Error.isError(error) ? error.name + ": " + error.message : "thrown " + String(error));
    }
  }
  return heard;`;
}

test("what is asked of the language has one answer, with the prelude and without", async () => {
  const [bare, guest] = await Promise.all([playBare(ask(LINES)), play(ask(LINES))]);
  const side = (heard: unknown): readonly string[] => LINES.map((line, i) => `${line} → ${(heard as string[])[i]}`);
  expect(side(guest.output)).toEqual(side(bare));
  // That the lines themselves are right: only these are no program, or parse none.
  const unread = LINES.filter((_, i) => (bare as string[])[i]?.startsWith("SyntaxError"));
  expect(unread).toEqual(['JSON.parse("{")', 'BigInt("x")', '(0, eval)("(")']);
  expect(LINES.length).toBeGreaterThan(120);
});

test("would see another answer", async () => {
  const { output } = await play(`Date.UTC = () => 5; ${ask(["Date.UTC(2020)"])}`);
  expect(output).not.toEqual(await playBare(ask(["Date.UTC(2020)"])));
});
