// Names that a TypeScript file asks of enclosure:caps. The compiler drops an import that no value uses, and takes a
// re-export of what is not there for a type, so a name that nothing grants could pass unseen: here every one of them is
// read, types alone left out. The sources are an agent's, and nothing can stop a scan of ours: each goes over a text once,
// from one statement's end to the next.

import type { transform } from "esbuild";

const CAPS = "enclosure:caps";

export interface AskedName {
  readonly name: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** The names that `text` imports or re-exports as values, where it is sound TypeScript; its errors are the build's to tell. */
export async function askedNames(
  text: string,
  loader: "ts" | "tsx",
  transformWith: typeof transform,
): Promise<readonly AskedName[]> {
  if (!text.includes(CAPS)) return [];
  const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } };
  try {
    const { code } = await transformWith(text, { loader, target: "esnext", tsconfigRaw, logLevel: "silent" });
    const places = placesIn(text);
    return namesIn(code).map((name) => ({ name, ...(places.get(name) ?? { line: 1, column: 1 }) }));
  } catch {
    return [];
  }
}

/** In the compiler's own spelling: one statement each, from the beginning of a line. */
function namesIn(code: string): readonly string[] {
  const names: string[] = [];
  for (const before of textsBefore(code, / from "enclosure:caps";/g)) {
    const open = before.text.lastIndexOf("{");
    const head = before.text.slice(before.text.lastIndexOf("\n", open) + 1, open);
    if (open === -1 || !before.text.endsWith("}") || !/^(?:import|export) [^;"]*$/.test(head)) continue;
    const braced = before.text.slice(open + 1, -1).split(",");
    names.push(...braced.map((one) => one.trim().split(/\s/, 1)[0] ?? ""));
  }
  return names.filter((name) => name !== "");
}

/** Where each word stands first in a statement that asks for something of enclosure:caps. */
function placesIn(text: string): ReadonlyMap<string, { readonly line: number; readonly column: number }> {
  const places = new Map<string, { readonly line: number; readonly column: number }>();
  const lines = new LineCount(text);
  for (const before of textsBefore(text, /\bfrom\s*["']enclosure:caps["']/g)) {
    const start = Math.max(...[";", '"', "'"].map((mark) => before.text.lastIndexOf(mark))) + 1;
    for (const { 0: word, index } of before.text.slice(start).matchAll(/[\w$\u0080-\uffff]+/g)) {
      if (!places.has(word)) places.set(word, lines.placeOf(before.at + start + index));
    }
  }
  return places;
}

/** What stands before each match and after the one before it. */
function textsBefore(text: string, end: RegExp): readonly { readonly at: number; readonly text: string }[] {
  let at = 0;
  return [...text.matchAll(end)].map((match) => {
    const before = { at, text: text.slice(at, match.index) };
    at = match.index + match[0].length;
    return before;
  });
}

/** Line and column of places that are asked for in their order. */
class LineCount {
  readonly #text: string;
  #line = 1;
  #start = 0;

  constructor(text: string) {
    this.#text = text;
  }

  placeOf(index: number): { readonly line: number; readonly column: number } {
    for (let next = this.#next(); next !== -1 && next < index; next = this.#next()) {
      this.#line++;
      this.#start = next + 1;
    }
    return { line: this.#line, column: index - this.#start + 1 };
  }

  #next(): number {
    return this.#text.indexOf("\n", this.#start);
  }
}
