// package.json: the fields that decide what an import means, read as data and never trusted to stay inside: whatever they
// name is looked up in the jail like any other path. `exports` and `imports` follow Node's algorithm
// (nodejs.org/api/esm.html, "Resolution Algorithm Specification"), `browser` the package-browser-field specification.

import { SPECIFIER_CHARS_MAX } from "../base/limits.ts";

export interface Package {
  /** The folder, absolute and real. */
  readonly folder: string;
  /** The package.json's own path. */
  readonly file: string;
  readonly name: string | undefined;
  readonly exports: unknown;
  readonly imports: Record<string, unknown> | undefined;
  /** Whether files of it may be left out where nothing of them is used. */
  readonly sideEffects: boolean;
  /** The first main field that there is, in the order asked for. */
  readonly main: string | undefined;
  /** Replacements for a browser: of "./file" or "package", by another one or by nothing. */
  readonly browser: ReadonlyMap<string, string | false>;
}

/** Undefined where the text is not a JSON object. */
export function parsePackage(
  folder: string,
  file: string,
  text: string,
  mainFields: readonly string[],
): Package | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(json)) return undefined;
  const mains = mainFields.map((field) => own(json, field)).filter((value) => typeof value === "string");
  const name = own(json, "name");
  const imports = own(json, "imports");
  return {
    folder,
    file,
    name: typeof name === "string" ? name : undefined,
    exports: own(json, "exports"),
    imports: isRecord(imports) ? imports : undefined,
    sideEffects: own(json, "sideEffects") !== false,
    main: mains[0],
    browser: mainFields.includes("browser") ? browserMap(own(json, "browser")) : new Map(),
  };
}

function browserMap(value: unknown): ReadonlyMap<string, string | false> {
  if (!isRecord(value)) return new Map();
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string | false] => typeof entry[1] === "string" || entry[1] === false,
  );
  return new Map(entries);
}

/** What a subpath of a package leads to: a target as written, with its `*` filled in; null where it is closed. */
export function exportTarget(pkg: Package, subpath: string, conditions: ReadonlySet<string>): string | null {
  const { exports } = pkg;
  const bySubpath = isRecord(exports) && Object.keys(exports).some((key) => key.startsWith("."));
  if (bySubpath) return keyedTarget(exports, subpath, conditions);
  return subpath === "." ? pickTarget(exports, conditions, "") : null;
}

/** What "#name" leads to in its own package: a relative target, or another package's name. */
export function importTarget(pkg: Package, name: string, conditions: ReadonlySet<string>): string | null {
  return pkg.imports === undefined ? null : keyedTarget(pkg.imports, name, conditions);
}

function keyedTarget(table: Record<string, unknown>, key: string, conditions: ReadonlySet<string>): string | null {
  if (!key.includes("*") && Object.hasOwn(table, key)) return pickTarget(table[key], conditions, "");
  let best: { readonly pattern: string; readonly filling: string } | undefined;
  for (const pattern of Object.keys(table)) {
    const filling = fillingOf(pattern, key);
    if (filling === undefined) continue;
    if (best === undefined || isMoreSpecific(pattern, best.pattern)) best = { pattern, filling };
  }
  return best === undefined ? null : pickTarget(table[best.pattern], conditions, best.filling);
}

/** The text for which `*` stands where `pattern` matches `key`. */
function fillingOf(pattern: string, key: string): string | undefined {
  const star = pattern.indexOf("*");
  if (star < 0 || pattern.indexOf("*", star + 1) >= 0) return undefined;
  const before = pattern.slice(0, star);
  const after = pattern.slice(star + 1);
  if (!key.startsWith(before) || !key.endsWith(after) || key.length <= before.length + after.length) return undefined;
  return key.slice(star, key.length - after.length);
}

function isMoreSpecific(a: string, b: string): boolean {
  const difference = a.indexOf("*") - b.indexOf("*");
  return difference === 0 ? a.length > b.length : difference > 0;
}

/** The first target whose conditions hold. `undefined` from a nested table lets the next one be tried; null closes. */
function pickTarget(target: unknown, conditions: ReadonlySet<string>, filling: string): string | null {
  return pick(target, conditions, filling, 0) ?? null;
}

const NESTING_MAX = 16;

function pick(
  target: unknown,
  conditions: ReadonlySet<string>,
  filling: string,
  depth: number,
): string | null | undefined {
  if (depth > NESTING_MAX) return null;
  if (typeof target === "string") return filled(target, filling);
  if (Array.isArray(target)) {
    for (const one of target) {
      const picked = pick(one, conditions, filling, depth + 1);
      if (typeof picked === "string") return picked;
    }
    return null;
  }
  if (!isRecord(target)) return target === null ? null : undefined;
  for (const [condition, inner] of Object.entries(target)) {
    if (condition !== "default" && !conditions.has(condition)) continue;
    const picked = pick(inner, conditions, filling, depth + 1);
    if (picked !== undefined) return picked;
  }
  return undefined;
}

/** The target with its `*` filled in, as often as it has one; null where that is longer than any path. */
function filled(target: string, filling: string): string | null {
  const parts = target.split("*");
  const length = target.length + (parts.length - 1) * filling.length;
  return length > SPECIFIER_CHARS_MAX ? null : parts.join(filling);
}

function own(record: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
