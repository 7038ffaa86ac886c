// What is taken from or fixed in the language itself before the agent runs.

import { apply, define, defineProperty, max, NativeError, put, replaceMethod, setPrototypeOf } from "./intrinsics.ts";

const STACK_FRAMES = 16;
const { toPrimitive } = Symbol;
const oneNaN = (number: number): number => (number === number ? number : NaN);

/** Stacks have a fixed length and V8's own text: nobody is handed call sites, or a say in how a stack is spelled. */
export function lockStackTraces(): void {
  put(NativeError, "stackTraceLimit", STACK_FRAMES);
  defineProperty(NativeError, "prepareStackTrace", {
    get: () => undefined,
    set: () => undefined,
    enumerable: false,
    configurable: false,
  });
}

/**
 * The bits of a NaN differ between the machine's code paths, and these setters show them: one NaN is written always. Typed
 * arrays show them too, and are left alone: their stores cannot be intercepted but by a Proxy, which is far too slow.
 */
export function canonicaliseNaN(): void {
  for (const name of ["setFloat16", "setFloat32", "setFloat64"]) {
    replaceMethod(DataView.prototype, name, (native) => (self, args) => {
      const value = given(args, 1);
      // What is no number yet is converted (by `max` of one, which is ToNumber) when the native asks for it: after the
      // view and the offset, as ever.
      const number = typeof value === "number" ? oneNaN(value) : lazyNumber(() => oneNaN(max(value as number)));
      return apply(native, self, [given(args, 0), number, given(args, 2)]);
    });
  }
}

/** An argument, past any member of that number that all lists inherit. */
function given(args: readonly unknown[], at: number): unknown {
  return at < args.length ? args[at] : undefined;
}

function lazyNumber(convert: () => number): object {
  const object = setPrototypeOf({}, null) as object;
  define(object, toPrimitive, convert);
  return object;
}

/** Removes what V8 has beside the standard. */
export function removeNonStandard(): void {
  Reflect.deleteProperty(Intl, "v8BreakIterator");
}

/** Removes every own name of `global` that is not permitted; says which could not be removed. */
export function removeOthers(global: object, permitted: readonly string[]): void {
  for (const name of Reflect.ownKeys(global)) {
    if (typeof name === "string" && permitted.includes(name)) continue;
    if (!Reflect.deleteProperty(global, name)) throw new NativeError(`the global ${String(name)} cannot be removed`);
  }
}
