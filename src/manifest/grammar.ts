// The grammar of a manifest, version 1, as one JSON Schema: it validates (fit.ts), and it is what `enclosure schema`
// prints, so the two cannot drift. Every key stands here once, or in the table of its capability kind. Keys whose
// enforcement is not built are in it too (built.ts refuses them by name): a manifest of a later version is understood.

import { DURATION_PATTERN, RATE_PATTERN, SIZE_PATTERN } from "../base/units.ts";
import type { JsonObject } from "../base/json.ts";
import type { JsonSchema, Kind, KindName } from "../kinds/contract.ts";
import { RESERVED_KINDS } from "./reserved.ts";

type Keys = { readonly [key: string]: JsonSchema };

const object = (description: string, properties: Keys, required: readonly string[] = []): JsonObject => ({
  description,
  type: "object",
  additionalProperties: false,
  ...(required.length === 0 ? {} : { required }),
  properties,
});
const mapOf = (description: string, names: JsonSchema, values: JsonSchema): JsonObject => ({
  description,
  type: "object",
  propertyNames: names,
  additionalProperties: values,
});
const ref = (name: string, description: string): JsonObject => ({ description, $ref: `#/$defs/${name}` });

const LINE = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
const line = (description: string): JsonObject => ({
  description,
  type: "string",
  minLength: 1,
  maxLength: 500,
  pattern: LINE,
  title: "a text of one line",
});

/** Names that `enclosure:caps` cannot export: JavaScript's own words, its own `note`, and what modules and promises look for. */
const TAKEN_NAMES = (
  "note constructor prototype then default arguments await break case catch class const continue debugger delete do else " +
  "enum eval export extends false finally for function if implements import in instanceof interface let new null package " +
  "private protected public return static super switch this throw true try typeof var void while with yield"
).split(" ");

const DEFINITIONS: Keys = {
  duration: { type: "string", pattern: DURATION_PATTERN, title: "a duration such as 20s, 5m or 90d" },
  size: { type: "string", pattern: SIZE_PATTERN, title: "a size such as 64KiB or 128MiB" },
  count: { type: "integer", minimum: 0, title: "a whole number, 0 or more" },
  rate: { type: "string", pattern: RATE_PATTERN, title: "a rate such as 10/s or 100/m" },
  jsonSchema: { type: ["object", "boolean"], title: "a JSON Schema (a map)" },
  path: {
    type: "string",
    minLength: 1,
    maxLength: 4096,
    pattern: LINE,
    title: "a path, relative to the manifest's folder",
  },
  label: { type: "string", pattern: "^[a-z][a-z0-9_-]{0,63}$", title: "a label such as pii" },
  role: { type: "string", pattern: "^[A-Za-z][A-Za-z0-9_.@-]{0,127}$", title: "a person or role such as desk-lead" },
  name: {
    type: "string",
    pattern: `^(?!(?:${TAKEN_NAMES.join("|")})$)[A-Za-z_][A-Za-z0-9_]{0,63}$`,
    title: "a name (a JavaScript identifier of at most 64 characters)",
  },
  secretName: { type: "string", pattern: "^[A-Za-z][A-Za-z0-9_-]{0,63}$", title: "a name such as openai" },
  variable: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$", title: "the name of a variable" },
  host: {
    type: "string",
    pattern: "^(\\[[0-9A-Fa-f:.]{2,45}\\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(:[0-9]{1,5})?$",
    title: "the name of a host, without scheme, path or wildcard",
  },
  auditLevel: { type: "string", enum: ["none", "digest", "redacted", "full"] },
};

const LIMITS = object("What the whole session may use; docs/limits.md has the defaults and the ceilings.", {
  wall: ref("duration", "Time from start to end; stands still while nothing but an approval is pending."),
  cpu: ref("duration", "Processor time of the guest process."),
  memory: ref("size", "Memory of the guest process."),
  calls: ref("count", "Calls of capabilities."),
  inFlight: ref("count", "Calls that wait for an answer at once."),
  timers: ref("count", "Timers that are armed at once."),
  argument: ref("size", "The argument of one call, as JSON."),
  result: ref("size", "The result of one call, as JSON."),
  log: ref("size", "All lines and notes together; 64 bytes more for each of them, and for each timer that is armed."),
  cost: object("Reserved: what the calls may cost.", {
    usd: { description: "US dollars.", type: "number", minimum: 0, title: "an amount such as 2.00" },
  }),
});

const APPROVALS = object("Who can be asked when an ask rule holds a call.", {
  via: {
    description: "Ways to reach a person; none where the list is empty.",
    type: "array",
    items: { type: "string", enum: ["tty", "web"] },
    uniqueItems: true,
  },
  otherwise: { description: "What becomes of a call when nobody can be asked.", const: "deny" },
  grace: ref("duration", "Reserved: how long to wait before the session is parked."),
});

const AUDIT = object("How much of arguments and results the record keeps.", {
  default: ref("auditLevel", "For every grant that says nothing itself."),
  redact: {
    description: "Reserved: paths of values that are never kept.",
    type: "array",
    items: { type: "string", minLength: 1, title: "a path such as $.card.number" },
  },
  retain: ref("duration", "Reserved: how long the record is kept."),
});

const ENV = mapOf(
  "process.env in the agent. A secret is a placeholder there: ${secret:NAME}.",
  { $ref: "#/$defs/variable" },
  { type: "string", maxLength: 32_768, title: "a text" },
);

const COMMON_KEYS: Keys = {
  labels: { description: "Reserved: labels that its results carry.", type: "array", items: { $ref: "#/$defs/label" } },
  audit: ref("auditLevel", "Overrides audit.default for this grant."),
};
const COMMON_LIMITS: Keys = {
  calls: ref("count", "Calls of this grant in a session."),
  rate: ref("rate", "Calls of this grant in a stretch of time."),
};

/** What a profile may say of one grant: only what can narrow it. */
const PROFILE_GRANT = object("Narrows one grant: fewer allow rules, more ask and deny rules, lower limits.", {
  allow: { description: "Replaces the list; its entries stand in the grant's own.", type: "array" },
  ask: { description: "Replaces the list; holds all entries of the grant's own.", type: "array" },
  deny: { description: "Replaces the list; holds all entries of the grant's own.", type: "array" },
  audit: ref("auditLevel", "Records at least as much as the grant itself."),
  limits: object("At most the grant's own.", COMMON_LIMITS),
});

const PROFILE = object("Narrows the manifest: `enclosure run --profile NAME`. Maps merge, lists replace.", {
  approvals: APPROVALS,
  limits: LIMITS,
  env: ENV,
  audit: AUDIT,
  capabilities: mapOf("Grants to narrow, by name.", { $ref: "#/$defs/name" }, PROFILE_GRANT),
});

const FLOW_SINK = {
  type: "object",
  additionalProperties: false,
  minProperties: 1,
  properties: {
    grant: ref("name", "A grant."),
    mount: { description: "One mount of it.", type: "string", minLength: 1 },
    sink: { description: "What is not a grant.", type: "string", enum: ["output", "note", "log"] },
  },
};

const SECRET = object(
  "A secret: the agent has a placeholder, the host the value.",
  {
    from: {
      description: "Where the host finds the value: env:VARIABLE or file:PATH (exec:COMMAND is reserved).",
      type: "string",
      pattern: "^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\\u0000-\\u001f]+|exec:[^\\u0000-\\u001f]+)$",
      title: "env:VARIABLE or file:PATH",
    },
    hosts: {
      description: "The only hosts towards which the value may be sent.",
      type: "array",
      minItems: 1,
      items: { $ref: "#/$defs/host" },
      uniqueItems: true,
    },
  },
  ["from", "hosts"],
);

/** As in .mcp.json, so that a block can be pasted. */
const MCP_SERVER = object("One MCP server.", {
  type: { description: "The transport.", type: "string", enum: ["stdio", "http", "sse"] },
  command: line("The program of a stdio server."),
  args: { description: "Its arguments.", type: "array", items: { type: "string" } },
  env: mapOf("Its environment.", { $ref: "#/$defs/variable" }, { type: "string" }),
  url: line("The address of an HTTP server."),
  headers: mapOf("Headers of its requests.", { type: "string", minLength: 1 }, { type: "string" }),
});

const AGENT = object("The agent's program.", {
  entry: ref("path", "Its TypeScript file; the command line may name another."),
  labels: { description: "Reserved: labels that its input carries.", type: "array", items: { $ref: "#/$defs/label" } },
  input: ref("jsonSchema", "What its input must look like."),
  output: ref("jsonSchema", "What its output must look like."),
});

function topLevel(grant: JsonSchema): Keys {
  return {
    enclosure: { description: "The format's version.", const: 1, title: "1, the version of the format" },
    name: {
      description: "The agent's name.",
      type: "string",
      pattern: "^[a-z0-9][a-z0-9._-]{0,63}$",
      title: "a name in lower case such as airline-desk",
    },
    version: {
      description: "The agent's version, a text: 1.10 unquoted would be 1.1.",
      type: "string",
      minLength: 1,
      maxLength: 64,
      pattern: LINE,
      title: 'a version in quotes such as "1.4.0"',
    },
    owner: line("Who answers for it."),
    author: line("Who wrote it."),
    purpose: { description: "What it is for.", type: "string", minLength: 1, maxLength: 4000, title: "a text" },
    review: object("Reserved: the access review.", { every: ref("duration", "How often it is due.") }),
    agent: AGENT,
    limits: LIMITS,
    env: ENV,
    secrets: mapOf("Secrets by name.", { $ref: "#/$defs/secretName" }, SECRET),
    mcpServers: mapOf("Reserved: MCP servers by name.", { type: "string", pattern: "^[^/]{1,64}$" }, MCP_SERVER),
    capabilities: mapOf(
      'Grants: `import { NAME } from "enclosure:caps"` in the agent.',
      { $ref: "#/$defs/name" },
      grant,
    ),
    flow: {
      description: "Reserved: where labelled data may go.",
      type: "array",
      items: object(
        "Once the label has come in, these sinks are left and no other.",
        {
          after: ref("label", "The label."),
          allow: { description: "The sinks that are left.", type: "array", items: FLOW_SINK },
        },
        ["after", "allow"],
      ),
    },
    approvals: APPROVALS,
    audit: AUDIT,
    profiles: mapOf("Profiles by name.", { type: "string", pattern: "^[a-z0-9][a-z0-9._-]{0,63}$" }, PROFILE),
  };
}

/** What the grammar needs of a kind: its pure half has it, and so have the reserved ones. */
export type KindKeys = Pick<Kind, "keys" | "required" | "limitKeys"> & { readonly describe?: string };

function grantOf(use: string, { keys, required, limitKeys, describe }: KindKeys): JsonObject {
  const limits = object("What this grant may use.", { ...COMMON_LIMITS, ...limitKeys });
  const properties = { use: { description: "The kind.", const: use }, ...COMMON_KEYS, ...keys, limits };
  return object(describe ?? `A grant of kind ${use}.`, properties, ["use", ...required]);
}

/**
 * The grammar as a JSON Schema (2020-12) with these kinds built in: what validates, and what editors read.
 * Grants stand under `$defs` as `grant-KIND`.
 */
export function manifestSchema(kinds: ReadonlyMap<KindName, Kind>): JsonObject {
  const all = new Map<string, KindKeys>([...kinds, ...RESERVED_KINDS].map(([name, kind]) => [name, kind]));
  const grants = [...all].map(([use, kind]) => {
    // Not built: an editor strikes it out, and no message offers it.
    const mark = RESERVED_KINDS.has(use) ? { deprecated: true } : {};
    return [`grant-${use}`, { ...grantOf(use, kind), ...mark }] as const;
  });
  const grant = { oneOf: grants.map(([name]) => ({ $ref: `#/$defs/${name}` })) };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "a manifest",
    ...object("The manifest of an agent: all that it may do.", topLevel(grant), ["enclosure", "name", "version"]),
    $defs: { ...DEFINITIONS, ...Object.fromEntries(grants) },
  };
}
