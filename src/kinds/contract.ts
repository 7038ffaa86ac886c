// What a capability kind is, in its pure half: the shape of its grant, its functions, and how its rules match a call.
// Pure and total: the same call and the same grant always give the same verdict, live or in a replay.

import type { ErrorCode } from "../base/errors.ts";
import type { CapabilityName } from "../base/ids.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";

export type KindName = "module" | "http" | "fs";

/** What a call does to the world. Drives defaults: what is asked for, what a replay may serve, what is listed first. */
export type Effect = "read" | "write" | "irreversible";

/** A JSON Schema, draft 2020-12, as data. */
export type JsonSchema = JsonObject | boolean;

/** One function that the guest can call. Stands in `session.opened` (as an artefact), so that a replay needs no host code. */
export interface FunctionSpec {
  readonly name: string;
  readonly effect: Effect;
  readonly description?: string;
  /** Schema of the one argument object, over its JSON form (see base/codec). */
  readonly input?: JsonSchema;
  /** Schema of the result, over its JSON form. */
  readonly output?: JsonSchema;
  /** Names that positional arguments get in the one argument object: `readText("/in/a")` is `readText({path: "/in/a"})`. */
  readonly positional?: readonly string[];
}

/** What a call touches, as it may stand in a record's body for ever: only names that the manifest itself holds. */
export interface Target {
  readonly kind: string;
  readonly name: string;
}

/** Where a rule stands in the manifest. */
export interface RuleRef {
  /** JSON pointer (RFC 6901) into the resolved manifest; line and column are the file's, a profile's where one put it there. */
  readonly pointer: string;
  readonly line: number;
  readonly column: number;
}

export interface CallRequest {
  readonly fn: FunctionSpec;
  /** The JSON form of the one argument, frozen. */
  readonly args: JsonValue;
}

export type RuleVerdict =
  | {
      readonly verdict: "allow";
      readonly rule: RuleRef;
      readonly effect: Effect;
      readonly target: Target;
      readonly plan?: JsonValue;
    }
  | {
      readonly verdict: "ask";
      readonly rule: RuleRef;
      readonly effect: Effect;
      readonly target: Target;
      readonly plan?: JsonValue;
      /** How long a person may take; the wall limit stands still meanwhile. */
      readonly timeoutMs: number;
    }
  | {
      readonly verdict: "deny";
      readonly code: Extract<ErrorCode, "RULE_DENIED" | "RULE_FAILED" | "ARGUMENT_INVALID">;
      /** The rule that denied, or the nearest one where none matched. */
      readonly rule: RuleRef;
      readonly effect: Effect;
      readonly target: Target;
      /** For the operator and the agent alike: speaks of the manifest and the call's own argument, nothing of the host. */
      readonly message: string;
      /** The manifest line to add, as a sentence. */
      readonly mend: string;
    };

export type AuditLevel = "none" | "digest" | "full";

export interface GrantLimits {
  readonly calls?: number;
  readonly rate?: { readonly count: number; readonly perMs: number };
}

/** A grant ready to decide with. Made by `compileGrants` in src/manifest; read by the broker; its config by the provider. */
export interface CompiledGrant {
  readonly name: CapabilityName;
  readonly kind: KindName;
  readonly at: RuleRef;
  readonly audit: AuditLevel;
  readonly limits: GrantLimits;
  readonly functions: ReadonlyMap<string, FunctionSpec>;
  /** The kind's own part of the resolved grant, as data, for its provider. */
  readonly config: JsonObject;
  /** Pure and total: never throws on any argument. */
  decide(call: CallRequest): RuleVerdict;
  /** Checks a result's JSON form against the function's output schema; the message is for the operator. */
  checkResult(
    fn: FunctionSpec,
    result: JsonValue,
  ): { readonly ok: true } | { readonly ok: false; readonly message: string };
}

/** What a `where` says of a value. `undecided`: a stated property is missing or of another type. */
export type Condition = (value: JsonValue) => "yes" | "no" | "undecided";

/** What the manifest layer hands to a kind while it compiles a grant. Pointers are relative to the grant: "/allow/0". */
export interface KindPowers {
  /** Compiles a JSON Schema condition; reports what is wrong with it, and is then a condition that never decides. */
  condition(schema: JsonSchema, pointer: string): Condition;
  /** Compiles what a value that is granted must look like, in plain JSON Schema: an optional property may be absent. */
  shape(schema: JsonSchema, pointer: string): (value: JsonValue) => boolean;
  report(problem: {
    readonly severity: "error" | "warning";
    readonly code: ErrorCode;
    readonly pointer: string;
    readonly message: string;
    readonly mend: string;
  }): void;
  at(pointer: string): RuleRef;
  /** Names of the secrets whose placeholders the agent is given, in its environment. It may send no others. */
  readonly placeholders: ReadonlySet<string>;
}

/** One sentence of `enclosure explain`. */
export interface Sentence {
  readonly effect: Effect;
  readonly verdict: "allow" | "ask" | "deny";
  /** "may read GET https://api.example.com/v2/flights/**", without the agent's name in front. */
  readonly text: string;
  readonly rule: RuleRef;
}

export interface CompiledKind {
  readonly functions: readonly FunctionSpec[];
  /** What the provider needs, as data: resolved, defaults filled in, secrets still placeholders. */
  readonly config: JsonObject;
  /** Pure and total. The input schema has been checked by the caller already. */
  decide(call: CallRequest): RuleVerdict;
  explain(): readonly Sentence[];
}

/** The pure half of a capability kind. Rules are read deny, then ask, then allow; no match is a denial. */
export interface Kind {
  readonly name: KindName;
  /** JSON Schema (2020-12) of the keys of a grant of this kind beside the common ones (use, labels, audit, limits.calls, limits.rate). */
  readonly keys: { readonly [key: string]: JsonSchema };
  readonly required: readonly string[];
  /** Keys of `limits` beside the common ones. */
  readonly limitKeys: { readonly [key: string]: JsonSchema };
  /**
   * Compiles a grant that fits the schema. `table` is what the lock or the host module says of its functions (kind module);
   * undefined where nothing is known yet, and rules that name functions are then not checked against it.
   */
  compile(grant: JsonObject, table: readonly FunctionSpec[] | undefined, powers: KindPowers): CompiledKind;
  /** What two grants of this kind (their configs) both reach, where a call must have one grant to answer for it. */
  readonly overlap?: (a: JsonObject, b: JsonObject) => string | undefined;
}
