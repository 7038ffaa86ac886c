// Pay for what you use: a global that costs something to set up is a getter until it is first touched. The modules behind
// them are bundled as closures (`require` below is the bundler's, never a function at run time), run at most once.

import { define, defineProperty, getOwnPropertyDescriptor } from "./intrinsics.ts";

declare const require: (name: string) => unknown;

/** Defines `names` on `global`; the first touch of any of them loads all. */
export function defineLazy(
  global: object,
  names: readonly string[],
  load: () => Readonly<Record<string, unknown>>,
): void {
  const settle = (): void => {
    for (const name of names) delete (global as Record<string, unknown>)[name];
    const loaded = load();
    for (const name of names) define(global, name, loaded[name]);
  };
  for (const name of names) {
    defineProperty(global, name, {
      configurable: true,
      enumerable: false,
      get: () => {
        settle();
        return (global as Record<string, unknown>)[name];
      },
      set: (value: unknown) => define(global, name, value),
    });
  }
}

type Encoding = {
  readonly TextEncoder: typeof TextEncoder;
  readonly TextDecoder: typeof TextDecoder;
};

/** The encoding classes, whatever the agent has put on its global. */
export function loadEncoding(): Encoding {
  const { TextEncoder, TextDecoder } = require("@exodus/bytes/encoding-lite.js") as Encoding;
  return { TextEncoder, TextDecoder };
}

/** What core-js leaves on the global while it loads, beside the classes. */
const CORE_JS_STORE = "__core-js_shared__";

/**
 * The URL classes. core-js puts them on the global itself, draws a random number for a key (which must be nobody's draw)
 * and replaces Function.prototype.toString (which must stay the language's).
 */
export function loadUrl(): Readonly<Record<string, unknown>> {
  const { random } = Math;
  const functionPrototype: { toString(): string } = Function.prototype;
  const spell = getOwnPropertyDescriptor(functionPrototype, "toString")?.value as () => string;
  define(Math, "random", () => 0.5);
  try {
    require("core-js/actual/url");
  } finally {
    define(Math, "random", random);
    define(functionPrototype, "toString", spell);
  }
  const { URL, URLSearchParams } = globalThis as unknown as Record<string, unknown>;
  delete (globalThis as Record<string, unknown>)[CORE_JS_STORE];
  return { URL, URLSearchParams };
}
