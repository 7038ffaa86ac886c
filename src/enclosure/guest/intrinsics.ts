// The language's own functions, captured while the prelude loads and nothing of the agent's has run. Whatever the agent
// does to prototypes and globals later, the bridge goes on with these.

const { apply: nativeApply, construct: nativeConstruct, set: setProperty } = Reflect;

/** `Reflect.apply`, unpatchable. */
export const apply = nativeApply;
export const construct = nativeConstruct;

type Method = (this: never, ...args: never[]) => unknown;
type Uncurried<Fn> = Fn extends (this: infer This, ...args: infer Args) => infer Result
  ? (self: unknown extends This ? object | string : This, ...args: Args) => Result
  : never;

/** A method as a function of its receiver, which no later patch reaches. */
export function uncurry<Fn extends Method>(method: Fn): Uncurried<Fn> {
  const free = (self: unknown, ...args: unknown[]): unknown => nativeApply(method as never, self, args as never);
  return free as Uncurried<Fn>;
}

export const { parse: parseJson, stringify: stringifyJson } = JSON;
export const {
  create,
  defineProperty,
  freeze,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  keys,
  setPrototypeOf,
} = Object;
export const { isArray } = Array;
export const { floor, max, min, trunc } = Math;
export const NativePromise = Promise;
const NativeProxy = Proxy;
const { bind } = Function.prototype;
const { toStringTag } = Symbol;

/** What V8 adds to Error. */
interface V8Error extends ErrorConstructor {
  captureStackTrace(holder: object, above: CallableFunction): void;
  stackTraceLimit: number;
}
export const NativeError = Error as V8Error;
const { captureStackTrace } = NativeError;

export const NativeRangeError = RangeError;
export const NativeDate = Date;
export const NativeString = String;
export const NativeNumber = Number;

export const listIndexOf = uncurry(Array.prototype.indexOf);
export const indexOf = uncurry(String.prototype.indexOf);
export const slice = uncurry(String.prototype.slice);
export const toWellFormed = uncurry(String.prototype.toWellFormed);
const then = uncurry(Promise.prototype.then);

/**
 * `Promise.prototype.then` of a promise of ours. It would ask the promise for its `constructor`, which is inherited: a
 * getter there would be handed the promise.
 */
export function whenSettled<Value>(
  promise: Promise<Value>,
  onValue: (value: Value) => unknown,
  onError?: (error: Error) => unknown,
): void {
  void defineProperty(promise, "constructor", own({ value: undefined }));
  void then(promise, onValue as (value: unknown) => unknown, onError as (error: unknown) => unknown);
}

/** Defines what `target` shows under `name` as the language's own globals are: writable, configurable, not enumerable. */
export function define(target: object, name: PropertyKey, value: unknown): void {
  defineProperty(target, name, own({ value, writable: true, configurable: true, enumerable: false }));
}

/** Gives `target` an own member, whatever setter or read-only member of that name its prototypes have. */
export function put(target: object, name: PropertyKey, value: unknown): void {
  defineProperty(target, name, own({ value, writable: true, configurable: true, enumerable: true }));
}

/**
 * Defines ours on `global` under the names that they then bear themselves, which the bundler has shortened. A class's
 * instances say their name too, as those of every interface of the web do.
 */
export function publish(global: object, members: Readonly<Record<string, unknown>>): void {
  const names = keys(members);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const value = members[name];
    define(global, name, value);
    if (typeof value !== "function") continue;
    rename(value, name);
    const { prototype } = value as { readonly prototype?: object };
    if (prototype !== undefined) defineProperty(prototype, toStringTag, own({ value: name, configurable: true }));
  }
}

/** Gives a function its name. */
export function rename(fn: object, name: string): void {
  defineProperty(fn, "name", own({ value: name, configurable: true }));
}

/** Stands for a call of one of the language's own functions. */
type Stand = (self: unknown, args: readonly unknown[]) => unknown;

/** Puts `fn`, which asks for no `this`, in the place of a function of the language; to the agent it looks the same. */
export function replace(holder: object, key: PropertyKey, fn: CallableFunction): void {
  const place = getOwnPropertyDescriptor(holder, key) as PropertyDescriptor;
  const native = place.value as object;
  // A bound function's text is native code, as the language's own is.
  place.value = nativeApply(bind, fn, [undefined]);
  for (const own of ["length", "name"]) {
    defineProperty(place.value, own, getOwnPropertyDescriptor(native, own) as PropertyDescriptor);
  }
  defineProperty(holder, key, place);
}

/** The same for a method, or the getter of `key`, which asks for `this`. Slower: nothing but a Proxy passes it on and keeps the text. */
export function replaceMethod(holder: object, key: PropertyKey, stand: (native: CallableFunction) => Stand): void {
  const place = getOwnPropertyDescriptor(holder, key) as PropertyDescriptor;
  const part = place.get === undefined ? "value" : "get";
  place[part] = disguise(place[part] as CallableFunction, stand(place[part] as CallableFunction));
  defineProperty(holder, key, place);
}

/** A function that is `native` in all that can be asked of it, but for what a call does. */
export function disguise<Fn extends CallableFunction>(native: Fn, stand: Stand): Fn {
  const handler = { apply: (_: Fn, self: unknown, args: unknown[]): unknown => stand(self, args) };
  return new NativeProxy(native, setPrototypeOf(handler, null) as typeof handler);
}

/** A descriptor is read with its prototype's members, and a `get` there would spoil it. */
function own(descriptor: PropertyDescriptor): PropertyDescriptor {
  return setPrototypeOf(descriptor, null) as PropertyDescriptor;
}

/** Captures where execution is, from the caller of `above` outward. The holder's `stack` is made when it is first read. */
export function captureStack(holder: object, above: CallableFunction, frames: number): void {
  const before = NativeError.stackTraceLimit;
  // The agent may have frozen Error: then its own limit holds, and the place may stay unknown.
  setProperty(NativeError, "stackTraceLimit", frames);
  captureStackTrace(holder, above);
  setProperty(NativeError, "stackTraceLimit", before);
}
