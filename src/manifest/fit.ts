// Fit: whether a value has the form that a JSON Schema of ours describes, told as findings for a person: each with its
// place, what was expected, what was found, and the nearest known key. The schemas are the grammar's own (grammar.ts and
// the kinds' tables), trusted and small; a keyword that is not understood here is a bug, so nothing can pass unchecked.

import { assert } from "../base/assert.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { nearest } from "../base/nearest.ts";
import type { JsonSchema } from "../kinds/contract.ts";
import { step, type Finding, type Report } from "./problems.ts";

/** Keywords that are understood, beside annotations. */
const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "$ref type enum const pattern minLength maxLength minimum maximum items minItems maxItems uniqueItems " +
    "properties required additionalProperties propertyNames minProperties maxProperties anyOf oneOf " +
    "title description examples default deprecated $schema $id $defs"
  ).split(" "),
);

/** Reports everything in `value` that does not fit. `definitions` answers `$ref: "#/$defs/NAME"`. */
export function fit(
  value: JsonValue,
  schema: JsonSchema,
  pointer: string,
  definitions: { readonly [name: string]: JsonSchema },
  report: Report,
): void {
  if (schema === true) return;
  assert(schema !== false && isJsonObject(schema), "a schema of the grammar is an object");
  for (const keyword of Object.keys(schema)) assert(KEYWORDS.has(keyword), `the keyword ${keyword} in the grammar`);
  const { $ref } = schema;
  if (typeof $ref === "string") {
    const definition = definitions[$ref.replace("#/$defs/", "")];
    assert(definition !== undefined, `the definition ${$ref}`);
    return fit(value, definition, pointer, definitions, report);
  }
  const branches = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (branches !== undefined) return fitBranches(value, schema, branches, pointer, definitions, report);
  if (!hasType(value, schema["type"])) return mismatch(value, schema, pointer, report);
  const whole: Whole = { schema, pointer, definitions, report };
  if (schema["enum"] !== undefined || schema["const"] !== undefined) return fitChoice(value, whole);
  if (typeof value === "string") fitText(value, whole);
  else if (typeof value === "number") fitNumber(value, whole);
  else if (Array.isArray(value)) fitList(value as readonly JsonValue[], whole);
  else if (isJsonObject(value)) fitObject(value, whole);
}

interface Whole {
  readonly schema: JsonObject;
  readonly pointer: string;
  readonly definitions: { readonly [name: string]: JsonSchema };
  readonly report: Report;
}

function hasType(value: JsonValue, type: JsonValue | undefined): boolean {
  if (type === undefined) return true;
  if (Array.isArray(type)) return type.some((one) => hasType(value, one as JsonValue));
  return type === typeName(value) || (type === "number" && typeof value === "number");
}

function typeName(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

const TYPE_WORDS: { readonly [type: string]: string } = {
  null: "nothing",
  array: "a list",
  object: "a map",
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

/** "a duration such as 20s": the schema's title, or its type in words. */
function expected(schema: JsonSchema, definitions: Whole["definitions"]): string {
  if (!isJsonObject(schema)) return "any value";
  if (typeof schema["title"] === "string") return schema["title"];
  const { $ref } = schema;
  if (typeof $ref === "string") return expected(definitions[$ref.replace("#/$defs/", "")] as JsonSchema, definitions);
  const branches = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (branches !== undefined) return [...new Set(branches.map((one) => expected(one, definitions)))].join(", or ");
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  if (schema["enum"] !== undefined) return `one of ${(schema["enum"] as readonly JsonValue[]).map(spoken).join(", ")}`;
  const types = [schema["type"] ?? []].flat() as readonly string[];
  return types.map((type) => TYPE_WORDS[type] ?? type).join(" or ");
}

/** What was found, short enough for a line. */
function found(value: JsonValue): string {
  if (value === null || typeof value === "object") return TYPE_WORDS[typeName(value)] as string;
  const text = JSON.stringify(value);
  const kind = typeof value === "number" ? "the number " : "";
  return kind + (text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function spoken(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function mismatch(value: JsonValue, schema: JsonSchema, pointer: string, report: Report, definitions = {}): void {
  const quote = typeof value === "number" || typeof value === "boolean" ? ` Quote it if it is a text.` : "";
  report({
    code: "MANIFEST_VALUE_INVALID",
    pointer,
    message: `${named(pointer)}expected ${expected(schema, definitions)}, found ${found(value)}`,
    mend: `Write ${expected(schema, definitions)}.${quote}`,
  });
}

/** "limits.wall: ", so that a message can be read without the file. */
function named(pointer: string): string {
  return pointer === "" ? "" : `${pointer.slice(1).replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~")}: `;
}

function fitChoice(value: JsonValue, { schema, pointer, report }: Whole): void {
  const choices = (schema["enum"] as readonly JsonValue[] | undefined) ?? [schema["const"] as JsonValue];
  if (choices.includes(value)) return;
  const near = typeof value === "string" ? nearest(value, choices.map(spoken)) : undefined;
  const words = expected(schema, {});
  report({
    code: "MANIFEST_VALUE_INVALID",
    pointer,
    message: `${named(pointer)}expected ${words}, found ${found(value)}`,
    mend: near === undefined ? `Write ${words}.` : `Did you mean ${near}?`,
  });
}

function fitText(value: string, whole: Whole): void {
  const { minLength, maxLength, pattern } = whole.schema;
  const tooShort = typeof minLength === "number" && value.length < minLength;
  const tooLong = typeof maxLength === "number" && value.length > maxLength;
  const unlike = typeof pattern === "string" && !new RegExp(pattern, "u").test(value);
  if (tooLong) return bounds(whole, `at most ${maxLength} characters`, `${value.length}`);
  if (tooShort || unlike) mismatch(value, whole.schema, whole.pointer, whole.report);
}

function fitNumber(value: number, whole: Whole): void {
  const { minimum, maximum } = whole.schema;
  if (typeof minimum === "number" && value < minimum) bounds(whole, `at least ${minimum}`, `${value}`);
  if (typeof maximum === "number" && value > maximum) bounds(whole, `at most ${maximum}`, `${value}`);
}

function fitList(value: readonly JsonValue[], whole: Whole): void {
  const { items, minItems, maxItems, uniqueItems } = whole.schema;
  if (typeof minItems === "number" && value.length < minItems)
    bounds(whole, `at least ${minItems} entries`, `${value.length}`);
  if (typeof maxItems === "number" && value.length > maxItems)
    return bounds(whole, `at most ${maxItems} entries`, `${value.length}`);
  if (items !== undefined) value.forEach((item, index) => inside(item, items as JsonSchema, index, whole));
  if (uniqueItems !== true) return;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const text = JSON.stringify(item);
    if (seen.has(text)) {
      const pointer = whole.pointer + step(index);
      const message = `${named(pointer)}${found(item)} stands in the list twice`;
      whole.report({ code: "MANIFEST_VALUE_INVALID", pointer, message, mend: "Keep one of them." });
    }
    seen.add(text);
  }
}

function fitObject(value: JsonObject, whole: Whole): void {
  const { schema, pointer, definitions, report } = whole;
  const properties = (schema["properties"] ?? {}) as { readonly [key: string]: JsonSchema };
  const rest = schema["additionalProperties"] as JsonSchema | undefined;
  const size = Object.keys(value).length;
  const { minProperties, maxProperties } = schema;
  if (typeof minProperties === "number" && size < minProperties)
    bounds(whole, `at least ${minProperties} keys`, `${size}`);
  if (typeof maxProperties === "number" && size > maxProperties)
    return bounds(whole, `at most ${maxProperties} keys`, `${size}`);
  for (const key of (schema["required"] ?? []) as readonly string[]) {
    if (Object.hasOwn(value, key)) continue;
    const what = properties[key] === undefined ? "" : `, ${expected(properties[key], definitions)}`;
    const message = `${named(pointer)}the key ${key} is missing`;
    report({ code: "MANIFEST_KEY_MISSING", pointer, message, mend: `Add ${key}${what}.` });
  }
  for (const [key, member] of Object.entries(value)) {
    if (Object.hasOwn(properties, key)) inside(member, properties[key] as JsonSchema, key, whole);
    else if (rest === false) unknownKey(key, Object.keys(properties), value, whole);
    else {
      if (schema["propertyNames"] !== undefined) fitName(key, whole);
      if (rest !== undefined) inside(member, rest, key, whole);
    }
  }
}

function inside(
  value: JsonValue,
  schema: JsonSchema,
  key: string | number,
  { pointer, definitions, report }: Whole,
): void {
  fit(value, schema, pointer + step(key), definitions, report);
}

function fitName(key: string, { schema, pointer, definitions, report }: Whole): void {
  const at = pointer + step(key);
  const onKey = (finding: Finding): void => report({ ...finding, message: `the name ${finding.message}`, pointer: at });
  fit(key, schema["propertyNames"] as JsonSchema, at, definitions, onKey);
}

function unknownKey(key: string, known: readonly string[], value: JsonObject, { pointer, report }: Whole): void {
  const near = nearest(
    key,
    known.filter((one) => !Object.hasOwn(value, one)),
  );
  report({
    code: "MANIFEST_KEY_UNKNOWN",
    pointer: pointer + step(key),
    message: `${named(pointer)}unknown key ${JSON.stringify(key.slice(0, 64))}`,
    mend: near === undefined ? `The keys here are: ${known.join(", ")}.` : `Did you mean ${near}?`,
  });
}

function bounds({ pointer, report }: Whole, want: string, got: string): void {
  report({
    code: "MANIFEST_VALUE_INVALID",
    pointer,
    message: `${named(pointer)}expected ${want}, found ${got}`,
    mend: `Write ${want}.`,
  });
}

/** Takes the one branch that the value is plainly meant for: by its type, then by a property that each branch fixes. */
function fitBranches(
  value: JsonValue,
  schema: JsonObject,
  branches: readonly JsonSchema[],
  pointer: string,
  definitions: Whole["definitions"],
  report: Report,
): void {
  const plain = branches.map((one) => deref(one, definitions));
  const meant = plain.filter((one) => hasType(value, one["type"]));
  if (meant.length === 0) return mismatch(value, schema, pointer, report, definitions);
  const key = isJsonObject(value) ? discriminator(meant) : undefined;
  if (key !== undefined)
    return fitDiscriminated(value as JsonObject, key, meant, { schema, pointer, definitions, report });
  let fewest: readonly Finding[] | undefined;
  for (const branch of meant) {
    const findings: Finding[] = [];
    fit(value, branch, pointer, definitions, (finding) => findings.push(finding));
    if (fewest === undefined || findings.length < fewest.length) fewest = findings;
  }
  for (const finding of fewest ?? []) report(finding);
}

function deref(schema: JsonSchema, definitions: Whole["definitions"]): JsonObject {
  assert(isJsonObject(schema), "a branch is an object");
  const { $ref } = schema;
  return typeof $ref === "string"
    ? deref(definitions[$ref.replace("#/$defs/", "")] as JsonSchema, definitions)
    : schema;
}

function constantOf(branch: JsonObject, key: string): JsonValue | undefined {
  const property = (branch["properties"] as JsonObject | undefined)?.[key];
  return isJsonObject(property) ? property["const"] : undefined;
}

/** The property to which every branch gives a constant of its own. */
function discriminator(branches: readonly JsonObject[]): string | undefined {
  if (branches.length < 2) return undefined;
  const keys = Object.keys((branches[0] as JsonObject)["properties"] ?? {});
  return keys.find((key) => branches.every((branch) => constantOf(branch, key) !== undefined));
}

function fitDiscriminated(value: JsonObject, key: string, branches: readonly JsonObject[], whole: Whole): void {
  const { pointer, definitions, report } = whole;
  const constant = (branch: JsonObject): JsonValue => constantOf(branch, key) as JsonValue;
  const offered = branches.filter((branch) => branch["deprecated"] !== true).map(constant);
  if (!Object.hasOwn(value, key)) {
    const message = `${named(pointer)}the key ${key} is missing`;
    const mend = `Add ${key}, one of ${offered.map(spoken).join(", ")}.`;
    return report({ code: "MANIFEST_KEY_MISSING", pointer, message, mend });
  }
  const branch = branches.find((one) => constant(one) === value[key]);
  if (branch !== undefined) return fit(value, branch, pointer, definitions, report);
  fitChoice(value[key] as JsonValue, { ...whole, schema: { enum: offered }, pointer: pointer + step(key) });
}
