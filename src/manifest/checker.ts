// Checkers: whether a value fits a function's input or output schema, or the agent's, in plain JSON Schema (2020-12),
// by ajv. Compiled when first used, since most functions of a grant are not called in a session.

import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { JsonValue } from "../base/json.ts";
import type { JsonSchema } from "../kinds/contract.ts";
import { stepsOf, type Report } from "./problems.ts";
import { readSchema } from "./schema-form.ts";

/** What is wrong with a value, in one line without the value itself; undefined where it fits. Total and pure. */
export type Checker = (value: JsonValue) => string | undefined;

/** Compiles a checker. A schema that is not acceptable is reported (MANIFEST_SCHEMA_INVALID), and nothing fits it. */
export function compileChecker(schema: JsonSchema, pointer: string, report: Report): Checker {
  if (readSchema(schema, pointer, report) === undefined) return () => "the schema is not acceptable";
  const compiled = lazily(schema);
  return (value) => {
    const validate = compiled();
    if (validate === undefined) return "the schema is not acceptable";
    if (validate(value)) return undefined;
    const error = validate.errors?.[0];
    return error === undefined ? "does not fit" : sentence(error);
  };
}

/** Whether a value is valid, plainly. For schemas that `readSchema` has accepted. */
export function compileValidator(schema: JsonSchema): (value: JsonValue) => boolean {
  const compiled = lazily(schema);
  return (value) => compiled()?.(value) === true;
}

let ajv: Ajv2020 | undefined;

/** The reader has checked the schema and demands types itself, per subschema; ajv checks the rest in strict mode. */
function engine(): Ajv2020 {
  return (ajv ??= new Ajv2020({
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
  try {
    return engine().compile(schema);
  } catch {
    return undefined;
  } finally {
    // ajv would keep every schema for ever.
    if (typeof schema === "object") engine().removeSchema(schema);
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
    case "type":
      return `must be ${[params["type"]].flat().join(" or ")}`;
    default:
      return message ?? "does not fit";
  }
}
