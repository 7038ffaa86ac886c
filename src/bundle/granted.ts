// Names that a TypeScript file asks of enclosure:caps. The compiler drops an import that no value uses, and takes a
// re-export of what is not there for a type, so a name that nothing grants could pass unseen: here every one of them is
// read, types alone left out.

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
    return namesIn(code).map((name) => ({ name, ...placeOf(name, text) }));
  } catch {
    return [];
  }
}

/** In the compiler's own spelling: one statement each, ended by a semicolon. */
function namesIn(code: string): readonly string[] {
  const clauses = [...code.matchAll(/^(?:import|export)\s+[^;"]*?\{([^}]*)\}\s+from\s+"enclosure:caps";/gm)];
  const names = clauses.flatMap(([, braced = ""]) =>
    braced.split(",").map((one) => one.trim().replace(/\s+as\s.*$/s, "")),
  );
  return names.filter((name) => name !== "");
}

/** Where the name stands in the statement that asks for it. */
function placeOf(name: string, text: string): { readonly line: number; readonly column: number } {
  for (const statement of text.matchAll(/\b(?:import|export)\b([^;"']*)\bfrom\s*["']enclosure:caps["']/g)) {
    const start = statement.index + statement[0].indexOf(statement[1] as string);
    const found = new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`).exec(statement[1] as string);
    if (found === null) continue;
    const before = text.slice(0, start + found.index).split("\n");
    return { line: before.length, column: (before.at(-1) as string).length + 1 };
  }
  return { line: 1, column: 1 };
}
