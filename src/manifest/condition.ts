// Conditions: what a `where` says of a value (its objects unwrapped: base/codec.ts), in three values. `undecided` where a stated property is missing, or a
// value is of another type than the schema states: then the schema says nothing, where plain JSON Schema would say
// something by accident. Under allow only "yes" matches; under deny and ask, "yes" and "undecided" do.
// Invariant: two interpreters must agree. "yes" is never said unless ajv finds the value valid, "no" never unless it
// finds it invalid; where they differ, the answer is "undecided".

import { isTagged } from "../base/codec.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import { isJsonObject } from "../base/json.ts";
import type { Condition, JsonSchema } from "../kinds/contract.ts";
import { compileValidator } from "./checker.ts";
import type { Report } from "./problems.ts";
import { readSchema, type Bound, type Form, type TypeName } from "./schema-form.ts";

type Verdict = ReturnType<Condition>;

/**
 * Compiles a condition; total and pure. One that is not acceptable is reported (MANIFEST_SCHEMA_INVALID) and never
 * decides.
 */
export function compileCondition(schema: JsonSchema, pointer: string, report: Report): Condition {
  const form = readSchema(schema, pointer, report);
  if (form === undefined) return () => "undecided";
  const isValid = compileValidator(schema);
  return (value) => {
    const verdict = judge(form, value);
    if (verdict === "undecided") return verdict;
    return isValid(value) === (verdict === "yes") ? verdict : "undecided";
  };
}

/** Kleene's strong logic: false beats unknown beats true. */
function every(verdicts: Iterable<Verdict>): Verdict {
  let whole: Verdict = "yes";
  for (const verdict of verdicts) {
    if (verdict === "no") return "no";
    if (verdict === "undecided") whole = "undecided";
  }
  return whole;
}

function some(verdicts: Iterable<Verdict>): Verdict {
  return negate(every(Iterator.from(verdicts).map(negate)));
}

function negate(verdict: Verdict): Verdict {
  return verdict === "undecided" ? verdict : verdict === "yes" ? "no" : "yes";
}

function decided(holds: boolean): Verdict {
  return holds ? "yes" : "no";
}

/** What a schema that has been read says of a value, by this interpreter alone. */
export function judge(form: Form, value: JsonValue): Verdict {
  return every(parts(form, value));
}

function* parts(form: Form, value: JsonValue): Generator<Verdict> {
  if (form.always !== undefined) yield decided(form.always);
  if (form.types !== undefined && !form.types.some((type) => isOfType(value, type, form))) yield "undecided";
  if (form.choices !== undefined) yield choice(form.choices, value);
  if (typeof value === "number") yield* numberParts(form, value);
  else if (typeof value === "string") yield* textParts(form, value);
  else if (Array.isArray(value)) yield* listParts(form, value as readonly JsonValue[]);
  else if (isObjectOf(form, value)) yield* objectParts(form, value);
  for (const one of form.all) yield judge(one, value);
  if (form.any !== undefined) yield some(form.any.map((one) => judge(one, value)));
  if (form.one !== undefined) yield exactlyOne(form.one.map((one) => judge(one, value)));
  if (form.not !== undefined) yield negate(judge(form.not, value));
  if (form.when !== undefined) yield conditional(form.when, value);
}

function isOfType(value: JsonValue, type: TypeName, form: Form): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObjectOf(form, value);
  return type === "null" ? value === null : typeof value === type;
}

/** A date, bytes and the like are no object, unless the schema states their "$type". */
function isObjectOf(form: Form, value: JsonValue): value is JsonObject {
  return isJsonObject(value) && (!isTagged(value) || form.properties.has("$type"));
}

/** A value of a type that none of the choices has is none that the schema speaks of. */
function choice(choices: readonly JsonValue[], value: JsonValue): Verdict {
  if (choices.some((one) => equal(one, value))) return "yes";
  return choices.some((one) => kindOf(one) === kindOf(value)) ? "no" : "undecided";
}

function kindOf(value: JsonValue): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function equal(a: JsonValue, b: JsonValue): boolean {
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as JsonObject;
  const right = b as JsonObject;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equal(left[key] as JsonValue, right[key] as JsonValue));
}

function* within(form: Form, size: number, least: Bound, most: Bound): Generator<Verdict> {
  const { [least]: min, [most]: max } = form.bounds;
  if (min !== undefined) yield decided(size >= min);
  if (max !== undefined) yield decided(size <= max);
}

function* numberParts(form: Form, value: number): Generator<Verdict> {
  yield* within(form, value, "minimum", "maximum");
  const { exclusiveMinimum, exclusiveMaximum, multipleOf } = form.bounds;
  if (exclusiveMinimum !== undefined) yield decided(value > exclusiveMinimum);
  if (exclusiveMaximum !== undefined) yield decided(value < exclusiveMaximum);
  if (multipleOf !== undefined) yield decided(Number.isInteger(value / multipleOf));
}

function* textParts(form: Form, value: string): Generator<Verdict> {
  if (form.bounds.minLength === undefined && form.bounds.maxLength === undefined) return;
  let characters = 0;
  for (const _ of value) characters++;
  yield* within(form, characters, "minLength", "maxLength");
}

function* listParts(form: Form, value: readonly JsonValue[]): Generator<Verdict> {
  yield* within(form, value.length, "minItems", "maxItems");
  const { prefix, items, contains } = form;
  for (const [index, one] of prefix.entries()) {
    yield index < value.length ? judge(one, value[index] as JsonValue) : "undecided";
  }
  if (items !== undefined) for (const item of value.slice(prefix.length)) yield judge(items, item);
  if (contains !== undefined) yield some(value.map((item) => judge(contains, item)));
}

function* objectParts(form: Form, value: JsonObject): Generator<Verdict> {
  const keys = Object.keys(value);
  yield* within(form, keys.length, "minProperties", "maxProperties");
  for (const name of form.required) yield Object.hasOwn(value, name) ? "yes" : "undecided";
  for (const [name, inner] of form.properties) {
    yield Object.hasOwn(value, name) ? judge(inner, value[name] as JsonValue) : "undecided";
  }
  for (const key of keys) {
    if (form.names !== undefined) yield judge(form.names, key);
    if (form.additional !== undefined && !form.properties.has(key))
      yield judge(form.additional, value[key] as JsonValue);
  }
}

function exactlyOne(verdicts: readonly Verdict[]): Verdict {
  const yes = verdicts.filter((one) => one === "yes").length;
  if (yes > 1) return "no";
  return verdicts.includes("undecided") ? "undecided" : decided(yes === 1);
}

function conditional({ test, thus, otherwise }: NonNullable<Form["when"]>, value: JsonValue): Verdict {
  const whenTrue = thus === undefined ? "yes" : judge(thus, value);
  const whenFalse = otherwise === undefined ? "yes" : judge(otherwise, value);
  const verdict = judge(test, value);
  if (verdict === "undecided") return whenTrue === whenFalse ? whenTrue : "undecided";
  return verdict === "yes" ? whenTrue : whenFalse;
}
