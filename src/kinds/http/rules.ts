// Rules of the kind http: reading them from a grant, matching them against a request, and telling how far a request got.
// A condition that cannot decide does not match under allow, and does under deny and ask.

import { encodeValue } from "../../base/codec.ts";
import { textOrBytes } from "../../base/bytes.ts";
import type { ErrorCode } from "../../base/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { parseDuration } from "../../base/units.ts";
import { type Condition, type Effect, type JsonSchema, type KindPowers, type RuleRef } from "../contract.ts";
import { pathCovers, pathsMeet } from "../path-pattern.ts";
import {
  AddressError,
  matchesHost,
  matchesOrigin,
  METHODS,
  originsMeet,
  parseRequestPattern,
  type RequestPattern,
} from "./address.ts";
import { matchesPath } from "../path-pattern.ts";
import type { HttpRequest } from "./request.ts";

export type ListName = "allow" | "ask" | "deny";

export interface HttpRule {
  readonly list: ListName;
  readonly pattern: RequestPattern;
  readonly ref: RuleRef;
  readonly effect: Effect | undefined;
  readonly query: Condition | undefined;
  readonly body: Condition | { readonly mediaType: string } | undefined;
  readonly where: Condition | undefined;
  readonly timeoutMs: number;
}

/** How far a request gets in a rule; the first thing that fails. In order. */
export const STAGES = ["host", "scheme", "port", "path", "method", "query", "body", "where", "matched"] as const;
export type Stage = (typeof STAGES)[number];

/** How long a person may take to answer, where the rule does not say. */
const ASK_MS = 10 * 60_000;

/** Compiles one list of a grant; reports what is wrong and leaves it out. */
export function compileRules(list: ListName, entries: JsonValue | undefined, powers: KindPowers): readonly HttpRule[] {
  const rules: HttpRule[] = [];
  for (const [index, entry] of (Array.isArray(entries) ? (entries as readonly JsonValue[]) : []).entries()) {
    const rule = compileRule(list, entry, `/${list}/${index}`, powers);
    if (rule !== undefined) rules.push(rule);
  }
  return rules;
}

function compileRule(list: ListName, entry: JsonValue, pointer: string, powers: KindPowers): HttpRule | undefined {
  const rule: JsonObject = isJsonObject(entry) ? entry : { request: entry };
  const text = rule["request"];
  if (typeof text !== "string") return undefined;
  const condition = (key: string): Condition | undefined =>
    rule[key] === undefined ? undefined : powers.condition(rule[key] as JsonSchema, `${pointer}/${key}`);
  // What is granted is granted as its schema says; what narrows a grant counts where it cannot decide, too.
  const content = (key: "query" | "body"): Condition | undefined => {
    if (list !== "allow" || rule[key] === undefined) return condition(key);
    const fits = powers.shape(rule[key] as JsonSchema, `${pointer}/${key}`);
    return (value) => (fits(value) ? "yes" : "no");
  };
  try {
    const pattern = parseRequestPattern(text);
    const body = rule["body"];
    const timeout = rule["timeout"];
    return {
      list,
      pattern,
      ref: powers.at(pointer),
      effect: rule["effect"] as Effect | undefined,
      query: content("query"),
      body: typeof body === "string" ? { mediaType: body } : content("body"),
      where: condition("where"),
      timeoutMs: (typeof timeout === "string" ? parseDuration(timeout) : undefined) ?? ASK_MS,
    };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    const where = isJsonObject(entry) ? `${pointer}/request` : pointer;
    const mend = 'Write "METHOD https://host/path", with * within a segment and ** for whole segments.';
    const code: ErrorCode = "MANIFEST_VALUE_INVALID";
    powers.report({ severity: "error", code, pointer: where, message: `"${text}" ${error.message}`, mend });
    return undefined;
  }
}

/** The first thing about a request that the rule does not match, or "matched". */
export function stageOf(rule: HttpRule, request: HttpRequest): Stage {
  const { origin, path, method } = rule.pattern;
  const { address } = request;
  if (!matchesHost(origin.host, address.host)) return "host";
  if (origin.scheme !== address.scheme) return "scheme";
  if (!matchesOrigin(origin, address)) return "port";
  const strict = rule.list === "allow";
  if (!matchesPath(path, address.segments) && (strict || !matchesPath(path, otherSpelling(address.segments))))
    return "path";
  if (method !== "*" && method !== request.method) return "method";
  if (!passes(rule.query, request.query ?? {}, strict, request.query === undefined)) return "query";
  if (!bodyPasses(rule, request, strict)) return "body";
  if (rule.where !== undefined && !holds(rule.where, whole(request), strict)) return "where";
  return "matched";
}

/** With a slash at the end, or without it: many servers answer both alike, so a rule that narrows a grant means both. */
function otherSpelling(segments: readonly string[]): readonly string[] {
  if (segments.length === 1) return segments;
  return segments.at(-1) === "" ? segments.slice(0, -1) : [...segments, ""];
}

/** The request as `where` sees it: one for each request, whatever spelling the guest chose. */
function whole({ method, canonicalUrl: url, headers, body, redirects }: HttpRequest): JsonValue {
  const shown = body === undefined ? {} : { body: encodeValue(textOrBytes(body.bytes)) };
  return { method, url, headers: Object.fromEntries(headers), ...shown, redirects };
}

/** An allow rule grants nothing that it does not speak of: `absent` is what it needs where it has no condition. */
function passes(condition: Condition | undefined, value: JsonValue, strict: boolean, absent: boolean): boolean {
  return condition === undefined ? !strict || absent : holds(condition, value, strict);
}

function holds(condition: Condition, value: JsonValue, strict: boolean): boolean {
  const said = condition(value);
  return strict ? said === "yes" : said !== "no";
}

function bodyPasses({ body }: HttpRule, request: HttpRequest, strict: boolean): boolean {
  const given = request.body;
  if (body === undefined) return !strict || given === undefined;
  if (typeof body !== "function")
    return given === undefined ? strict : given.mediaType === body.mediaType.toLowerCase();
  // No body, or none that is JSON: nothing that the schema could decide on.
  return given?.json === undefined ? !strict : holds(body, given.json, strict);
}

export function effectOf(method: string): Effect {
  return METHODS.get(method) === true ? "read" : "write";
}

/** The strongest effect that the rule lets a call have. */
export function effectOfRule(rule: HttpRule): Effect {
  return rule.effect ?? (rule.pattern.method === "*" ? "write" : effectOf(rule.pattern.method));
}

function meet(a: HttpRule, b: HttpRule): boolean {
  const methods = a.pattern.method === "*" || b.pattern.method === "*" || a.pattern.method === b.pattern.method;
  return methods && originsMeet(a.pattern.origin, b.pattern.origin) && pathsMeet(a.pattern.path, b.pattern.path);
}

/** Whether `a`, which has no condition that narrows it, matches all that `b` matches. */
function covers(a: HttpRule, b: HttpRule): boolean {
  const narrowed =
    a.list === "allow"
      ? a.query !== b.query || a.body !== b.body || a.where !== undefined // each is another condition, or both are absent
      : a.query !== undefined || a.body !== undefined || a.where !== undefined;
  if (narrowed || (a.pattern.method !== "*" && a.pattern.method !== b.pattern.method)) return false;
  const [x, y] = [a.pattern.origin, b.pattern.origin];
  const hosts = x.host === y.host || (!y.host.startsWith("*.") && matchesHost(x.host, y.host));
  return x.scheme === y.scheme && x.port === y.port && hosts && pathCovers(a.pattern.path, b.pattern.path);
}

/** Reports rules that can never decide anything: "a rule that looks right and does nothing". */
export function reportUnreachable(
  rules: Readonly<Record<ListName, readonly HttpRule[]>>,
  powers: KindPowers,
  base: string,
): void {
  const { allow, ask, deny } = rules;
  const report = (rule: HttpRule, why: string, mend: string): void => {
    const pointer = rule.ref.pointer.slice(base.length);
    powers.report({
      severity: "warning",
      code: "MANIFEST_RULE_UNREACHABLE",
      pointer,
      message: `"${rule.pattern.text}" ${why}`,
      mend,
    });
  };
  for (const rule of [...deny, ...ask]) {
    if (!allow.some((other) => meet(rule, other)))
      report(
        rule,
        `can never match: it overlaps no rule under allow`,
        "Remove it, or correct its host, path or method.",
      );
  }
  for (const list of [deny, ask, allow]) {
    for (const [index, rule] of list.entries()) {
      const denying = list === deny ? undefined : deny.find((other) => covers(other, rule));
      const before = list.slice(0, index).find((other) => covers(other, rule));
      if (denying !== undefined)
        report(rule, `can never match: "${denying.pattern.text}" under deny covers it`, "Remove one of the two.");
      else if (before !== undefined)
        report(
          rule,
          `is never reached: "${before.pattern.text}" above it matches all of it`,
          "Remove it, or move it up.",
        );
    }
  }
}
