// The verdict on one call of the kind module: deny, then ask, then allow; no match is a denial that names the nearest rule
// and the line to add. Total: no argument makes it throw.

import { nearest } from "../../base/nearest.ts";
import type { CallRequest, Effect, RuleRef, RuleVerdict } from "../contract.ts";
import { type ModuleRule, type ModuleRules, namesFunction } from "./rules.ts";

export interface ModuleRuling {
  readonly rules: ModuleRules;
  /** The grant itself. */
  readonly at: RuleRef;
  /** "capabilities.desk", for the mend. */
  readonly dotted: string;
}

export function decideModuleCall({ fn, args }: CallRequest, ruling: ModuleRuling): RuleVerdict {
  const { rules, dotted } = ruling;
  const target = { kind: "module", name: fn.name };
  const naming = (list: readonly ModuleRule[]): readonly ModuleRule[] =>
    list.filter((rule) => namesFunction(rule, fn.name));
  const narrows = (rule: ModuleRule): boolean => rule.where === undefined || rule.where(args) !== "no";
  const granting = naming(rules.allow);
  const allowing = granting.find((rule) => rule.where === undefined || rule.where(args) === "yes");
  const effect: Effect = allowing?.effect ?? fn.effect;
  const denying = naming(rules.deny).find(narrows);
  if (denying !== undefined) {
    const message = `${fn.name} is denied by the rule "${denying.text}"${conditionOf(denying, args)}`;
    const mend = `no approval lifts a deny rule; change ${dotted}.deny if the agent should be able to do this`;
    return {
      verdict: "deny",
      code: "RULE_DENIED",
      rule: denying.ref,
      effect: denying.effect ?? effect,
      target,
      message,
      mend,
    };
  }
  if (allowing === undefined) {
    const { rule, message, mend } = ungranted(fn.name, granting, args, ruling);
    return { verdict: "deny", code: "RULE_FAILED", rule, effect, target, message, mend };
  }
  const asking = naming(rules.ask).find(narrows);
  if (asking === undefined) return { verdict: "allow", rule: allowing.ref, effect, target };
  return { verdict: "ask", rule: asking.ref, effect: asking.effect ?? effect, target, timeoutMs: asking.timeoutMs };
}

function conditionOf(rule: ModuleRule, args: CallRequest["args"]): string {
  if (rule.where === undefined) return "";
  return rule.where(args) === "yes"
    ? ", whose condition the argument meets"
    : ", whose condition the argument leaves open";
}

interface Ungranted {
  readonly rule: RuleRef;
  readonly message: string;
  readonly mend: string;
}

function ungranted(
  name: string,
  granting: readonly ModuleRule[],
  args: CallRequest["args"],
  ruling: ModuleRuling,
): Ungranted {
  const { rules, at, dotted } = ruling;
  const [nearRule] = granting;
  if (nearRule !== undefined) {
    const open = nearRule.where?.(args) === "undecided";
    const how = open ? "leaves open the condition" : "does not meet the condition";
    return {
      rule: nearRule.ref,
      message: `the argument of ${name} ${how} of the allow rule "${nearRule.text}"`,
      mend: `change the \`where\` of that rule under ${dotted}.allow, or add "- ${name}" there, if the agent should be able to do this`,
    };
  }
  const near = nearest(
    name,
    rules.allow.map((rule) => rule.text),
  );
  const rule = rules.allow.find((one) => one.text === near);
  return {
    rule: rule?.ref ?? at,
    message: `no allow rule names ${name}${rule === undefined ? "" : `; the nearest is "${rule.text}"`}`,
    mend: `add "- ${name}" under ${dotted}.allow, if the agent should be able to do this`,
  };
}
