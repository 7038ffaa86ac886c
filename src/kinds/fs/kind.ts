// The kind fs: files below the mounts of a grant. The mounts are the allow list; deny and ask rules narrow it by path,
// function and argument. Pure: the jail that holds a path to its mount on the disk is capabilities/fs.

import type { ErrorCode } from "../../base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { parseSize, spellSize } from "../../base/units.ts";
import type { CompiledKind, FunctionSpec, JsonSchema, Kind, KindPowers, Sentence } from "../contract.ts";
import { decideFsCall, type Mounts } from "./decide.ts";
import { FS_FUNCTIONS } from "./functions.ts";
import { parsePath, PathError, pathsOverlap } from "./paths.ts";
import { compileFsRules, type FsRule, meetsMount, reportUnreachable } from "./rules.ts";

export type Access = "ro" | "rw";

export interface Mount {
  /** As the manifest says it; the session makes it absolute before a provider sees it. */
  readonly path: string;
  readonly access: Access;
  /** Of all files below it together. */
  readonly quotaBytes: number;
}

/** The resolved grant as data: its mounts are for the provider, the rest is for whoever compares mounts. */
export interface FsConfig {
  readonly mounts: { readonly [guestPath: string]: Mount };
  /** The mounts that a deny or an ask rule is about. */
  readonly ruled: readonly string[];
}

const QUOTA_BYTES = { default: 64 * 1024 * 1024, max: 1024 ** 4 };

const text = (description: string, more: JsonObject = {}): JsonObject => ({
  description,
  type: "string",
  title: "a text",
  ...more,
});
const REF = (name: string, description: string): JsonObject => ({ description, $ref: `#/$defs/${name}` });
const NAMES = FS_FUNCTIONS.map((fn) => fn.name);

function listOf(description: string, more: { readonly [key: string]: JsonSchema }): JsonSchema {
  const path = text("A path: * within a segment, ** for whole segments.", { title: 'a path such as "/in/private/**"' });
  const call = {
    description: "The function, or a list of them; all where it is absent.",
    anyOf: [
      { type: "string", enum: NAMES },
      { type: "array", minItems: 1, items: { type: "string", enum: NAMES } },
    ],
  };
  const where = REF("jsonSchema", "What the call's one argument must look like.");
  const object = {
    type: "object",
    additionalProperties: false,
    minProperties: 1,
    properties: { call, path, where, ...more },
  };
  return { description, type: "array", items: { anyOf: [path, object] } };
}

export const fsKind: Kind = {
  name: "fs",
  keys: {
    mounts: {
      description: "Folders of the host, by the path that the agent knows them under.",
      type: "object",
      minProperties: 1,
      maxProperties: 32,
      additionalProperties: {
        type: "object",
        additionalProperties: false,
        required: ["path", "access"],
        properties: {
          path: REF("path", "The folder, relative to the manifest's own."),
          access: { description: "ro: read only; rw: read and write.", type: "string", enum: ["ro", "rw"] },
          quota: REF("size", "What all files below it together may take; for rw alone."),
        },
      },
    },
    ask: listOf("Calls that a person is asked about.", {
      timeout: REF("duration", "How long the person may take."),
      approvers: { description: "Reserved: who may answer.", type: "array", items: { $ref: "#/$defs/role" } },
    }),
    deny: listOf("Calls that are refused, whatever the mounts grant.", {}),
  },
  required: ["mounts"],
  limitKeys: {},
  compile,
};

function compile(grant: JsonObject, _table: readonly FunctionSpec[] | undefined, powers: KindPowers): CompiledKind {
  const mounts = readMounts(grant["mounts"], powers);
  const rules = {
    ask: compileFsRules("ask", grant["ask"], powers),
    deny: compileFsRules("deny", grant["deny"], powers),
  };
  const base = powers.at("").pointer;
  reportUnreachable(rules, mounts, powers, base);
  const writable = [...mounts.values()].some(({ mount }) => mount.access === "rw");
  const config: FsConfig = {
    mounts: Object.fromEntries([...mounts].map(([name, { mount }]) => [name, mount])),
    ruled: [...mounts.keys()].filter((name) => [...rules.deny, ...rules.ask].some((rule) => meetsMount(rule, name))),
  };
  const dotted = base.slice(1).replaceAll("/", ".");
  return {
    functions: writable ? FS_FUNCTIONS : FS_FUNCTIONS.filter((fn) => fn.effect === "read"),
    config: config as unknown as JsonObject,
    decide: (call) => decideFsCall(call, { rules, mounts, at: powers.at(""), dotted }),
    explain: () => explain(mounts, rules),
  };
}

function readMounts(value: JsonValue | undefined, powers: KindPowers): Mounts {
  const mounts: Map<string, { readonly mount: Mount; readonly ref: ReturnType<KindPowers["at"]> }> = new Map();
  for (const [name, entry] of Object.entries(isJsonObject(value) ? value : {})) {
    const pointer = `/mounts/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const problem = mountProblem(name, mounts);
    if (problem !== undefined) {
      const message = `the mount "${name}" ${problem}`;
      powers.report({
        severity: "error",
        code: "MANIFEST_VALUE_INVALID",
        pointer,
        message,
        mend: 'Write a path such as "/in".',
      });
    } else if (isJsonObject(entry))
      mounts.set(name, { mount: readMount(entry, pointer, powers), ref: powers.at(pointer) });
  }
  return mounts;
}

function mountProblem(name: string, mounts: Mounts): string | undefined {
  try {
    if (parsePath(name).length === 0) return "is the root of all paths";
  } catch (error) {
    if (error instanceof PathError) return error.message;
    throw error;
  }
  if (name.includes("*")) return "has a star";
  // It stands in every record of a call: see `name` in audit/fields.ts.
  if (!/^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u.test(name))
    return "is longer than 256 characters, or holds one that cannot be seen";
  const other = [...mounts.keys()].find((one) => pathsOverlap(one, name));
  return other === undefined ? undefined : `overlaps the mount "${other}"`;
}

function readMount(entry: JsonObject, pointer: string, powers: KindPowers): Mount {
  const { path, access, quota } = entry;
  const quotaBytes = typeof quota === "string" ? (parseSize(quota) ?? Infinity) : QUOTA_BYTES.default;
  const refuse = (code: ErrorCode, message: string, mend: string): void =>
    powers.report({ severity: "error", code, pointer: `${pointer}/quota`, message, mend });
  if (quotaBytes > QUOTA_BYTES.max)
    refuse("MANIFEST_LIMIT_INVALID", "the quota is larger than 1024GiB", "Write at most 1024GiB.");
  if (quota !== undefined && access === "ro")
    refuse("MANIFEST_VALUE_INVALID", "a quota on a mount that is ro, where nothing is written", "Remove the quota.");
  return { path: path as string, access: access === "rw" ? "rw" : "ro", quotaBytes };
}

function explain(
  mounts: Mounts,
  rules: { readonly ask: readonly FsRule[]; readonly deny: readonly FsRule[] },
): readonly Sentence[] {
  return [
    ...rules.deny.map((rule): Sentence => ({
      effect: rule.effect,
      verdict: "deny",
      text: `may never ${rule.words}`,
      rule: rule.ref,
    })),
    ...rules.ask.map((rule): Sentence => ({
      effect: rule.effect,
      verdict: "ask",
      text: `must ask a person before it may ${rule.words}`,
      rule: rule.ref,
    })),
    ...[...mounts].flatMap(([name, { mount, ref }]): readonly Sentence[] => {
      const { access, path, quotaBytes } = mount;
      const text = `may read the files in ${name} (${path})`;
      const read: Sentence = { effect: "read", verdict: "allow", text, rule: ref };
      if (access === "ro") return [read];
      const words = `may write, move and remove the files in ${name} (${path}), up to ${spellSize(quotaBytes)}`;
      return [{ effect: "irreversible", verdict: "allow", text: words, rule: ref }, read];
    }),
  ];
}
