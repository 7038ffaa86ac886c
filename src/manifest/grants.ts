// Grants: compiles a resolved manifest's capabilities into what the broker decides with. A compiled grant checks a
// call's argument against the function's input schema before its kind looks at the rules, so that a rule only ever
// sees an argument of the stated shape, its objects unwrapped; and a result against the output schema.

import { unwrapObjects } from "../base/codec.ts";
import type { ErrorCode, Problem } from "../base/errors.ts";
import { isCapabilityName, type CapabilityName } from "../base/ids.ts";
import type { JsonObject } from "../base/json.ts";
import { referencedSecrets } from "../base/secrets.ts";
import type {
  CallRequest,
  CompiledGrant,
  CompiledKind,
  FunctionSpec,
  JsonSchema,
  Kind,
  KindName,
  RuleRef,
  RuleVerdict,
} from "../kinds/contract.ts";
import { compileChecker, compileValueChecker, type Checker } from "./checker.ts";
import { compileCondition } from "./condition.ts";
import type { ResolvedGrant } from "./form.ts";
import { Findings, step, type Report } from "./problems.ts";
import type { Resolution } from "./resolve.ts";

/** Function tables by capability: what the lock, or the loaded host module, says of its functions. */
export type FunctionTables = ReadonlyMap<string, readonly FunctionSpec[]>;

export interface CompiledGrants {
  readonly grants: ReadonlyMap<CapabilityName, CompiledGrant>;
  /** Rules of each grant as its kind tells them; `explain` reads it. */
  readonly compiled: ReadonlyMap<CapabilityName, CompiledKind>;
  /** In the order of the file. MANIFEST_RULE_UNREACHABLE is a warning here; see {@link strictly}. */
  readonly problems: readonly Problem[];
}

/**
 * Compiles every grant. With an error among the problems, the grants are not to be used; `authorise` sees to that.
 * A `tables` without a capability of kind module leaves rules that name its functions unchecked.
 */
export function compileGrants(
  resolution: Resolution,
  tables: FunctionTables,
  kinds: ReadonlyMap<KindName, Kind>,
): CompiledGrants {
  const findings = new Findings((pointer) => resolution.manifest.at(pointer));
  const report: Report = (finding) => findings.report({ ...finding, pointer: resolution.sourceOf(finding.pointer) });
  const grants = new Map<CapabilityName, CompiledGrant>();
  const compiled = new Map<CapabilityName, CompiledKind>();
  const placeholders = new Set(Object.values(resolution.resolved.env).flatMap(referencedSecrets));
  for (const [name, grant] of Object.entries(resolution.resolved.capabilities)) {
    const kind = kinds.get(grant.use);
    if (kind === undefined || !isCapabilityName(name)) continue;
    const place: GrantPlace = { pointer: `/capabilities${step(name)}`, at: resolution.at, report, placeholders };
    const own = compileKind(kind, grant.own, tables.get(name), place);
    compiled.set(name, own);
    grants.set(name, makeGrant(name, grant, own, place));
  }
  reportOverlaps(grants, kinds, report);
  return { grants, compiled, problems: findings.problems };
}

/** Problems as `check` sees them: a rule that can never decide anything is an error there. */
export function strictly(problems: readonly Problem[]): readonly Problem[] {
  return problems.map((one) => (one.code === "MANIFEST_RULE_UNREACHABLE" ? { ...one, severity: "error" } : one));
}

export interface GrantPlace {
  /** Of the grant. */
  readonly pointer: string;
  readonly at: (pointer: string) => RuleRef;
  readonly report: Report;
  /** See KindPowers. */
  readonly placeholders: ReadonlySet<string>;
}

/** Has a kind compile one grant; what the kind says relative to the grant is told with its place in the file. */
export function compileKind(
  kind: Kind,
  grant: JsonObject,
  table: readonly FunctionSpec[] | undefined,
  { pointer, at, report, placeholders }: GrantPlace,
): CompiledKind {
  return kind.compile(grant, table, {
    condition: (schema, inner) => compileCondition(schema, pointer + inner, report),
    shape: (schema, inner) => {
      const check = compileChecker(schema, pointer + inner, report);
      return (value) => check(value) === undefined;
    },
    report: ({ pointer: inner, ...finding }) => report({ ...finding, pointer: pointer + inner }),
    at: (inner) => at(pointer + inner),
    placeholders,
  });
}

interface FunctionCheckers {
  readonly input: Checker;
  readonly output: Checker;
}

function makeGrant(name: CapabilityName, grant: ResolvedGrant, own: CompiledKind, place: GrantPlace): CompiledGrant {
  const at = place.at(place.pointer);
  const functions = new Map(own.functions.map((fn) => [fn.name, fn]));
  const checkers = new Map<string, FunctionCheckers>();
  for (const fn of functions.values()) {
    checkers.set(fn.name, { input: checkerOf(fn, "input", place), output: checkerOf(fn, "output", place) });
  }
  const decide = ({ fn, args }: CallRequest): RuleVerdict => {
    const known = functions.get(fn.name);
    const wrong = checkers.get(fn.name)?.input(args);
    if (known === undefined) return refuse(fn, at, name, "is not a function of this grant", "RULE_FAILED");
    if (wrong !== undefined) return refuse(known, at, name, `argument ${wrong}`, "ARGUMENT_INVALID");
    return own.decide({ fn: known, args: unwrapObjects(args) });
  };
  return {
    name,
    kind: grant.use,
    at,
    audit: grant.audit,
    limits: grant.limits,
    functions,
    config: own.config,
    decide,
    checkResult(fn, result) {
      const wrong = checkers.get(fn.name)?.output(result);
      return wrong === undefined ? { ok: true } : { ok: false, message: `${name}.${fn.name}: result ${wrong}` };
    },
  };
}

function checkerOf(fn: FunctionSpec, side: "input" | "output", { pointer, report }: GrantPlace): Checker {
  // Rules look at arguments, so every argument is read; of a result without a schema there is nothing to be said.
  const schema: JsonSchema | undefined = fn[side] ?? (side === "input" ? true : undefined);
  if (schema === undefined) return () => undefined;
  return compileValueChecker(schema, "", ({ pointer: inner, message, ...finding }) =>
    report({ ...finding, pointer, message: `${fn.name}: ${side}${inner}: ${message}` }),
  );
}

function refuse(
  fn: FunctionSpec,
  rule: RuleRef,
  name: CapabilityName,
  message: string,
  code: Extract<ErrorCode, "RULE_FAILED" | "ARGUMENT_INVALID">,
): RuleVerdict {
  return {
    verdict: "deny",
    code,
    rule,
    effect: fn.effect,
    target: { kind: "function", name: `${name}.${fn.name}` },
    message: `${name}.${fn.name}: ${message}`,
    mend: `Call it as \`enclosure types\` prints it.`,
  };
}

/** Two grants that could both answer one call: which of them decides would depend on their order. */
function reportOverlaps(
  grants: ReadonlyMap<CapabilityName, CompiledGrant>,
  kinds: ReadonlyMap<KindName, Kind>,
  report: Report,
): void {
  const all = [...grants.values()];
  for (const [index, grant] of all.entries()) {
    for (const before of all.slice(0, index)) {
      if (before.kind !== grant.kind) continue;
      const shared = kinds.get(grant.kind)?.overlap?.(before.config, grant.config);
      if (shared === undefined) continue;
      report({
        code: "MANIFEST_RULE_UNREACHABLE",
        severity: "warning",
        pointer: grant.at.pointer,
        message: `${before.name} and ${grant.name} both reach ${shared}`,
        mend: "Let one grant answer for each origin.",
      });
    }
  }
}
