// The value codec: how a JavaScript value crosses the door between host and guest, in both directions, as JSON.
// Plain JSON stands for itself. Everything else is an object with the key "$type":
//   {"$type":"undefined"} · {"$type":"number","value":"NaN"|"Infinity"|"-Infinity"|"-0"} ·
//   {"$type":"bigint","value":"123"} · {"$type":"date","value":<ms since the epoch>|null} ·
//   {"$type":"bytes","value":"<base64>"} · {"$type":"object","value":{…}} for an object that has a "$type" key itself.
// Invariants: encode then decode gives an equal value; no function, symbol, Map, Set or class instance crosses; an
// `undefined` member of an object is dropped, as JSON does. Runs in the host and inside the guest (it captures what it
// uses when it is loaded, before any agent code runs).

import type { JsonValue } from "./json.ts";

/** Deepest nesting of a value that crosses the door. */
export const VALUE_DEPTH_MAX = 64;
/** Deepest nesting of its JSON form, in which a tagged value takes two levels. */
export const JSON_DEPTH_MAX = 2 * VALUE_DEPTH_MAX;
/** Most nodes of the JSON form of a value that crosses the door: its reader takes time for each, and others wait for it. */
export const VALUE_NODES_MAX = 100_000;
/** What a tagged value's JSON form has beside itself: its tag, and its value. */
const TAG_NODES = 2;
/** Most characters of a bigint that crosses: reading one takes time that grows faster than its length. */
export const BIGINT_CHARS_MAX = 10_000;

/** What a CodecError says, by a mark that no other error can have; undefined for any other value. */
export let readCodecError: (thrown: unknown) => string | undefined;

export class CodecError extends TypeError {
  override readonly name = "CodecError";
  /** The message as it was made, whatever has been made of the error since. */
  readonly #what: string;

  constructor(what: string) {
    super(what);
    this.#what = what;
  }

  static {
    readCodecError = (thrown) =>
      typeof thrown === "object" && thrown !== null && #what in thrown ? thrown.#what : undefined;
  }
}

const { isArray } = Array;
const { defineProperty, getPrototypeOf, hasOwn, keys, prototype: objectPrototype } = Object;
const objectIs = Object.is;
const { isFinite: isFiniteNumber } = Number;
const dateGetTime = Date.prototype.getTime;
const apply = Reflect.apply;
const toBase64 = Uint8Array.prototype.toBase64;
const fromBase64 = Uint8Array.fromBase64.bind(Uint8Array);
const NativeDate = Date;
const NativeBigInt = BigInt;
const NativeUint8Array = Uint8Array;
const NativeArrayBuffer = ArrayBuffer;
const isWellFormed = String.prototype.isWellFormed;
const bufferIsView = ArrayBuffer.isView;
const regExpExec = RegExp.prototype.exec;
const BIGINT = /^-?(0|[1-9]\d*)$/;
const BASE64_OPTIONS = { __proto__: null, lastChunkHandling: "strict" } as const;

/** The JSON form of a value. @throws CodecError on what cannot cross, on cycles and beyond the bounds. */
export function encodeValue(value: unknown): JsonValue {
  return encode(value, 0, { nodes: 0 });
}

function encode(value: unknown, depth: number, count: { nodes: number }): JsonValue {
  if (depth > VALUE_DEPTH_MAX)
    throw new CodecError(`a value may be nested ${VALUE_DEPTH_MAX} deep at most (or it is cyclic)`);
  if (++count.nodes > VALUE_NODES_MAX) throw new CodecError(`a value may have ${VALUE_NODES_MAX} parts at most`);
  switch (typeof value) {
    case "string":
      if (!apply(isWellFormed, value, [])) throw new CodecError("a text with a lone surrogate cannot cross");
      return value;
    case "boolean":
      return value;
    case "number":
      if (isFiniteNumber(value) && !objectIs(value, -0)) return value;
      count.nodes += TAG_NODES;
      return { $type: "number", value: objectIs(value, -0) ? "-0" : `${value}` };
    case "undefined":
      count.nodes += TAG_NODES;
      return { $type: "undefined" };
    case "bigint":
      count.nodes += TAG_NODES;
      return { $type: "bigint", value: spellBigInt(value) };
    case "object":
      return value === null ? null : encodeObject(value, depth, count);
    default:
      throw new CodecError(`a ${typeof value} cannot cross`);
  }
}

function spellBigInt(value: bigint): string {
  const text = `${value}`;
  if (text.length > BIGINT_CHARS_MAX) throw new CodecError(`a bigint may have ${BIGINT_CHARS_MAX} digits at most`);
  return text;
}

function encodeObject(value: object, depth: number, count: { nodes: number }): JsonValue {
  if (isArray(value)) {
    const list: JsonValue[] = [];
    for (let i = 0; i < value.length; i++) put(list, i, encode(value[i], depth + 1, count));
    return list;
  }
  if (value instanceof NativeUint8Array || value instanceof NativeArrayBuffer || value instanceof NativeDate)
    count.nodes += TAG_NODES;
  if (value instanceof NativeUint8Array) return { $type: "bytes", value: apply(toBase64, value, []) };
  if (value instanceof NativeArrayBuffer)
    return { $type: "bytes", value: apply(toBase64, new NativeUint8Array(value), []) };
  if (value instanceof NativeDate) {
    const time: number = apply(dateGetTime, value, []);
    return { $type: "date", value: isFiniteNumber(time) ? time : null };
  }
  if (bufferIsView(value)) throw new CodecError("of typed arrays only Uint8Array can cross");
  const prototype: unknown = getPrototypeOf(value);
  const plain = prototype === objectPrototype || prototype === null;
  // What somebody has put on Object.prototype is no plain object's own word.
  const jsonAble = (!plain || hasOwn(value, "toJSON")) && isJsonAble(value);
  if (!plain && !jsonAble) {
    throw new CodecError("only plain objects, arrays, Date and Uint8Array can cross");
  }
  const source: object = jsonAble ? (value.toJSON() as object) : value;
  if (source !== value) return encode(source, depth + 1, count);
  const object: Record<string, JsonValue> = {};
  let tagged = false;
  // By index, as everywhere on the guest's side: what walks a list by its iterator asks the agent, who may have replaced that.
  const names = keys(source);
  for (let i = 0; i < names.length; i++) {
    const key = names[i] as string;
    const member = (source as Record<string, unknown>)[key];
    if (member === undefined) continue;
    if (key === "__proto__") throw new CodecError("the key __proto__ cannot cross");
    if (!apply(isWellFormed, key, [])) throw new CodecError("a key with a lone surrogate cannot cross");
    if (key === "$type") tagged = true;
    put(object, key, encode(member, depth + 1, count));
  }
  if (!tagged) return object;
  count.nodes += TAG_NODES;
  return { $type: "object", value: object };
}

/** An own member, past any setter that a prototype has for its name. */
function put(target: object, key: PropertyKey, value: unknown): void {
  const descriptor = { __proto__: null, value, writable: true, enumerable: true, configurable: true };
  defineProperty(target, key, descriptor);
}

function isJsonAble(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

/** The value of a JSON form. @throws CodecError when a "$type" is not one of ours or its value is malformed. */
/**
 * Whether `json`, whose text is `text`, is what the encoder makes of the value that it stands for. A second spelling (a
 * bigint `-0`, a date of half a millisecond, blanks in base64, a member beside the two of a tag) would be one value to a
 * rule and another to what acts on it.
 */
export function isOwnEncoding(json: JsonValue, text: string): boolean {
  // Without a tag there is nothing to spell twice.
  if (!text.includes('"$type"')) return true;
  try {
    return JSON.stringify(encodeValue(decodeValue(json))) === text;
  } catch (error) {
    if (readCodecError(error) === undefined) throw error;
    return false;
  }
}

export function decodeValue(json: JsonValue): unknown {
  return decode(json, 0);
}

function decode(json: JsonValue, depth: number): unknown {
  if (depth > VALUE_DEPTH_MAX + 1) throw new CodecError("nested too deep");
  if (json === null || typeof json !== "object") return json;
  if (isArray(json)) {
    const list: unknown[] = [];
    for (let i = 0; i < json.length; i++) put(list, i, decode(json[i] as JsonValue, depth + 1));
    return list;
  }
  const source = json as Record<string, JsonValue>;
  if (hasOwn(source, "$type")) {
    return decodeTagged(source["$type"], hasOwn(source, "value") ? source["value"] : undefined, depth);
  }
  return decodeMembers(source, depth);
}

function decodeMembers(source: Record<string, JsonValue>, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const names = keys(source);
  for (let i = 0; i < names.length; i++) {
    const key = names[i] as string;
    put(object, key, decode(source[key] as JsonValue, depth + 1));
  }
  return object;
}

function decodeTagged(type: JsonValue | undefined, value: JsonValue | undefined, depth: number): unknown {
  if (type === "undefined") return undefined;
  if (type === "number") {
    if (value === "NaN") return NaN;
    if (value === "Infinity") return Infinity;
    if (value === "-Infinity") return -Infinity;
    if (value === "-0") return -0;
  }
  if (type === "bigint" && typeof value === "string" && value.length <= BIGINT_CHARS_MAX) {
    if (apply(regExpExec, BIGINT, [value]) !== null) return NativeBigInt(value);
  }
  if (type === "date" && (value === null || typeof value === "number")) return new NativeDate(value ?? NaN);
  if (type === "bytes" && typeof value === "string") return decodeBytes(value);
  if (type === "object" && value !== null && typeof value === "object" && !isArray(value)) {
    return decodeMembers(value as Record<string, JsonValue>, depth + 1);
  }
  throw new CodecError("an unknown or malformed $type");
}

// From here to the end of unwrapObjects(): the host's side alone, where no agent has been at the prototypes.

/** What stands for itself only inside a wrapping. */
export const TAGS = ["undefined", "number", "bigint", "date", "bytes", "object"] as const;

/** Whether a JSON form stands for a value that JSON does not have. */
export function isTagged(json: JsonValue): boolean {
  if (json === null || typeof json !== "object" || isArray(json) || !hasOwn(json, "$type")) return false;
  const type = (json as Record<string, JsonValue>)["$type"];
  return TAGS.some((tag) => tag === type);
}

/**
 * The JSON form as a schema speaks of it: an object with a "$type" of its own stands as itself, not wrapped, and -0 as 0.
 * So that such an object can be told from a tagged value, its "$type" may be none of ours.
 * @throws CodecError where a form is malformed, and on such a "$type"
 */
export function unwrapObjects(json: JsonValue): JsonValue {
  if (json === null || typeof json !== "object") return json;
  if (isArray(json)) return json.map((one: JsonValue) => unwrapObjects(one));
  const source = json as Record<string, JsonValue>;
  const wrapped = hasOwn(source, "$type") && source["$type"] === "object";
  if (hasOwn(source, "$type") && !wrapped) {
    const value = decodeTagged(source["$type"], source["value"], 0);
    // As JSON Schema has it, which knows one zero.
    return value === 0 ? 0 : source;
  }
  const members: Record<string, JsonValue> = {};
  const own = wrapped ? source["value"] : source;
  if (own === null || typeof own !== "object" || isArray(own)) throw new CodecError("an unknown or malformed $type");
  for (const key of keys(own)) put(members, key, unwrapObjects((own as Record<string, JsonValue>)[key] as JsonValue));
  if (wrapped && isTagged(members)) throw new CodecError("an object's $type is one that stands for other values");
  return members;
}

function decodeBytes(text: string): Uint8Array {
  try {
    return fromBase64(text, BASE64_OPTIONS);
  } catch {
    throw new CodecError("malformed bytes");
  }
}
