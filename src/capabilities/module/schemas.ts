// Schemas of a host module's functions, as they arrive: a Standard Schema (validated in the module's thread, since only its
// library can) or a JSON Schema (checked by the broker). A Standard Schema that can say what it is as a JSON Schema does so
// for the function table; what it cannot say there it still checks itself.

import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import type { JsonSchema } from "../../kinds/contract.ts";
import type { StandardIssue, StandardResult, StandardSchema } from "./define.ts";

export interface ReadSchema {
  readonly json?: JsonSchema;
  readonly validate?: (value: unknown) => StandardResult<unknown> | Promise<StandardResult<unknown>>;
}

/** A schema read, or what is wrong with it. `side` is what the schema describes: what goes in, or what comes out. */
export function readSchema(schema: unknown, side: "input" | "output"): ReadSchema | { readonly problem: string } {
  if (schema === undefined) return {};
  if (isStandard(schema)) {
    const standard = schema["~standard"];
    const json = derivedJson(schema, side);
    return { validate: (value) => standard.validate(value), ...(json === undefined ? {} : { json }) };
  }
  if (typeof schema === "boolean") return { json: schema };
  const json = asJson(schema);
  return json === undefined ? { problem: "is neither a Standard Schema nor a JSON Schema" } : { json };
}

/** The places of the argument that do not fit: its own keys, and no library's words. */
export function issuePlaces(issues: readonly StandardIssue[]): string {
  const places = issues.slice(0, 10).map(({ path = [] }) => {
    const keys = path.map((step) => String(typeof step === "object" ? step.key : step));
    return keys.length === 0 ? "(whole)" : keys.join(".");
  });
  return [...new Set(places)].join(", ");
}

function isStandard(schema: unknown): schema is StandardSchema {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null) return false;
  const standard = (schema as Partial<StandardSchema>)["~standard"];
  return typeof standard === "object" && standard?.version === 1 && typeof standard.validate === "function";
}

type Converter = (options: { readonly target: string }) => unknown;

/** By the Standard JSON Schema extension, or by the method that libraries had before it. */
function derivedJson(schema: StandardSchema, side: "input" | "output"): JsonObject | undefined {
  const standard = schema["~standard"] as {
    readonly jsonSchema?: { readonly [side in "input" | "output"]?: Converter };
  };
  const older = schema as { toJSONSchema?: () => unknown; toJsonSchema?: () => unknown };
  try {
    const derived =
      standard.jsonSchema?.[side]?.({ target: "draft-2020-12" }) ?? older.toJSONSchema?.() ?? older.toJsonSchema?.();
    const json = asJson(derived);
    return json === undefined ? undefined : (loosened(json) as JsonObject);
  } catch {
    // A library says so when a type (a date, a transformation) has no JSON Schema.
    return undefined;
  }
}

/**
 * Keywords that a derived schema keeps: those that a manifest's checker knows. All else (patterns, formats, `not`) is left to
 * the schema's own library, so what is derived here only ever accepts more than the library does.
 */
const KEPT: ReadonlySet<string> = new Set(
  (
    "title description default examples deprecated type enum const allOf anyOf oneOf items prefixItems properties required " +
    "additionalProperties minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems " +
    "minProperties maxProperties"
  ).split(" "),
);
/** Keywords whose value is data, and no schema. */
const DATA: ReadonlySet<string> = new Set(["const", "enum", "default", "examples"]);

function loosened(schema: JsonValue): JsonValue {
  if (Array.isArray(schema)) return schema.map((one: JsonValue) => loosened(one));
  if (!isJsonObject(schema)) return schema;
  // A library writes references for what is recursive, and recursion has no place in a function table.
  if (Object.hasOwn(schema, "$ref")) return {};
  const kept: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (!KEPT.has(key)) continue;
    if (DATA.has(key)) kept[key] = value;
    else if (key === "properties" && isJsonObject(value))
      kept[key] = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, loosened(member)]));
    // Of loosened alternatives more than one may fit.
    else kept[key === "oneOf" ? "anyOf" : key] = loosened(value);
  }
  return kept;
}

/** A copy that is surely JSON; undefined where the value is no object, or holds something that JSON does not have. */
function asJson(value: unknown): JsonObject | undefined {
  if (!isJsonObject(value) || holdsOther(value, 0)) return undefined;
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

const DEPTH_MAX = 64;

function holdsOther(value: unknown, depth: number): boolean {
  if (depth > DEPTH_MAX) return true;
  if (value === null || typeof value !== "object") return ["function", "symbol", "bigint"].includes(typeof value);
  return Object.values(value).some((member) => holdsOther(member, depth + 1));
}
