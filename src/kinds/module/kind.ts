// The kind module: functions of a host module, the operator's own code. A grant names them by globs; only those that an
// allow rule names are there for the agent. Pure: the code that performs them is capabilities/module.

import { isJsonObject, type JsonObject } from "../../base/json.ts";
import type { CompiledKind, Effect, FunctionSpec, JsonSchema, Kind, KindPowers, Sentence } from "../contract.ts";
import { decideModuleCall } from "./decide.ts";
import {
  compileModuleRules,
  GLOB_CHARS_MAX,
  GLOB_PATTERN,
  type List,
  type ModuleRule,
  type ModuleRules,
  namesFunction,
  reportUnreachable,
} from "./rules.ts";

export interface ModuleConfig {
  /** The module's file, as the manifest writes it. */
  readonly from: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

const ref = (name: string, description: string): JsonObject => ({ description, $ref: `#/$defs/${name}` });

const GLOB: JsonObject = {
  description: "A function of the module; * stands for any characters.",
  type: "string",
  title: 'a function such as get_customer, or a glob such as "list_*"',
  minLength: 1,
  maxLength: GLOB_CHARS_MAX,
  pattern: GLOB_PATTERN,
};
const EFFECT: JsonObject = {
  description: "What such a call does, whatever the module says of it.",
  type: "string",
  enum: ["read", "write", "irreversible"],
};

function listOf(description: string, more: { readonly [key: string]: JsonSchema }, minItems: number): JsonSchema {
  const where = ref("jsonSchema", "What the call's one argument must look like.");
  const rule = {
    type: "object",
    additionalProperties: false,
    required: ["call"],
    properties: { call: GLOB, where, effect: EFFECT, ...more },
  };
  return { description, type: "array", minItems, items: { anyOf: [GLOB, rule] } };
}

export const moduleKind: Kind = {
  name: "module",
  keys: {
    from: ref("path", "The module's file, relative to the manifest's own."),
    env: {
      description: "The module's environment: all that it finds in process.env.",
      type: "object",
      maxProperties: 100,
      propertyNames: { type: "string", minLength: 1, maxLength: 128, pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
      additionalProperties: { type: "string", title: "a text", maxLength: 32_768 },
    },
    allow: listOf("Functions that the agent may call.", {}, 1),
    ask: listOf(
      "Calls that a person is asked about.",
      {
        timeout: ref("duration", "How long the person may take."),
        approvers: { description: "Reserved: who may answer.", type: "array", items: { $ref: "#/$defs/role" } },
      },
      0,
    ),
    deny: listOf("Calls that are refused, whatever is allowed.", {}, 0),
  },
  required: ["from", "allow"],
  limitKeys: {},
  compile,
};

function compile(grant: JsonObject, table: readonly FunctionSpec[] | undefined, powers: KindPowers): CompiledKind {
  const rules: ModuleRules = {
    allow: compileModuleRules("allow", grant["allow"], powers),
    ask: compileModuleRules("ask", grant["ask"], powers),
    deny: compileModuleRules("deny", grant["deny"], powers),
  };
  reportUnreachable(rules, table, powers);
  const at = powers.at("");
  const dotted = at.pointer.slice(1).replaceAll("/", ".");
  const config: ModuleConfig = { from: grant["from"] as string, env: readEnv(grant["env"], powers) };
  return {
    functions: (table ?? []).filter((fn) => rules.allow.some((rule) => namesFunction(rule, fn.name))),
    config: { ...config },
    decide: (call) => decideModuleCall(call, { rules, at, dotted }),
    explain: () => explain(rules, table),
  };
}

/** Secrets are bound to hosts, which a module's environment has none of: a placeholder there would stay one. */
function readEnv(value: unknown, powers: KindPowers): Readonly<Record<string, string>> {
  const env = (isJsonObject(value) ? value : {}) as Readonly<Record<string, string>>;
  for (const [name, text] of Object.entries(env)) {
    if (!text.includes("${")) continue;
    powers.report({
      severity: "error",
      code: "MANIFEST_NOT_BUILT",
      pointer: `/env/${name}`,
      message: `the environment of a host module takes no placeholders, and ${name} holds one`,
      mend: "Let the module read what it needs where the operator keeps it.",
    });
  }
  return env;
}

const GRAVITY: readonly Effect[] = ["read", "write", "irreversible"];
const WORDS: { readonly [Name in List]: string } = {
  deny: "may never call",
  ask: "must ask a person before it may call",
  allow: "may call",
};

function explain(rules: ModuleRules, table: readonly FunctionSpec[] | undefined): readonly Sentence[] {
  return [...rules.deny, ...rules.ask, ...rules.allow].map((rule): Sentence => {
    const functions = (table ?? []).filter((fn) => namesFunction(rule, fn.name));
    return {
      verdict: rule.list,
      text: `${WORDS[rule.list]} ${wordsOf(rule, functions)}`,
      effect: gravest(rule, functions),
      rule: rule.ref,
    };
  });
}

function wordsOf(rule: ModuleRule, functions: readonly FunctionSpec[]): string {
  const named = rule.text.includes("*") && functions.length > 0;
  const names = named ? ` (${functions.map((fn) => fn.name).join(", ")})` : "";
  return `${rule.text}${names}${rule.where === undefined ? "" : ", where its condition holds"}`;
}

/** Of a module that is not known yet, the middle is assumed. */
function gravest(rule: ModuleRule, functions: readonly FunctionSpec[]): Effect {
  if (rule.effect !== undefined) return rule.effect;
  if (functions.length === 0) return "write";
  return functions.map((fn) => fn.effect).reduce((a, b) => (GRAVITY.indexOf(a) > GRAVITY.indexOf(b) ? a : b));
}
