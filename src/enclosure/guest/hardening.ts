// What is taken from or fixed in the language itself before the agent runs.

import { apply, define, defineProperty, NativeError } from "./intrinsics.ts";

const STACK_FRAMES = 16;

/** Stacks have a fixed length and V8's own text: nobody is handed call sites, or a say in how a stack is spelled. */
export function lockStackTraces(): void {
  define(NativeError, "stackTraceLimit", STACK_FRAMES);
  defineProperty(NativeError, "prepareStackTrace", {
    get: () => undefined,
    set: () => undefined,
    enumerable: false,
    configurable: false,
  });
}

type SetFloat = (this: DataView, offset: number, value: number, little?: boolean) => void;

/**
 * The bits of a NaN differ between the machine's code paths, and these setters show them: one NaN is written always. Typed
 * arrays show them too, and are left alone: their stores cannot be intercepted but by a Proxy, which is far too slow.
 */
export function canonicaliseNaN(): void {
  const prototype = DataView.prototype as unknown as Record<string, SetFloat>;
  for (const name of ["setFloat16", "setFloat32", "setFloat64"]) {
    const native = prototype[name] as SetFloat;
    const methods = {
      [name](this: DataView, offset: number, value: number, little?: boolean): void {
        // As the native would convert it, once.
        const number = value - 0;
        apply(native, this, [offset, number === number ? number : NaN, little]);
      },
    };
    define(prototype, name, methods[name]);
  }
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
