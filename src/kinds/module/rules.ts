// Rules of the kind module: which functions an entry of allow, ask or deny names, by a glob, and under which condition.
// What a condition cannot decide does not count under allow, and does under ask and deny: all of them narrow.

import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { nearest } from "../../base/nearest.ts";
import { parseDuration } from "../../base/units.ts";
import type { Condition, Effect, FunctionSpec, JsonSchema, KindPowers, RuleRef } from "../contract.ts";
import { makePathPattern, matchesPath, pathCovers, type PathPattern, pathsMeet } from "../path-pattern.ts";

export type List = "allow" | "ask" | "deny";

export interface ModuleRule {
  readonly list: List;
  /** The glob as written. */
  readonly text: string;
  /** Relative to the grant. */
  readonly pointer: string;
  readonly ref: RuleRef;
  readonly pattern: PathPattern;
  readonly where: Condition | undefined;
  /** What the manifest says that the call does, whatever the module says. */
  readonly effect: Effect | undefined;
  readonly timeoutMs: number;
}

export type ModuleRules = { readonly [Name in List]: readonly ModuleRule[] };

const ASK_MS = 10 * 60_000;
/** An identifier with stars in it, no two in a row. */
export const GLOB_PATTERN = "^(\\*|\\*?[A-Za-z0-9_]+(\\*[A-Za-z0-9_]+)*\\*?)$";
export const GLOB_CHARS_MAX = 64;

export function compileModuleRules(
  list: List,
  entries: JsonValue | undefined,
  powers: KindPowers,
): readonly ModuleRule[] {
  const given = Array.isArray(entries) ? (entries as readonly JsonValue[]) : [];
  return given
    .map((entry, i) => compileRule(list, entry, `/${list}/${i}`, powers))
    .filter((rule) => rule !== undefined);
}

function compileRule(list: List, entry: JsonValue, pointer: string, powers: KindPowers): ModuleRule | undefined {
  const rule: JsonObject = isJsonObject(entry) ? entry : { call: entry };
  const { call: text, where, effect, timeout } = rule;
  if (typeof text !== "string") return undefined;
  return {
    list,
    text,
    pointer,
    ref: powers.at(pointer),
    // A function's name is a path of one segment.
    pattern: makePathPattern(`/${text}`),
    where: where === undefined ? undefined : powers.condition(where as JsonSchema, `${pointer}/where`),
    effect: effect as Effect | undefined,
    timeoutMs: (typeof timeout === "string" ? parseDuration(timeout) : undefined) ?? ASK_MS,
  };
}

export function namesFunction(rule: ModuleRule, name: string): boolean {
  return matchesPath(rule.pattern, [name]);
}

/** Reports rules that look as if they did something and never can. */
export function reportUnreachable(
  rules: ModuleRules,
  table: readonly FunctionSpec[] | undefined,
  powers: KindPowers,
): void {
  const names = table?.map((fn) => fn.name);
  for (const rule of [...rules.deny, ...rules.ask, ...rules.allow]) {
    const why = unreachable(rule, rules, names);
    if (why === undefined) continue;
    powers.report({
      severity: "warning",
      code: "MANIFEST_RULE_UNREACHABLE",
      pointer: rule.pointer,
      message: `the ${rule.list} rule "${rule.text}" ${why}`,
      mend: "Remove it, or mend the name of the function.",
    });
  }
}

function unreachable(rule: ModuleRule, rules: ModuleRules, names: readonly string[] | undefined): string | undefined {
  if (names !== undefined && !names.some((name) => namesFunction(rule, name))) {
    const meant = nearest(rule.text, names);
    return `names no function of the module${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
  }
  if (rule.list !== "allow" && !rules.allow.some((allow) => meet(allow, rule, names)))
    return "can never match: no allow rule grants what it names";
  const before = rules[rule.list].slice(0, rules[rule.list].indexOf(rule));
  const earlier = [...(rule.list === "deny" ? [] : rules.deny), ...before].filter((other) => other.where === undefined);
  return covered(rule, earlier, names);
}

function meet(a: ModuleRule, b: ModuleRule, names: readonly string[] | undefined): boolean {
  if (names === undefined) return pathsMeet(a.pattern, b.pattern);
  return names.some((name) => namesFunction(a, name) && namesFunction(b, name));
}

/** Whether rules that always decide first leave nothing to this one. */
function covered(
  rule: ModuleRule,
  earlier: readonly ModuleRule[],
  names: readonly string[] | undefined,
): string | undefined {
  const single = earlier.find((other) => pathCovers(other.pattern, rule.pattern));
  if (single !== undefined) return `is never reached: the ${single.list} rule "${single.text}" matches all of it`;
  const named = names?.filter((name) => namesFunction(rule, name));
  const all = named?.every((name) => earlier.some((other) => namesFunction(other, name))) ?? false;
  return all ? "is never reached: rules before it match all that it names" : undefined;
}
