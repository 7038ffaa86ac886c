// Compiles a grant of one kind as the manifest layer does, with the real conditions and checkers, and no YAML around it.
import { compileChecker, compileValueChecker } from "../../src/manifest/checker.ts";
import { compileCondition } from "../../src/manifest/condition.ts";
import type { Report } from "../../src/manifest/problems.ts";
import type { ErrorCode } from "../../src/base/errors.ts";
import type { CapabilityName } from "../../src/base/ids.ts";
import type { JsonObject, JsonValue } from "../../src/base/json.ts";
import { encodeValue } from "../../src/base/codec.ts";
import type { CompiledGrant, FunctionSpec, Kind, RuleVerdict, Sentence } from "../../src/kinds/contract.ts";

export interface Compiled {
  readonly grant: CompiledGrant;
  readonly problems: readonly { severity: string; code: ErrorCode; pointer: string; message: string; mend: string }[];
  readonly sentences: readonly Sentence[];
  /** The verdict on a call with plain JavaScript arguments. */
  decide(fn: string, args: unknown): RuleVerdict;
}

export function compiled(
  kind: Kind,
  name: string,
  grant: JsonObject,
  table?: readonly FunctionSpec[],
  placeholders: ReadonlySet<string> = new Set(),
): Compiled {
  const problems: Compiled["problems"][number][] = [];
  const found: Report = ({ code, pointer, message, mend = "" }) =>
    problems.push({ severity: "error", code, pointer, message, mend });
  const at = (pointer: string) => ({ pointer: `/capabilities/${name}${pointer}`, line: 1, column: 1 });
  const made = kind.compile(grant, table, {
    condition: (schema, pointer) => compileCondition(schema, pointer, found),
    shape: (schema, pointer) => {
      const check = compileChecker(schema, pointer, found);
      return (value) => check(value) === undefined;
    },
    placeholders,
    report: (problem) => problems.push(problem),
    at,
  });
  const functions = new Map(made.functions.map((fn) => [fn.name, fn]));
  const compiledGrant: CompiledGrant = {
    name: name as CapabilityName,
    kind: kind.name,
    at: at(""),
    audit: "full",
    limits: {},
    functions,
    config: made.config,
    decide: (call) => made.decide(call),
    checkResult: (fn, result) => {
      const wrong = compileValueChecker(fn.output ?? true, "", () => {})(result);
      return wrong === undefined ? { ok: true } : { ok: false, message: wrong };
    },
  };
  return {
    grant: compiledGrant,
    problems,
    sentences: made.explain(),
    decide: (fn, args) => made.decide({ fn: functions.get(fn) as FunctionSpec, args: jsonOf(args) }),
  };
}

export function jsonOf(value: unknown): JsonValue {
  return encodeValue(value);
}
