// Reserved kinds: capability kinds of the format whose enforcement is not built. Their keys are validated, so that what
// is wrong with them is told, and a grant of one of them is then refused by name (built.ts).

import type { JsonObject } from "../base/json.ts";
import { COUNT_PATTERN } from "../base/units.ts";
import type { KindKeys } from "./grammar.ts";

const text = (description: string): JsonObject => ({ description, type: "string", minLength: 1, title: "a text" });
const texts = (description: string): JsonObject => ({ description, type: "array", items: text("An entry.") });
const count: JsonObject = {
  description: "So many at most.",
  type: ["integer", "string"],
  pattern: COUNT_PATTERN,
  title: "a number such as 500 or 200k",
};
const ofType = (name: string, description: string): JsonObject => ({ description, $ref: `#/$defs/${name}` });
const approvers: JsonObject = {
  description: "Who may approve.",
  type: "array",
  minItems: 1,
  items: { $ref: "#/$defs/role" },
};

/** Rules that name functions: globs, and calls with a condition. */
const calls = (description: string): JsonObject => ({
  description,
  type: "array",
  items: {
    anyOf: [
      { type: "string", minLength: 1, title: "the name of a function" },
      {
        type: "object",
        additionalProperties: false,
        required: ["call"],
        properties: {
          call: text("The function's name."),
          where: ofType("jsonSchema", "A condition on the argument."),
          approvers,
          timeout: ofType("duration", "How long a person may take."),
        },
        title: "a map with call",
      },
    ],
  },
});
const rules = {
  allow: calls("What may be called."),
  ask: calls("What a person is asked for."),
  deny: calls("What is never done."),
};

const QUERY: JsonObject = {
  type: "object",
  additionalProperties: false,
  required: ["sql"],
  properties: {
    sql: text("The statement, with named parameters."),
    effect: { description: "What it does to the world.", type: "string", enum: ["read", "write", "irreversible"] },
  },
};

export const RESERVED_KINDS: ReadonlyMap<string, KindKeys> = new Map([
  [
    "llm",
    {
      describe: "Reserved: a language model.",
      keys: {
        provider: text("The provider."),
        baseUrl: text("Where its API is."),
        key: text("The placeholder of its key."),
        allow: texts("The models that may be asked."),
        ask: texts("Models that a person is asked for."),
        deny: texts("Models that are never asked."),
      },
      required: ["provider", "allow"],
      limitKeys: { tokens: count },
    },
  ],
  [
    "mcp",
    {
      describe: "Reserved: the tools of an MCP server.",
      keys: { server: text("The server's name under mcpServers."), ...rules },
      required: ["server", "allow"],
      limitKeys: {},
    },
  ],
  [
    "kv",
    {
      describe: "Reserved: a store of keys and values.",
      keys: { scope: { description: "Whose it is.", type: "string", enum: ["agent", "session"] } },
      required: ["scope"],
      limitKeys: { bytes: ofType("size", "All values together.") },
    },
  ],
  [
    "sql",
    {
      describe: "Reserved: a database.",
      keys: {
        database: ofType("path", "The database file."),
        queries: { description: "Named queries.", type: "object", additionalProperties: QUERY },
        ...rules,
      },
      required: ["database", "queries"],
      limitKeys: { rows: count, bytes: ofType("size", "The result."), timeout: ofType("duration", "One query.") },
    },
  ],
  [
    "exec",
    {
      describe: "Reserved: programs with fixed arguments.",
      keys: {
        commands: { description: "Argument templates by name.", type: "object", additionalProperties: texts("argv") },
        ...rules,
      },
      required: ["commands"],
      limitKeys: { output: ofType("size", "What a program prints."), timeout: ofType("duration", "One run.") },
    },
  ],
  ["human", { describe: "Reserved: a person.", keys: { approvers }, required: ["approvers"], limitKeys: {} }],
]);
