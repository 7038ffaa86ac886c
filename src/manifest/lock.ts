// The lock, m.lock.json: what the host modules of a manifest were when a person last looked at them. It holds for each
// capability of kind module the digest of its source's inputs and its function table, so that `check`, `explain` and
// `types` run no one's code, and `run` can refuse a module that is another one now.

import { type Hasher, type HexDigest, parseHexDigest, pureHasher, sha256Hex } from "../base/bytes.ts";
import { EnclosureError, type Problem } from "../base/errors.ts";
import { canonicalJson, deepFreeze, isJsonObject, textDepth, type JsonObject, type JsonValue } from "../base/json.ts";
import type { FunctionSpec } from "../kinds/contract.ts";
import { fit } from "./fit.ts";
import type { FunctionTables } from "./grants.ts";
import { Findings, step, type Finding } from "./problems.ts";
import type { Resolution } from "./resolve.ts";

/** What is known of one host module. */
export interface LockedModule {
  /** SHA-256 over its bundle's inputs; see bundle/contract. */
  readonly inputsSha256: HexDigest;
  readonly functions: readonly FunctionSpec[];
}

export interface Lock {
  readonly modules: ReadonlyMap<string, LockedModule>;
  /** SHA-256 of the lock file's bytes. */
  readonly fileSha256: HexDigest;
}

/** Deepest nesting of a lock: schemas of functions, within base/json's bound. */
const LOCK_DEPTH_MAX = 30;
const NAME = { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]{0,63}$", title: "a name" };
const FUNCTION = {
  type: "object",
  additionalProperties: false,
  required: ["name", "effect"],
  properties: {
    name: NAME,
    effect: { type: "string", enum: ["read", "write", "irreversible"] },
    description: { type: "string" },
    input: { type: ["object", "boolean"] },
    output: { type: ["object", "boolean"] },
    positional: { type: "array", items: NAME, uniqueItems: true },
  },
};
const MODULE = {
  type: "object",
  additionalProperties: false,
  required: ["inputsSha256", "functions"],
  properties: {
    inputsSha256: { type: "string", pattern: "^[0-9a-f]{64}$", title: "64 lower-case hexadecimal digits" },
    functions: { type: "array", minItems: 1, maxItems: 1000, items: FUNCTION },
  },
};
const LOCK = {
  type: "object",
  additionalProperties: false,
  required: ["lock", "modules"],
  properties: {
    lock: { const: 1, title: "1, the version of the format" },
    modules: { type: "object", propertyNames: NAME, additionalProperties: MODULE },
  },
};

/** Reads a lock's text. @throws EnclosureError LOCK_INVALID */
export function parseLock(text: string, file: string, hasher: Hasher = pureHasher): Lock {
  const refuse = (message: string): never => {
    throw new EnclosureError("LOCK_INVALID", `${file}: ${message}`, { location: { file } });
  };
  if (textDepth(text) > LOCK_DEPTH_MAX) return refuse(`nested deeper than ${LOCK_DEPTH_MAX}`);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
    // Whatever has no canonical form could not have been written by `formatLock`.
    canonicalJson(value);
  } catch {
    return refuse("not plain JSON");
  }
  const findings: Finding[] = [];
  fit(value, LOCK, "", {}, (finding) => findings.push(finding));
  if (findings[0] !== undefined) return refuse(findings[0].message);
  const modules = Object.entries((value as JsonObject)["modules"] as JsonObject).map(([name, module]) => {
    const { inputsSha256, functions } = deepFreeze(module) as JsonObject;
    const table = functions as unknown as readonly FunctionSpec[];
    const twice = table.find((fn, index) => table.findIndex((other) => other.name === fn.name) !== index);
    if (twice !== undefined) return refuse(`modules.${name}: the function ${twice.name} stands there twice`);
    return [name, { inputsSha256: parseHexDigest(inputsSha256 as string), functions: table }] as const;
  });
  return { modules: new Map(modules), fileSha256: sha256Hex(text, hasher) };
}

/** The lock's text: keys sorted, two spaces, a last newline, so that the same modules give the same bytes. */
export function formatLock(modules: ReadonlyMap<string, LockedModule>): string {
  const lock = { lock: 1, modules: Object.fromEntries(modules) } as unknown as JsonValue;
  return `${JSON.stringify(sortKeys(lock), null, 2)}\n`;
}

function sortKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((one) => sortKeys(one as JsonValue));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sortKeys(one)]),
  );
}

/** The lock's function tables, for `compileGrants`. */
export function lockedTables(lock: Lock | undefined): FunctionTables {
  return new Map([...(lock?.modules ?? [])].map(([name, { functions }]) => [name, functions]));
}

/**
 * Everything in which the lock differs from the manifest and, where they were loaded, from its modules: problems
 * LOCK_MISMATCH, at the grant in the manifest. A module that the manifest no longer has is a warning.
 */
export function compareLock(
  resolution: Resolution,
  lock: Lock,
  loaded?: ReadonlyMap<string, LockedModule>,
): readonly Problem[] {
  const findings = new Findings((pointer) => resolution.manifest.at(pointer));
  const { capabilities } = resolution.resolved;
  const modules = Object.entries(capabilities).filter(([, { use }]) => use === "module");
  for (const [name] of modules) {
    const locked = lock.modules.get(name);
    const now = loaded?.get(name);
    const pointer = `/capabilities${step(name)}`;
    const message = locked === undefined ? `${name} is not in the lock` : now && difference(name, locked, now);
    if (message !== undefined) findings.report({ code: "LOCK_MISMATCH", pointer, message });
  }
  const names = new Set(modules.map(([name]) => name));
  for (const name of lock.modules.keys()) {
    if (names.has(name)) continue;
    const message = `the lock has a module ${name} that the manifest has not`;
    findings.report({ code: "LOCK_MISMATCH", severity: "warning", pointer: "/capabilities", message });
  }
  return findings.problems;
}

function difference(name: string, locked: LockedModule, now: LockedModule): string | undefined {
  const changes = describeTables(locked.functions, now.functions);
  if (changes !== "") return `${name} has other functions than in the lock: ${changes}`;
  if (locked.inputsSha256 === now.inputsSha256) return undefined;
  return `${name} has other source files than in the lock (${now.inputsSha256.slice(0, 12)}…, in the lock ${locked.inputsSha256.slice(0, 12)}…)`;
}

function spellings(table: readonly FunctionSpec[]): ReadonlyMap<string, string> {
  return new Map(table.map((fn) => [fn.name, JSON.stringify(sortKeys(fn as unknown as JsonValue))]));
}

function describeTables(locked: readonly FunctionSpec[], now: readonly FunctionSpec[]): string {
  const [before, after] = [spellings(locked), spellings(now)];
  const gained = [...after.keys()].filter((name) => !before.has(name));
  const lost = [...before.keys()].filter((name) => !after.has(name));
  const changed = [...after].filter(([name, text]) => before.has(name) && before.get(name) !== text);
  const words: readonly (readonly [string, readonly string[]])[] = [
    ["gained", gained],
    ["lost", lost],
    ["changed", changed.map(([name]) => name)],
  ];
  return words
    .filter(([, names]) => names.length > 0)
    .map(([word, names]) => `${word} ${names.join(", ")}`)
    .join("; ");
}
