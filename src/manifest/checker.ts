// Checkers: whether a value fits a function's input or output schema, or the agent's, in plain JSON Schema (2020-12),
// by ajv. Compiled when first used, since most functions of a grant are not called in a session.
// Of values that cross the door a schema speaks as they are, not as they are wrapped (base/codec.ts): an object has its own
// members, and a date, bytes or a bigint is no object, unless the schema states its "$type".

import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { CodecError, TAGS, unwrapObjects } from "../base/codec.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import type { JsonSchema } from "../kinds/contract.ts";
import { stepsOf, type Report } from "./problems.ts";
import { readSchema } from "./schema-form.ts";

/** What is wrong with a value, in one line without the value itself; undefined where it fits. Total and pure. */
export type Checker = (value: JsonValue) => string | undefined;

/** Compiles a checker of plain JSON. A schema that is not acceptable is reported (MANIFEST_SCHEMA_INVALID), and nothing fits it. */
export function compileChecker(schema: JsonSchema, pointer: string, report: Report): Checker {
  if (readSchema(schema, pointer, report) === undefined) return () => UNACCEPTABLE;
  return checkerOver(schema);
}

/** The same for the JSON form of a value that crosses the door. */
export function compileValueChecker(schema: JsonSchema, pointer: string, report: Report): Checker {
  if (readSchema(schema, pointer, report) === undefined) return () => UNACCEPTABLE;
  const check = checkerOver(untagged(schema) as JsonSchema);
  return (value) => {
    try {
      return check(unwrapObjects(value));
    } catch (error) {
      if (error instanceof CodecError) return `cannot be read: ${error.message}`;
      throw error;
    }
  };
}

const UNACCEPTABLE = "the schema is not acceptable";

function checkerOver(schema: JsonSchema): Checker {
  const compiled = lazily(schema);
  return (value) => {
    const validate = compiled();
    if (validate === undefined) return UNACCEPTABLE;
    if (validate(value)) return undefined;
    const error = validate.errors?.[0];
    return error === undefined ? "does not fit" : sentence(error);
  };
}

/** Whether a value, its objects unwrapped, is valid, plainly. For schemas that `readSchema` has accepted. */
export function compileValidator(schema: JsonSchema): (value: JsonValue) => boolean {
  const compiled = lazily(untagged(schema) as JsonSchema);
  return (value) => compiled()?.(value) === true;
}

const SUBSCHEMAS: ReadonlySet<string> = new Set(
  "additionalProperties propertyNames items prefixItems contains allOf anyOf oneOf not if then else".split(" "),
);
/** A schema of its own, so that `additionalProperties` beside it still speaks of a "$type". */
const NO_TAG: JsonObject = { properties: { $type: { not: { enum: [...TAGS] } } } };

/** The schema as ajv is to have it: what it calls an object is no tagged value, unless it states a "$type" itself. */
function untagged(schema: JsonValue): JsonValue {
  if (Array.isArray(schema)) return schema.map((one: JsonValue) => untagged(one));
  if (!isJsonObject(schema)) return schema;
  const rewritten = Object.fromEntries(
    Object.entries(schema).map(([keyword, value]): [string, JsonValue] => {
      if ((keyword === "properties" || keyword === "$defs") && isJsonObject(value)) return [keyword, eachMember(value)];
      return [keyword, SUBSCHEMAS.has(keyword) ? untagged(value) : value];
    }),
  );
  const { type, properties, allOf } = rewritten;
  const isOfObjects = type === "object" || (Array.isArray(type) && type.includes("object"));
  if (!isOfObjects || (isJsonObject(properties) && Object.hasOwn(properties, "$type"))) return rewritten;
  return { ...rewritten, allOf: [...(Array.isArray(allOf) ? (allOf as readonly JsonValue[]) : []), NO_TAG] };
}

function eachMember(schemas: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, untagged(schema)]));
}

/** An engine keeps a few kilobytes of each schema for ever, whatever is removed from it, so it is left behind after so many. */
const SCHEMAS_AN_ENGINE = 20;

let ajv: Ajv2020 | undefined;
let schemas = 0;

/** The reader has checked the schema and demands types itself, per subschema; ajv checks the rest in strict mode. */
function engine(): Ajv2020 {
  if (schemas++ % SCHEMAS_AN_ENGINE !== 0 && ajv !== undefined) return ajv;
  return (ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    // An inherited member (toString) is none of the value's.
    ownProperties: true,
    meta: false,
    validateSchema: false,
    logger: false,
  }));
}

function lazily(schema: JsonSchema): () => ValidateFunction | undefined {
  let validate: ValidateFunction | undefined;
  let tried = false;
  return () => {
    if (!tried) validate = compile(schema);
    tried = true;
    return validate;
  };
}

/** Undefined where ajv refuses what the reader has accepted: then nothing fits. */
function compile(schema: JsonSchema): ValidateFunction | undefined {
  const compiler = engine();
  try {
    return compiler.compile(schema);
  } catch {
    return undefined;
  } finally {
    if (typeof schema === "object") compiler.removeSchema(schema);
  }
}

function sentence({ instancePath, keyword, params, message }: ErrorObject): string {
  const at = stepsOf(instancePath).join(".").slice(0, 120);
  return `${at === "" ? "" : `${at} `}${predicate(keyword, params as Readonly<Record<string, unknown>>, message)}`;
}

function predicate(keyword: string, params: Readonly<Record<string, unknown>>, message: string | undefined): string {
  switch (keyword) {
    case "required":
      return `must have ${String(params["missingProperty"])}`;
    case "additionalProperties":
      return `must not have ${JSON.stringify(String(params["additionalProperty"]).slice(0, 64))}`;
    case "enum":
      return `must be one of ${(params["allowedValues"] as readonly unknown[])
        .map((one) => JSON.stringify(one))
        .join(", ")
        .slice(0, 200)}`;
    case "const":
      return `must be ${JSON.stringify(params["allowedValue"]).slice(0, 200)}`;
    case "not":
      return "is a value that the schema does not speak of";
    case "type":
      return `must be ${[params["type"]].flat().join(" or ")}`;
    default:
      return message ?? "does not fit";
  }
}
