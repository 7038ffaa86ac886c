// A kind "module" as small as can be, for tests of the manifest layer alone: it grants functions by name, asks and
// denies by name and condition, and says what it is asked.
import type { JsonObject, JsonValue } from "../../src/base/json.ts";
import type { FunctionSpec, JsonSchema, Kind, KindName, RuleRef } from "../../src/kinds/contract.ts";

const rules = (description: string): JsonSchema => ({
  description,
  type: "array",
  items: {
    anyOf: [
      { type: "string", title: "a function's name" },
      {
        type: "object",
        additionalProperties: false,
        required: ["call"],
        properties: {
          call: { type: "string", title: "a function's name" },
          where: { $ref: "#/$defs/jsonSchema" },
          timeout: { $ref: "#/$defs/duration" },
          approvers: { type: "array", items: { $ref: "#/$defs/role" } },
        },
        title: "a map with call",
      },
    ],
  },
});

interface Rule {
  readonly name: string;
  readonly at: RuleRef;
  readonly matches: (args: JsonValue, strict: boolean) => boolean;
}

const FUNCTIONS: readonly FunctionSpec[] = [
  {
    name: "refund",
    effect: "irreversible",
    description: "Pays money back.",
    input: {
      type: "object",
      additionalProperties: false,
      required: ["amount"],
      properties: { amount: { type: "number" }, note: { type: "string" } },
    },
    output: { type: "object", required: ["id"], properties: { id: { type: "string" } } },
  },
  {
    name: "look",
    effect: "read",
    positional: ["id"],
    input: { type: "object", properties: { id: { type: "string" } } },
  },
];

export const fakeModule: Kind = {
  name: "module",
  keys: {
    from: { $ref: "#/$defs/path" },
    allow: rules("What may be called."),
    ask: rules("What a person is asked for."),
    deny: rules("What is never done."),
  },
  required: ["from", "allow"],
  limitKeys: {},
  compile(grant, table, powers) {
    const functions = table ?? FUNCTIONS;
    const read = (list: string): readonly Rule[] =>
      ((grant[list] ?? []) as readonly (string | JsonObject)[]).map((rule, index) => {
        const pointer = `/${list}/${index}`;
        const name = typeof rule === "string" ? rule : (rule["call"] as string);
        const where = typeof rule === "string" ? undefined : rule["where"];
        const condition = where === undefined ? undefined : powers.condition(where as JsonSchema, `${pointer}/where`);
        if (!functions.some((fn) => fn.name === name) && table !== undefined) {
          powers.report({
            severity: "warning",
            code: "MANIFEST_RULE_UNREACHABLE",
            pointer,
            message: `no function ${name}`,
            mend: "Remove it.",
          });
        }
        const matches = (args: JsonValue, strict: boolean): boolean =>
          condition === undefined || (strict ? condition(args) === "yes" : condition(args) !== "no");
        return { name, at: powers.at(pointer), matches };
      });
    const [allow, ask, deny] = [read("allow"), read("ask"), read("deny")];
    return {
      functions,
      config: { from: grant["from"] as string },
      decide({ fn, args }) {
        const target = { kind: "module", name: fn.name };
        const common = { effect: fn.effect, target };
        const denying = deny.find((rule) => rule.name === fn.name && rule.matches(args, false));
        if (denying !== undefined) {
          return { ...common, verdict: "deny", code: "RULE_DENIED", rule: denying.at, message: "denied", mend: "none" };
        }
        const allowing = allow.find((rule) => rule.name === fn.name && rule.matches(args, true));
        if (allowing === undefined) {
          const rule = powers.at("");
          return { ...common, verdict: "deny", code: "RULE_FAILED", rule, message: "not allowed", mend: "allow it" };
        }
        const asking = ask.find((rule) => rule.name === fn.name && rule.matches(args, false));
        if (asking !== undefined) return { ...common, verdict: "ask", rule: asking.at, timeoutMs: 1000 };
        return { ...common, verdict: "allow", rule: allowing.at };
      },
      explain: () =>
        [
          ...allow.map((rule) => ({ rule, verdict: "allow" as const })),
          ...deny.map((rule) => ({ rule, verdict: "deny" as const })),
        ].map(({ rule, verdict }) => ({
          effect: functions.find((fn) => fn.name === rule.name)?.effect ?? "read",
          verdict,
          text: `${verdict === "allow" ? "may" : "may never"} call ${rule.name}`,
          rule: rule.at,
        })),
    };
  },
  overlap: (a, b) => (a["from"] === b["from"] ? JSON.stringify(a["from"]) : undefined),
};

export const fakeKinds: ReadonlyMap<KindName, Kind> = new Map([["module", fakeModule]]);
