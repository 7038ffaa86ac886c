// Finds every form in which a TypeScript file reaches another module. What it cannot read (a computed specifier) it
// reports as such, so that a rule can refuse it; it never passes over one in silence.

import { type Token, tokensOf } from "./tokens.ts";

export interface ImportSite {
  /** As written; "(computed)" where it is not a plain text. */
  readonly specifier: string;
  readonly form: "import" | "export" | "dynamic" | "require" | "import-equals" | "url";
  /** `import type …` and `export type …`, which leave nothing behind at run time. */
  readonly typeOnly: boolean;
  /** From 1. */
  readonly line: number;
}

export const COMPUTED = "(computed)";

export function importsOf(source: string): readonly ImportSite[] {
  const tokens = tokensOf(source);
  const sites: ImportSite[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i]?.kind !== "word" || isMember(tokens, i)) continue;
    const site = siteAt(tokens, i);
    if (site !== undefined) sites.push(site);
  }
  return sites;
}

function siteAt(tokens: readonly Token[], i: number): ImportSite | undefined {
  switch (tokens[i]?.text) {
    case "import":
      return importAt(tokens, i);
    case "export":
      return exportAt(tokens, i);
    case "require":
      return requireAt(tokens, i);
    case "URL":
      return urlAt(tokens, i);
    default:
      return undefined;
  }
}

function importAt(tokens: readonly Token[], i: number): ImportSite | undefined {
  const line = tokens[i]?.line ?? 0;
  const next = tokens[i + 1];
  if (is(next, ".")) return undefined; // import.meta
  if (is(next, "(")) {
    const typeOnly = is(tokens[i - 1], "typeof");
    return { specifier: textOf(tokens, i + 2, ")", ","), form: "dynamic", typeOnly, line };
  }
  if (next?.kind === "string") return { specifier: next.text, form: "import", typeOnly: false, line };
  // `import type from "x"` imports a default called type.
  const typeOnly = is(next, "type") && !(is(tokens[i + 2], "from") && tokens[i + 3]?.kind === "string");
  for (let j = i + 1; j < tokens.length; j++) {
    if (is(tokens[j], "from") && tokens[j + 1]?.kind === "string") {
      return { specifier: tokens[j + 1]?.text ?? "", form: "import", typeOnly, line };
    }
    if (is(tokens[j], "=")) {
      if (!is(tokens[j + 1], "require")) return undefined; // an alias of a namespace
      return { specifier: textOf(tokens, j + 3, ")"), form: "import-equals", typeOnly, line };
    }
    if (is(tokens[j], ";")) break;
  }
  return { specifier: COMPUTED, form: "import", typeOnly, line };
}

function exportAt(tokens: readonly Token[], i: number): ImportSite | undefined {
  const typeOnly = is(tokens[i + 1], "type");
  let j = i + (typeOnly ? 2 : 1);
  if (is(tokens[j], "{")) while (j < tokens.length && !is(tokens[j], "}")) j++;
  else if (!is(tokens[j], "*")) return undefined; // export of a declaration
  else if (is(tokens[j + 1], "as")) j += 2;
  const specifier = tokens[j + 2];
  if (!is(tokens[j + 1], "from") || specifier?.kind !== "string") return undefined;
  return { specifier: specifier.text, form: "export", typeOnly, line: tokens[i]?.line ?? 0 };
}

function requireAt(tokens: readonly Token[], i: number): ImportSite | undefined {
  if (is(tokens[i - 1], "=") && isImportEquals(tokens, i - 2)) return undefined; // seen at its `import`
  const resolves = is(tokens[i + 1], ".") && is(tokens[i + 2], "resolve");
  const open = resolves ? i + 3 : i + 1;
  if (!is(tokens[open], "(")) return undefined;
  const line = tokens[i]?.line ?? 0;
  return { specifier: textOf(tokens, open + 1, ")", ","), form: "require", typeOnly: false, line };
}

function isImportEquals(tokens: readonly Token[], name: number): boolean {
  return is(tokens[name - 1], "import") || (is(tokens[name - 1], "type") && is(tokens[name - 2], "import"));
}

/** `new URL("./worker.js", import.meta.url)`: how a file names another that it will run. */
function urlAt(tokens: readonly Token[], i: number): ImportSite | undefined {
  const specifier = tokens[i + 2];
  const tail = [",", "import", ".", "meta", ".", "url"];
  if (!is(tokens[i - 1], "new") || !is(tokens[i + 1], "(") || specifier?.kind !== "string") return undefined;
  if (!tail.every((text, j) => is(tokens[i + 3 + j], text))) return undefined;
  return { specifier: specifier.text, form: "url", typeOnly: false, line: tokens[i]?.line ?? 0 };
}

/** The text at `i` where it stands alone before one of `ends`. */
function textOf(tokens: readonly Token[], i: number, ...ends: readonly string[]): string {
  const token = tokens[i];
  const alone = ends.some((end) => is(tokens[i + 1], end));
  return alone && (token?.kind === "string" || token?.kind === "template") ? token.text : COMPUTED;
}

function is(token: Token | undefined, text: string): boolean {
  return token?.text === text && (token.kind === "word" || token.kind === "mark");
}

/** True where the word at `i` is a member's name (`a.import`, `{ import: 1 }`), so no keyword and no free name. */
function isMember(tokens: readonly Token[], i: number): boolean {
  const spread = is(tokens[i - 1], ".") && is(tokens[i - 2], ".");
  return (is(tokens[i - 1], ".") && !spread) || is(tokens[i + 1], ":");
}
