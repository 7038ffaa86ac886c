// The source tree as the architecture's rules see it: every file with its text, tokens and imports, resolved.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { type ImportSite, importsOf } from "./imports.ts";
import { type Token, tokensOf } from "./tokens.ts";

export interface Import extends ImportSite {
  /** Within the project, its path from the root: "src/base/json.ts". */
  readonly file?: string;
  /** Else the package's name ("@noble/hashes"), or a built-in as "node:fs". */
  readonly outside?: string;
}

export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
}

export const ROOT = join(import.meta.dirname, "..", "..");

export function sourceFile(path: string, text: string): SourceFile {
  const imports = importsOf(text).map((site) => resolveSite(path, site));
  return { path, text, tokens: tokensOf(text), imports };
}

/** Every TypeScript and JavaScript file under `folder`, read and scanned. */
export function sourceTree(folder: string): readonly SourceFile[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => normalize(join(folder, entry.parentPath.slice(join(ROOT, folder).length), entry.name)));
  return paths.sort().map((path) => sourceFile(path, readFileSync(join(ROOT, path), "utf8")));
}

function resolveSite(from: string, site: ImportSite): Import {
  const { specifier } = site;
  if (specifier.startsWith(".")) return { ...site, file: join(dirname(from), specifier) };
  const name = /^(node:.+|@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[0] ?? specifier;
  return { ...site, outside: BUILT_IN.has(name) ? `node:${name}` : name };
}

/** Built-ins that answer without "node:" too. */
const BUILT_IN: ReadonlySet<string> = new Set(
  (
    "assert async_hooks buffer child_process cluster console crypto dgram diagnostics_channel dns events fs http http2 " +
    "https inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder " +
    "timers tls tty url util v8 vm wasi worker_threads zlib"
  ).split(" "),
);
