// The kind http: one function, `fetch`, whose requests are granted by method, origin, path, query and body. Pure: the
// provider in capabilities/http sends what was decided on here, and nothing else.

import type { JsonObject } from "../../base/json.ts";
import type {
  CallRequest,
  CompiledKind,
  Effect,
  FunctionSpec,
  JsonSchema,
  Kind,
  KindPowers,
  RuleVerdict,
  Sentence,
} from "../contract.ts";
import { TEXT_OR_BYTES } from "../bytes.ts";
import { originsMeet, spellOrigin } from "./address.ts";
import { type HttpConfig, readConfig, readHeaderNames } from "./config.ts";
import { REDIRECTS_MAX, REQUEST_SCHEMA } from "./request.ts";
import { decideRequest } from "./decide.ts";
import { compileRules, effectOfRule, type HttpRule, reportUnreachable } from "./rules.ts";

const REF = (name: string, description: string): JsonObject => ({ description, $ref: `#/$defs/${name}` });
const texts = (description: string): JsonObject => ({
  description,
  type: "array",
  items: { type: "string", title: "a text" },
});

const CONDITIONS: { readonly [key: string]: JsonSchema } = {
  query: REF("jsonSchema", "What the query's parameters must look like; without it a query is refused."),
  body: {
    description: "What a JSON body must look like, or a media type; without it a body is refused.",
    anyOf: [
      { type: "string", pattern: "^[a-z]+/[a-z0-9.+-]+$", title: "a media type such as text/plain" },
      { $ref: "#/$defs/jsonSchema" },
    ],
  },
  where: REF("jsonSchema", "What the call's one argument must look like."),
};

function listOf(description: string, more: { readonly [key: string]: JsonSchema }): JsonSchema {
  const request: JsonSchema = {
    description: "METHOD scheme://host[:port]/path; * within a segment, ** for whole segments.",
    type: "string",
    title: 'a request such as "GET https://api.example.com/v1/**"',
  };
  const properties = { request, ...CONDITIONS, ...more };
  const object = { type: "object", additionalProperties: false, required: ["request"], properties };
  return { description, type: "array", items: { anyOf: [request, object] } };
}

const OUTPUT: JsonSchema = {
  type: "object",
  required: ["status", "statusText", "url", "headers", "body", "redirected"],
  properties: {
    status: { type: "integer" },
    statusText: { type: "string" },
    url: { type: "string" },
    headers: { type: "array", items: { type: "array", items: { type: "string" } } },
    body: { ...TEXT_OR_BYTES, description: "text where the bytes are well-formed UTF-8, else bytes" },
    redirected: { type: "boolean" },
  },
};

export const httpKind: Kind = {
  name: "http",
  keys: {
    allow: listOf("Requests that the agent may send.", {
      effect: {
        description: "What the request does, where its method does not say it.",
        type: "string",
        enum: ["read", "write", "irreversible"],
      },
    }),
    ask: listOf("Of those, the ones that a person is asked about.", {
      timeout: REF("duration", "How long the person may take."),
      approvers: { description: "Reserved: who may answer.", type: "array", items: { $ref: "#/$defs/role" } },
    }),
    deny: listOf("Requests that are never sent, whatever else is allowed.", {}),
    headers: texts("Headers that the agent may set beside the usual ones."),
    auth: {
      description: "Credentials that the host adds to requests.",
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["host", "header", "value"],
        properties: {
          host: REF("host", "The host, or host:port, to which it is sent."),
          header: {
            description: "The header's name.",
            type: "string",
            pattern: "^[A-Za-z0-9-]{1,64}$",
            title: "a header's name",
          },
          value: {
            description: "Its value, with ${secret:NAME}.",
            type: "string",
            pattern: "^[\\x20-\\x7e]{1,4096}$",
            title: "a text",
          },
        },
      },
    },
    addresses: texts("Private networks, as CIDRs, that the names in the rules may lead to."),
  },
  required: ["allow"],
  limitKeys: {
    response: REF("size", "The body of one response."),
    timeout: REF("duration", "One request, from its start to the last byte of the response."),
    redirects: {
      description: "Redirects followed for one call; each is decided on as a call of its own.",
      type: "integer",
      minimum: 0,
      maximum: REDIRECTS_MAX,
      title: "a whole number",
    },
  },
  compile,
  overlap: originsOverlap,
};

function compile(grant: JsonObject, _table: readonly FunctionSpec[] | undefined, powers: KindPowers): CompiledKind {
  const base = powers.at("").pointer;
  const rules = {
    allow: compileRules("allow", grant["allow"], powers),
    ask: compileRules("ask", grant["ask"], powers),
    deny: compileRules("deny", grant["deny"], powers),
  };
  reportUnreachable(rules, powers, base);
  const config = readConfig(grant, rules.allow, powers);
  const headers = new Set(readHeaderNames(grant["headers"], powers));
  const spec: FunctionSpec = {
    name: "fetch",
    effect: strongest(rules.allow.map(effectOfRule)),
    description: "Sends one HTTP request that the grant allows.",
    input: REQUEST_SCHEMA,
    output: OUTPUT,
    positional: ["url"],
  };
  const dotted = base.slice(1).replaceAll("/", ".");
  return {
    functions: [spec],
    config: config as unknown as JsonObject,
    decide: (call: CallRequest): RuleVerdict =>
      decideRequest(call, { rules, headers, placeholders: powers.placeholders, at: powers.at(""), dotted }),
    explain: () => explain(rules),
  };
}

function strongest(effects: readonly Effect[]): Effect {
  for (const effect of ["irreversible", "write"] as const) if (effects.includes(effect)) return effect;
  return "read";
}

type Lists = Readonly<Record<"allow" | "ask" | "deny", readonly HttpRule[]>>;

function explain({ allow, ask, deny }: Lists): readonly Sentence[] {
  return [
    ...deny.map((rule) => sentence(rule, "may never send")),
    ...ask.map((rule) => sentence(rule, "must ask a person before it sends")),
    ...allow.map((rule) => sentence(rule, effectOfRule(rule) === "read" ? "may read" : "may send")),
  ];
}

function sentence(rule: HttpRule, words: string): Sentence {
  const text = `${words} ${rule.pattern.text}${conditionsOf(rule)}`;
  return { effect: effectOfRule(rule), verdict: rule.list, text, rule: rule.ref };
}

function conditionsOf(rule: HttpRule): string {
  const parts = (["query", "body", "where"] as const).filter((key) => rule[key] !== undefined);
  return parts.length === 0 ? "" : ` (${parts.join(", ").replace("where", "argument")} as the rule says)`;
}

/**
 * An origin that two grants of this kind both reach, as text; undefined where there is none. A request must have one
 * grant to answer for it. `a` and `b` are the configs of their compiled kinds.
 */
export function originsOverlap(a: JsonObject, b: JsonObject): string | undefined {
  const [mine, other] = [a, b].map((config) => (config as unknown as HttpConfig).origins) as [
    HttpConfig["origins"],
    HttpConfig["origins"],
  ];
  for (const origin of mine) if (other.some((one) => originsMeet(origin, one))) return spellOrigin(origin);
  return undefined;
}
