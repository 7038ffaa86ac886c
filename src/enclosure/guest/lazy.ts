// Pay for what you use: a global that costs something to set up is a getter until it is first touched. The modules behind
// them are bundled as closures (`require` below is the bundler's, never a function at run time), run at most once.

import { create, define, defineProperty, getOwnPropertyDescriptor, publish } from "./intrinsics.ts";

declare const require: (name: string) => unknown;

/** Defines `names` on `global`; the first touch of any of them loads all. What the agent has set itself stays. */
export function defineLazy(
  global: object,
  names: readonly string[],
  load: () => Readonly<Record<string, unknown>>,
): void {
  const waiting = create(null) as Record<string, unknown>;
  const settle = (): void => {
    for (const name in waiting) delete (global as Record<string, unknown>)[name];
    const loaded = load();
    // What is being loaded looks for its own name on the global: there is none yet.
    const ready = loaded[names[0] as string] !== undefined;
    for (const name in waiting) {
      if (ready) waiting[name] = loaded[name];
      else arm(name);
    }
    if (ready) publish(global, waiting);
  };
  const arm = (name: string): void => {
    waiting[name] = undefined;
    defineProperty(global, name, {
      configurable: true,
      enumerable: false,
      get: () => {
        settle();
        return waiting[name];
      },
      set: (value: unknown) => {
        delete waiting[name];
        define(global, name, value);
      },
    });
  };
  for (const name of names) arm(name);
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
