// Deny and ask rules of the kind fs. A rule speaks of all functions and all paths that it does not name; a condition
// that cannot decide counts as a match, since both lists only narrow what the mounts grant.

import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { parseDuration } from "../../base/units.ts";
import type { Condition, Effect, JsonSchema, KindPowers, RuleRef } from "../contract.ts";
import {
  makePathPattern,
  pathCovers,
  type PathPattern,
  pathsMeet,
  PATTERN_CHARS_MAX,
  starProblem,
} from "../path-pattern.ts";
import { type FsCall, touches } from "./call.ts";
import type { Mounts } from "./decide.ts";
import { CHANGING, FS_FUNCTIONS } from "./functions.ts";
import { parsePath, PathError } from "./paths.ts";

export interface FsRule {
  readonly text: string;
  readonly ref: RuleRef;
  readonly functions: ReadonlySet<string>;
  readonly path: PathPattern;
  readonly where: Condition | undefined;
  readonly timeoutMs: number;
  /** The gravest effect of its functions. */
  readonly effect: Effect;
  /** "write /in/private/**", for people. */
  readonly words: string;
}

const ASK_MS = 10 * 60_000;
const ALL = FS_FUNCTIONS.map((fn) => fn.name);

/** Compiles one list of a grant; reports what is wrong and leaves it out. */
export function compileFsRules(
  list: "ask" | "deny",
  entries: JsonValue | undefined,
  powers: KindPowers,
): readonly FsRule[] {
  const rules: FsRule[] = [];
  for (const [index, entry] of (Array.isArray(entries) ? (entries as readonly JsonValue[]) : []).entries()) {
    const rule = compileRule(entry, `/${list}/${index}`, powers);
    if (rule !== undefined) rules.push(rule);
  }
  return rules;
}

function compileRule(entry: JsonValue, pointer: string, powers: KindPowers): FsRule | undefined {
  const rule: JsonObject = isJsonObject(entry) ? entry : { path: entry };
  const { call = ALL, path: text = "/**", timeout, where } = rule;
  const names = (typeof call === "string" ? [call] : call) as readonly string[];
  if (typeof text !== "string") return undefined;
  const problem = pathProblem(text);
  if (problem !== undefined) {
    const at = isJsonObject(entry) ? `${pointer}/path` : pointer;
    const mend = 'Write a path such as "/in/private/**".';
    powers.report({
      severity: "error",
      code: "MANIFEST_VALUE_INVALID",
      pointer: at,
      message: `"${text}" ${problem}`,
      mend,
    });
    return undefined;
  }
  const effects = new Set(FS_FUNCTIONS.filter((fn) => names.includes(fn.name)).map((fn) => fn.effect));
  return {
    text,
    ref: powers.at(pointer),
    functions: new Set(names),
    path: makePathPattern(text),
    where: where === undefined ? undefined : powers.condition(where as JsonSchema, `${pointer}/where`),
    timeoutMs: (typeof timeout === "string" ? parseDuration(timeout) : undefined) ?? ASK_MS,
    effect: effects.has("irreversible") ? "irreversible" : effects.has("write") ? "write" : "read",
    words: `${names.length === ALL.length ? "touch" : names.join(", ")} ${text}`,
  };
}

function pathProblem(text: string): string | undefined {
  if (text.length > PATTERN_CHARS_MAX) return `is longer than ${PATTERN_CHARS_MAX} characters`;
  try {
    parsePath(text);
  } catch (error) {
    if (error instanceof PathError) return error.message;
    throw error;
  }
  return starProblem(text);
}

/** Whether a rule is about a call. */
export function matchesFsCall(rule: FsRule, call: FsCall, args: JsonValue): boolean {
  if (!rule.functions.has(call.fn)) return false;
  if (!call.places.some((place) => touches(rule.path, place))) return false;
  return rule.where === undefined || rule.where(args) !== "no";
}

/** Whether a rule is about anything in a mount. */
export function meetsMount(rule: FsRule, mount: string): boolean {
  return pathsMeet(rule.path, makePathPattern(`${mount}/**`));
}

/** Reports rules that can never decide anything. */
export function reportUnreachable(
  rules: { readonly ask: readonly FsRule[]; readonly deny: readonly FsRule[] },
  mounts: Mounts,
  powers: KindPowers,
  base: string,
): void {
  const report = (rule: FsRule, why: string): void => {
    const pointer = rule.ref.pointer.slice(base.length);
    const message = `the rule about "${rule.text}" ${why}`;
    powers.report({
      severity: "warning",
      code: "MANIFEST_RULE_UNREACHABLE",
      pointer,
      message,
      mend: "Remove it, or correct its path or functions.",
    });
  };
  for (const list of [rules.deny, rules.ask]) {
    for (const [index, rule] of list.entries()) {
      const reached = [...mounts].filter(([name]) => meetsMount(rule, name));
      const onlyChanges = [...rule.functions].every((fn) => CHANGING.has(fn));
      const earlier = [...(list === rules.ask ? rules.deny : []), ...list.slice(0, index)];
      const covering = earlier.find((other) => covers(other, rule));
      if (reached.length === 0) report(rule, "can never match: it overlaps no mount");
      else if (onlyChanges && reached.every(([, { mount }]) => mount.access === "ro"))
        report(rule, "can never match: what it overlaps is read only");
      else if (covering !== undefined)
        report(rule, `is never reached: the one about "${covering.text}" matches all of it`);
    }
  }
}

function covers(a: FsRule, b: FsRule): boolean {
  return a.where === undefined && b.functions.isSubsetOf(a.functions) && pathCovers(a.path, b.path);
}
