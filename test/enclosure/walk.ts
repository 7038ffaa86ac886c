// A walk over everything that code can reach: own and inherited properties, symbols, getters and what they give,
// prototypes. Its source runs as it stands in a guest and in a bare context of the same engine, so that the two compare.

import { LANGUAGE_GLOBALS } from "../../src/enclosure/guest/permits.ts";

export interface Reached {
  /** Where it was first met: `globalThis.Map.prototype.get`. */
  readonly path: string;
  readonly kind: "object" | "native" | "function";
  /** The class name of its prototype's constructor. */
  readonly className: string;
}

/**
 * An expression: a function of named roots that gives the list of {@link Reached}. Each root is walked to its end before
 * the next, so that what the language has is met under the language's names. To be evaluated before anything is touched.
 */
export const WALK = `((spell) => (roots) => {
  const seen = new Map();
  const queue = [];
  const visit = (path, value) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    let kind = "object";
    if (typeof value === "function") kind = /\\{\\s*\\[native code\\]\\s*\\}$/.test(spell.call(value)) ? "native" : "function";
    let className = "";
    try { className = String(Object.getPrototypeOf(value)?.constructor?.name ?? ""); } catch {}
    seen.set(value, { path, kind, className });
    queue.push([path, value]);
  };
  for (const [name, root] of Object.entries(roots)) {
    visit(name, root);
    while (queue.length > 0) {
      const [path, object] = queue.shift();
      visit(path + ".[[Prototype]]", Object.getPrototypeOf(object));
      for (const key of Reflect.ownKeys(object)) {
        const here = path + "." + String(key);
        const { get, set } = Object.getOwnPropertyDescriptor(object, key) ?? {};
        visit(here + "[get]", get);
        visit(here + "[set]", set);
        try { visit(here, object[key]); } catch {}
      }
    }
  }
  return [...seen.values()];
})(Function.prototype.toString)`;

/** An expression: the language's globals, by name, as one root. */
export const LANGUAGE = `Object.fromEntries(${JSON.stringify(LANGUAGE_GLOBALS.filter((name) => name !== "globalThis"))}.map((name) => [name, globalThis[name]]))`;

/** Values that are reached by doing something, not by a name. */
export const DEEDS = `({
  arrayIterator: [][Symbol.iterator](), mapIterator: new Map().entries(), text: ""[Symbol.iterator](),
  generator: (function* () {})(), asyncGenerator: (async function* () {})(), asyncFunction: async () => {},
  promise: Promise.resolve(), match: "a".matchAll(/a/g), error: (() => { try { null.x; } catch (e) { return e; } })(),
  segments: new Intl.Segmenter().segment("a"), args: (function () { return arguments; })(),
  boundFormat: new Intl.DateTimeFormat().format, helper: [].values().map((x) => x),
})`;
