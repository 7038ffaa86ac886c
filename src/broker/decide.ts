// The decision: a pure function from a call, the grants and the budgets to a verdict. It acts on nothing and reads no
// clock, so the live broker and a replay decide alike. What it is given is hostile text.

import { isLongerInUtf8 } from "../base/bytes.ts";
import { EnclosureError, type ErrorCode } from "../base/errors.ts";
import type { Admitted } from "../base/json.ts";
import { admitJson } from "../base/json.ts";
import { isOwnEncoding, JSON_DEPTH_MAX } from "../base/codec.ts";
import type { CompiledGrant, Effect, FunctionSpec, RuleRef, Target } from "../kinds/contract.ts";
import type { Budgets } from "./budgets.ts";

/** The name that stands in the record for one which the manifest does not hold: agent-chosen text never enters a body. */
export const UNLISTED = "(unlisted)";

export interface CallToDecide {
  readonly capability: string;
  readonly fn: string;
  readonly argsText: string;
  /** Virtual time of the turn in which the guest made it. */
  readonly nowMs: number;
}

export interface Permitted {
  readonly grant: CompiledGrant;
  readonly fn: FunctionSpec;
  readonly args: Admitted;
  readonly rule: RuleRef;
  readonly effect: Effect;
  readonly target: Target;
}

export interface Denied {
  readonly verdict: "denied";
  readonly code: ErrorCode;
  /** Speaks of the manifest and of the call itself, and of nothing else of the host. */
  readonly message: string;
  readonly mend: string;
  readonly grant: CompiledGrant | null;
  readonly fn: FunctionSpec | null;
  readonly effect: Effect | null;
  readonly target: Target | null;
  readonly rule: RuleRef | null;
}

export interface Held extends Permitted {
  readonly verdict: "held";
  readonly timeoutMs: number;
}

export type Decision = (Permitted & { readonly verdict: "admitted" }) | Held | Denied;

/** Default deny. Looks at, in this order: name, function, argument, rules, budgets. */
export function decide(
  call: CallToDecide,
  grants: ReadonlyMap<string, CompiledGrant>,
  budgets: Budgets,
  argumentBytesMax: number,
): Decision {
  const grant = grants.get(call.capability);
  if (grant === undefined) {
    return denied(
      null,
      null,
      "GRANT_MISSING",
      "the manifest grants no capability of this name",
      "add it under capabilities",
    );
  }
  const fn = grant.functions.get(call.fn);
  if (fn === undefined) {
    const names = [...grant.functions.keys()].slice(0, 12).join(", ");
    return denied(grant, null, "FUNCTION_MISSING", `${grant.name} has no such function`, `${grant.name} has: ${names}`);
  }
  if (isLongerInUtf8(call.argsText, argumentBytesMax)) {
    const message = `the argument is larger than ${argumentBytesMax} bytes`;
    return denied(grant, fn, "ARGUMENT_TOO_LARGE", message, "pass less, or raise limits.argument");
  }
  const args = admitArguments(call.argsText);
  if (args instanceof EnclosureError)
    return denied(grant, fn, "ARGUMENT_INVALID", args.message, "pass plain data within the limits");
  const said = grant.decide({ fn, args: args.value });
  if (said.verdict === "deny") {
    const { code, message, mend, effect, target, rule } = said;
    return { verdict: "denied", code, message, mend, grant, fn, effect, target, rule };
  }
  const permitted: Permitted = { grant, fn, args, rule: said.rule, effect: said.effect, target: said.target };
  const budget = budgets.check(grant, call.nowMs);
  if (!budget.ok) {
    return { ...permitted, verdict: "denied", code: "BUDGET_EXCEEDED", message: budget.message, mend: budget.mend };
  }
  if (said.verdict === "ask") return { ...permitted, verdict: "held", timeoutMs: said.timeoutMs };
  return { ...permitted, verdict: "admitted" };
}

function admitArguments(text: string): Admitted | EnclosureError {
  try {
    const admitted = admitJson(text, { charsMax: text.length, depthMax: JSON_DEPTH_MAX });
    if (isOwnEncoding(admitted.value, text)) return admitted;
    return new EnclosureError("VALUE_INVALID", "a tagged value is not spelled as the guest's encoder spells it");
  } catch (error) {
    if (error instanceof EnclosureError) return error;
    throw error;
  }
}

function denied(
  grant: CompiledGrant | null,
  fn: FunctionSpec | null,
  code: ErrorCode,
  message: string,
  mend: string,
): Denied {
  return {
    verdict: "denied",
    code,
    message,
    mend,
    grant,
    fn,
    effect: fn?.effect ?? null,
    target: null,
    rule: grant?.at ?? null,
  };
}
