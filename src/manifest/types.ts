// Types: the declarations of `enclosure:caps` for one manifest, made from its function tables, so that a name that the
// manifest does not grant is a compile error in the agent. A small generator from JSON Schema to TypeScript of our own;
// what it cannot say precisely it says widely (`unknown`), never wrongly.

import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import type { CompiledGrant, FunctionSpec, JsonSchema } from "../kinds/contract.ts";
import type { CompiledGrants } from "./grants.ts";
import type { Resolution } from "./resolve.ts";

/** The text of a `.d.ts` file for the agent's project. */
export function typesText({ resolved }: Resolution, { grants }: CompiledGrants): string {
  return [
    `// Made by \`enclosure types\` from the manifest of ${resolved.name} ${oneLine(resolved.version)}. Do not edit.`,
    "",
    'declare module "enclosure:caps" {',
    "  /** What a call may be given beside its argument; aborting the signal cancels the call. */",
    "  interface CallOptions {",
    "    readonly signal?: AbortSignal;",
    "  }",
    ...[...grants.values()].flatMap(capabilityLines),
    "  /** Puts the agent's stated reason on the record. */",
    "  export const note: (text: string) => void;",
    "}",
    "",
    "declare const process: {",
    "  readonly env: {",
    ...Object.keys(resolved.env).map((name) => `    readonly ${name}: string;`),
    "  };",
    "};",
    "",
  ].join("\n");
}

function capabilityLines({ name, kind, functions }: CompiledGrant): readonly string[] {
  if (kind === "module" && functions.size === 0) {
    return [
      "  /** Its functions are not known: `enclosure pin` writes them into the lock. */",
      `  export const ${name}: { readonly [name: string]: (args?: unknown, options?: CallOptions) => Promise<unknown> };`,
    ];
  }
  return [
    `  export const ${name}: {`,
    ...[...functions.values()].flatMap((fn) => [...comment(fn, "    "), ...signatures(fn).map((one) => `    ${one}`)]),
    "  };",
  ];
}

function comment({ description, effect }: FunctionSpec, indent: string): readonly string[] {
  const text = description === undefined ? "" : ` ${oneLine(description)}`;
  return [`${indent}/**${text} Effect: ${effect}. */`];
}

/** One line that cannot end the comment it stands in. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("*/", "* /").trim();
}

function signatures(fn: FunctionSpec): readonly string[] {
  const argument = typeOf(fn.input ?? true);
  const optional = acceptsNothing(fn.input) ? "?" : "";
  const result = `Promise<${typeOf(fn.output ?? true)}>`;
  const byName = `${fn.name}(args${optional}: ${argument}, options?: CallOptions): ${result};`;
  const positional = positionalParameters(fn);
  return positional === undefined ? [byName] : [`${fn.name}(${positional}, options?: CallOptions): ${result};`, byName];
}

/** A call without an argument is a call with an empty object. */
function acceptsNothing(input: JsonSchema | undefined): boolean {
  if (!isJsonObject(input)) return true;
  const required = input["required"];
  return !Array.isArray(required) || required.length === 0;
}

function positionalParameters({ positional = [], input }: FunctionSpec): string | undefined {
  if (positional.length === 0) return undefined;
  const properties = isJsonObject(input) && isJsonObject(input["properties"]) ? input["properties"] : {};
  const required = new Set(isJsonObject(input) ? ((input["required"] ?? []) as readonly string[]) : []);
  // A parameter after an optional one is optional too, whatever the schema asks of the object.
  const lastRequired = positional.findLastIndex((name) => required.has(name));
  return positional
    .map(
      (name, index) => `${name}${index > lastRequired ? "?" : ""}: ${typeOf((properties[name] ?? true) as JsonSchema)}`,
    )
    .join(", ");
}

/** Deepest nesting that is spelled out. */
const DEPTH_MAX = 24;

/** The TypeScript type of the values that a schema describes. */
export function typeOf(schema: JsonSchema): string {
  return spell(schema, isJsonObject(schema) && isJsonObject(schema["$defs"]) ? schema["$defs"] : {}, 0);
}

function spell(schema: JsonValue | undefined, definitions: JsonObject, depth: number): string {
  if (schema === false) return "never";
  if (!isJsonObject(schema) || depth > DEPTH_MAX) return "unknown";
  const { $ref, anyOf, oneOf, allOf } = schema;
  const inner = (one: JsonValue | undefined): string => spell(one, definitions, depth + 1);
  if (schema["const"] !== undefined) return literal(schema["const"]);
  if (Array.isArray(schema["enum"])) return union((schema["enum"] as readonly JsonValue[]).map(literal));
  if (typeof $ref === "string") return inner(definitions[$ref.replace("#/$defs/", "")]);
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return union(choices.map((one) => inner(one as JsonValue)));
  if (schema["type"] === undefined) {
    return Array.isArray(allOf) ? allOf.map((one) => parenthesised(inner(one as JsonValue))).join(" & ") : "unknown";
  }
  const types = [schema["type"]].flat() as readonly JsonValue[];
  return union(types.map((type) => spellType(type, schema, inner)));
}

function spellType(type: JsonValue, schema: JsonObject, inner: (schema: JsonValue | undefined) => string): string {
  switch (type) {
    case "integer":
    case "number":
      return "number";
    case "array":
      return spellList(schema, inner);
    case "object":
      return spellObject(schema, inner);
    default:
      return typeof type === "string" ? type : "unknown";
  }
}

function spellList({ prefixItems, items }: JsonObject, inner: (schema: JsonValue | undefined) => string): string {
  if (!Array.isArray(prefixItems)) return `readonly ${parenthesised(inner(items))}[]`;
  const rest = items === false ? [] : [`...${parenthesised(inner(items))}[]`];
  return `readonly [${[...prefixItems.map((one) => `${parenthesised(inner(one as JsonValue))}?`), ...rest].join(", ")}]`;
}

/** Values that cross the door in a wrapping of their own, by its "$type"; see base/codec. */
const WRAPPED: ReadonlyMap<string, string> = new Map([
  ["bytes", "Uint8Array"],
  ["date", "Date"],
  ["bigint", "bigint"],
  ["undefined", "undefined"],
]);

function spellObject(schema: JsonObject, inner: (schema: JsonValue | undefined) => string): string {
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const tag = properties["$type"];
  const wrapped = isJsonObject(tag) && typeof tag["const"] === "string" ? WRAPPED.get(tag["const"]) : undefined;
  if (wrapped !== undefined) return wrapped;
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  const names = new Set([...Object.keys(properties), ...required]);
  const members = [...names].map((name) => {
    const optional = required.has(name) ? "" : "?";
    return `readonly ${key(name)}${optional}: ${inner(properties[name] ?? true)}${optional === "" ? "" : " | undefined"}`;
  });
  // Where a schema says nothing of other properties, the type names those that it knows. An index signature must admit
  // the named members as well, so only a map without any gets a precise one.
  const rest = schema["additionalProperties"] ?? members.length === 0;
  if (rest !== false) members.push(`readonly [key: string]: ${members.length === 0 ? inner(rest) : "unknown"}`);
  return members.length === 0 ? "Readonly<Record<string, never>>" : `{ ${members.join("; ")} }`;
}

function key(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : JSON.stringify(name);
}

function literal(value: JsonValue): string {
  return value !== null && typeof value === "object" ? "unknown" : JSON.stringify(value);
}

function union(types: readonly string[]): string {
  const different = [...new Set(types)];
  return different.length === 0 || different.includes("unknown")
    ? "unknown"
    : different.length === 1
      ? (different[0] as string)
      : different.map(parenthesised).join(" | ");
}

function parenthesised(type: string): string {
  return /^[A-Za-z0-9_"]+$/.test(type) || isOnePair(type) ? type : `(${type})`;
}

/** Whether a type is one pair of braces, with nothing behind it such as the rest of a union. */
function isOnePair(type: string): boolean {
  if (!type.startsWith("{")) return false;
  // What stands in quotes, a literal or a key, is no brace.
  const bare = type.replaceAll(/"(?:[^"\\]|\\.)*"/g, "");
  let depth = 0;
  for (let index = 0; index < bare.length; index++) {
    if (bare[index] === "{") depth++;
    if (bare[index] === "}" && --depth === 0) return index === bare.length - 1;
  }
  return false;
}
