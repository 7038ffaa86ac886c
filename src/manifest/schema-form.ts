// Schema form: the JSON Schemas (2020-12) that a manifest or a host module may state, read into a small tree.
// Invariants: only keywords whose cost is linear in schema × value; a keyword that is about one type stands beside a
// `type` that has it; references are local, followed here and never recursive, so the tree is finite and bounded.

import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { nearest } from "../base/nearest.ts";
import type { JsonSchema } from "../kinds/contract.ts";
import { step, stepsOf, type Report } from "./problems.ts";

/** Subschemas of one schema, references followed. */
export const SCHEMA_NODES_MAX = 2000;
/** Nesting of one schema, references followed. */
export const SCHEMA_DEPTH_MAX = 32;

export type TypeName = "null" | "boolean" | "integer" | "number" | "string" | "array" | "object";

/** One schema, read. What is absent demands nothing. */
export interface Form {
  /** A boolean schema. */
  readonly always?: boolean;
  readonly types?: readonly TypeName[];
  /** `enum`, or `const` as a list of one. */
  readonly choices?: readonly JsonValue[];
  /** minimum, maxLength and the like, by keyword. */
  readonly bounds: Readonly<Partial<Record<Bound, number>>>;
  readonly properties: ReadonlyMap<string, Form>;
  readonly required: readonly string[];
  readonly additional?: Form;
  readonly names?: Form;
  readonly prefix: readonly Form[];
  readonly items?: Form;
  readonly contains?: Form;
  /** allOf and $ref. */
  readonly all: readonly Form[];
  readonly any?: readonly Form[];
  readonly one?: readonly Form[];
  readonly not?: Form;
  /** if, then, else. */
  readonly when?: { readonly test: Form; readonly thus?: Form; readonly otherwise?: Form };
}

const TYPES: ReadonlySet<string> = new Set(["null", "boolean", "integer", "number", "string", "array", "object"]);

const BOUNDS = {
  minimum: "number",
  maximum: "number",
  exclusiveMinimum: "number",
  exclusiveMaximum: "number",
  multipleOf: "number",
  minLength: "string",
  maxLength: "string",
  minItems: "array",
  maxItems: "array",
  minProperties: "object",
  maxProperties: "object",
} as const;
export type Bound = keyof typeof BOUNDS;

/** Keywords about one type, which must be stated beside them. */
const TYPE_OF: { readonly [keyword: string]: TypeName } = {
  ...BOUNDS,
  properties: "object",
  required: "object",
  additionalProperties: "object",
  propertyNames: "object",
  items: "array",
  prefixItems: "array",
  contains: "array",
};

const ANNOTATIONS = "title description default examples deprecated readOnly writeOnly $comment $schema $defs".split(
  " ",
);
const COMBINERS = "type enum const $ref allOf anyOf oneOf not if then else".split(" ");
const KNOWN: ReadonlySet<string> = new Set([...Object.keys(TYPE_OF), ...ANNOTATIONS, ...COMBINERS]);

/** Keywords of JSON Schema that are refused, and why. */
const REFUSED: { readonly [keyword: string]: string } = {
  pattern: "no regular expression runs on the host's data",
  patternProperties: "no regular expression runs on the host's data",
  format: "formats are regular expressions, and none runs on the host's data",
  uniqueItems: "its cost is not linear",
  unevaluatedProperties: "its cost is not linear",
  unevaluatedItems: "its cost is not linear",
  $dynamicRef: "only local references are followed",
  $anchor: "only references to $defs are followed",
  $id: "only references to $defs are followed",
};

/** Reads a schema; undefined where it is not acceptable, with every reason reported as MANIFEST_SCHEMA_INVALID. */
export function readSchema(schema: JsonSchema, pointer: string, report: Report): Form | undefined {
  const reader = new Reader(schema, report);
  const form = reader.read(schema, pointer, 0);
  return reader.failed ? undefined : form;
}

const EMPTY: Form = { bounds: {}, properties: new Map(), required: [], prefix: [], all: [] };

class Reader {
  readonly #root: JsonSchema;
  readonly #report: Report;
  readonly #following = new Set<string>();
  #nodes = 0;
  failed = false;

  constructor(root: JsonSchema, report: Report) {
    this.#root = root;
    this.#report = report;
  }

  read(schema: JsonValue, pointer: string, depth: number): Form {
    if (++this.#nodes > SCHEMA_NODES_MAX) return this.#tooLarge(pointer, `more than ${SCHEMA_NODES_MAX} subschemas`);
    if (depth > SCHEMA_DEPTH_MAX) return this.#tooLarge(pointer, `nested deeper than ${SCHEMA_DEPTH_MAX}`);
    if (typeof schema === "boolean") return { ...EMPTY, always: schema };
    if (!isJsonObject(schema)) return this.#refuse(pointer, "a schema is a map, or true or false");
    const types = this.#types(schema, pointer);
    for (const keyword of Object.keys(schema)) this.#checkKeyword(keyword, types, pointer);
    // ajv 8 finds an empty list valid there, whatever must be contained.
    if (schema["contains"] !== undefined && schema["prefixItems"] !== undefined)
      this.#refuse(`${pointer}/contains`, "contains beside prefixItems", "Use items, or state each element.");
    const sub = (keyword: string): Form | undefined =>
      schema[keyword] === undefined ? undefined : this.read(schema[keyword], pointer + step(keyword), depth + 1);
    const list = (keyword: string): readonly Form[] | undefined => this.#list(schema, keyword, pointer, depth);
    const choices = this.#choices(schema, pointer);
    const test = sub("if");
    return definedOnly({
      types,
      choices,
      bounds: this.#bounds(schema, pointer),
      properties: this.#properties(schema, pointer, depth),
      required: this.#names(schema, pointer),
      additional: sub("additionalProperties"),
      names: sub("propertyNames"),
      prefix: list("prefixItems") ?? [],
      items: sub("items"),
      contains: sub("contains"),
      all: [...(list("allOf") ?? []), ...this.#reference(schema, pointer, depth)],
      any: list("anyOf"),
      one: list("oneOf"),
      not: sub("not"),
      when: this.#when(schema, test, sub, pointer),
    });
  }

  #refuse(pointer: string, message: string, mend?: string): Form {
    this.failed = true;
    this.#report({ code: "MANIFEST_SCHEMA_INVALID", pointer, message, ...(mend === undefined ? {} : { mend }) });
    return EMPTY;
  }

  /** Said once: whatever else is in there is not looked at. */
  #tooLarge(pointer: string, message: string): Form {
    const known = this.#nodes === Infinity;
    this.#nodes = Infinity;
    return known ? EMPTY : this.#refuse(pointer, `the schema is too large: ${message}`);
  }

  #checkKeyword(keyword: string, types: readonly TypeName[] | undefined, pointer: string): void {
    const at = pointer + step(keyword);
    const why = Object.hasOwn(REFUSED, keyword) ? REFUSED[keyword] : undefined;
    if (why !== undefined) {
      this.#refuse(at, `the keyword ${keyword} is refused: ${why}`, "Use enum, const, or bounds of length and value.");
    } else if (!KNOWN.has(keyword)) {
      const near = nearest(keyword, KNOWN);
      this.#refuse(
        at,
        `unknown keyword ${JSON.stringify(keyword.slice(0, 64))} in a schema`,
        near === undefined ? "Remove it, or write a keyword that docs/manifest.md lists." : `Did you mean ${near}?`,
      );
    } else if (Object.hasOwn(TYPE_OF, keyword)) {
      const type = TYPE_OF[keyword] as TypeName;
      const stated = types?.some((one) => one === type || (type === "number" && one === "integer")) ?? false;
      const wanted = type === "number" ? "number or integer" : type;
      if (!stated) this.#refuse(at, `${keyword} without its type`, `State type: ${wanted} beside it.`);
    }
  }

  #types(schema: JsonObject, pointer: string): readonly TypeName[] | undefined {
    const { type } = schema;
    if (type === undefined) return undefined;
    const types = (Array.isArray(type) ? type : [type]) as readonly JsonValue[];
    const known = types.length > 0 && types.every((one) => typeof one === "string" && TYPES.has(one));
    if (known && new Set(types).size === types.length) return types as readonly TypeName[];
    const near = typeof type === "string" ? nearest(type, TYPES) : undefined;
    const mend = near === undefined ? `The types are: ${[...TYPES].join(", ")}.` : `Did you mean ${near}?`;
    this.#refuse(`${pointer}/type`, "type is not one of JSON Schema's types", mend);
    return undefined;
  }

  #choices(schema: JsonObject, pointer: string): readonly JsonValue[] | undefined {
    if (schema["const"] !== undefined && schema["enum"] !== undefined) {
      this.#refuse(`${pointer}/const`, "const beside enum", "Keep one of them.");
    }
    if (schema["const"] !== undefined) return [schema["const"]];
    const choices = schema["enum"];
    if (choices === undefined) return undefined;
    const texts = Array.isArray(choices) ? choices.map((one) => JSON.stringify(one)) : [];
    if (texts.length > 0 && texts.length <= 1000 && new Set(texts).size === texts.length) {
      return choices as readonly JsonValue[];
    }
    this.#refuse(`${pointer}/enum`, "enum is a list of 1 to 1000 different values");
    return undefined;
  }

  #bounds(schema: JsonObject, pointer: string): Form["bounds"] {
    const bounds: Partial<Record<Bound, number>> = {};
    for (const keyword of Object.keys(BOUNDS) as readonly Bound[]) {
      const value = schema[keyword];
      if (value === undefined) continue;
      const size = BOUNDS[keyword] !== "number";
      const right =
        typeof value === "number" &&
        (!size || (Number.isInteger(value) && value >= 0)) &&
        (keyword !== "multipleOf" || value > 0);
      if (right) bounds[keyword] = value;
      else
        this.#refuse(`${pointer}/${keyword}`, `${keyword} is not ${size ? "a whole number, 0 or more" : "a number"}`);
    }
    return bounds;
  }

  #properties(schema: JsonObject, pointer: string, depth: number): ReadonlyMap<string, Form> {
    const { properties } = schema;
    const read = new Map<string, Form>();
    if (properties === undefined) return read;
    if (!isJsonObject(properties)) this.#refuse(`${pointer}/properties`, "properties is a map of schemas");
    else
      for (const [name, inner] of Object.entries(properties))
        read.set(name, this.read(inner, `${pointer}/properties${step(name)}`, depth + 1));
    return read;
  }

  #names(schema: JsonObject, pointer: string): readonly string[] {
    const required = schema["required"] ?? [];
    const texts = Array.isArray(required) && required.every((one) => typeof one === "string");
    if (texts && new Set(required).size === required.length) return required;
    this.#refuse(`${pointer}/required`, "required is a list of different names");
    return [];
  }

  #list(schema: JsonObject, keyword: string, pointer: string, depth: number): readonly Form[] | undefined {
    const list = schema[keyword];
    if (list === undefined) return undefined;
    const at = pointer + step(keyword);
    if (Array.isArray(list) && list.length > 0) {
      return (list as readonly JsonValue[]).map((one, index) => this.read(one, at + step(index), depth + 1));
    }
    this.#refuse(at, `${keyword} is a list of schemas, with one at least`);
    return undefined;
  }

  #when(
    schema: JsonObject,
    test: Form | undefined,
    sub: (keyword: string) => Form | undefined,
    pointer: string,
  ): Form["when"] {
    const thus = sub("then");
    const otherwise = sub("else");
    if (test !== undefined && (thus ?? otherwise) !== undefined) return definedOnly({ test, thus, otherwise });
    const alone = ["if", "then", "else"].find((keyword) => schema[keyword] !== undefined);
    if (alone !== undefined)
      this.#refuse(`${pointer}/${alone}`, `${alone} alone decides nothing`, "Use if with then or else.");
    return undefined;
  }

  #reference(schema: JsonObject, pointer: string, depth: number): readonly Form[] {
    const { $ref } = schema;
    if ($ref === undefined) return [];
    const at = `${pointer}/$ref`;
    const target = typeof $ref === "string" && /^#\/\$defs\/[^/]+$/.test($ref) ? this.#definition($ref) : undefined;
    if (target === undefined) {
      return [this.#refuse(at, "$ref names nothing under this schema's own $defs", "Write it as #/$defs/NAME.")];
    }
    const name = $ref as string;
    if (this.#following.has(name)) return [this.#refuse(at, "a $ref leads back to itself", "Write the levels out.")];
    this.#following.add(name);
    const form = this.read(target, at, depth + 1);
    this.#following.delete(name);
    return [form];
  }

  #definition($ref: string): JsonValue | undefined {
    const defs = isJsonObject(this.#root) ? this.#root["$defs"] : undefined;
    const name = stepsOf($ref.slice(1))[1] as string;
    return isJsonObject(defs) && Object.hasOwn(defs, name) ? defs[name] : undefined;
  }
}

/** Leaves out the members that are undefined. */
function definedOnly<T extends object>(record: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
