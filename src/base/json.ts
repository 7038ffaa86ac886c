// JSON: what a value is, a bounded strict parse, and the canonical form of RFC 8785 for record bodies.
// Invariants: nothing here recurses deeper than a stated bound; a text is accepted only if it is its own re-spelling,
// so two readers can never see two values in it (duplicate keys, odd escapes, numbers out of range all fail that).

import { VALUE_NODES_MAX } from "./codec.ts";
import { EnclosureError } from "./errors.ts";

export type JsonPrimitive = null | boolean | number | string;
export type JsonValue = JsonPrimitive | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A JSON text that has passed {@link admitJson}: its own re-spelling, bounded in depth, without forbidden keys. */
export type JsonText = string & { readonly __jsonText: true };

export interface Admitted {
  readonly text: JsonText;
  /** Deeply frozen: provider, condition and record read the same value. */
  readonly value: JsonValue;
}

export interface JsonBounds {
  /** In UTF-16 code units of the text. */
  readonly charsMax: number;
  /** Nesting of arrays and objects; a bare value has depth 0. */
  readonly depthMax: number;
}

/** Most different keys in all its objects: each new one takes a reader twenty times as long as one that it has seen. */
const JSON_NAMES_MAX = 10_000;

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__"]);

/**
 * Admits a JSON text from the other side of a trust border.
 * @throws EnclosureError VALUE_INVALID when it is too long, too deep, malformed, not its own re-spelling, holds a lone
 *   surrogate or a `__proto__` key.
 */
export function admitJson(text: string, bounds: JsonBounds): Admitted {
  if (text.length > bounds.charsMax) {
    throw invalid(`the value is ${text.length} characters long, the bound is ${bounds.charsMax}`);
  }
  checkShape(text, bounds);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    throw invalid("the value is not JSON");
  }
  // Well-formedness first: JSON.stringify escapes a lone surrogate, and an escaped one would be its own re-spelling.
  if (/\\u[dD][89a-fA-F]/.test(text) && hasLoneSurrogate(value)) throw invalid("the value holds a lone surrogate");
  if (!text.isWellFormed()) throw invalid("the value holds a lone surrogate");
  // The key is looked for before the comparison: JSON.parse makes it an own property, which re-spells as itself.
  if (text.includes("__proto__")) refuseKeys(value);
  if (JSON.stringify(value) !== text)
    throw invalid("the value is not spelled canonically (duplicate key, number or escape)");
  return { text: text as JsonText, value: deepFreeze(value) };
}

/** Spells a value that this side made, so that it passes {@link admitJson}. @throws EnclosureError VALUE_INVALID */
export function spellJson(value: unknown, bounds: JsonBounds): Admitted {
  const text = JSON.stringify(value);
  if (text === undefined) throw invalid("the value has no JSON form");
  return admitJson(text, bounds);
}

/**
 * Refuses by a scan what would take long to parse: linear, and safe before any recursive reader. What is parsed is known
 * not to take longer than some tens of milliseconds, whatever its length.
 */
function checkShape(text: string, { depthMax }: JsonBounds): void {
  const names = new Set<string>();
  let depth = 0;
  let parts = 1;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) {
      const start = i + 1;
      i = stringEnd(text, i);
      if (text.charCodeAt(i + 1) !== 0x3a) continue;
      if (names.add(text.slice(start, i)).size > JSON_NAMES_MAX)
        throw invalid(`the value has more than ${JSON_NAMES_MAX} different keys`);
    } else if (unit === 0x5b || unit === 0x7b) {
      if (++depth > depthMax) throw invalid(`the value is nested deeper than ${depthMax}`);
      const next = text.charCodeAt(i + 1);
      if (next !== 0x5d && next !== 0x7d) parts++;
    } else if (unit === 0x5d || unit === 0x7d) depth--;
    else if (unit === 0x2c) parts++;
    if (parts > VALUE_NODES_MAX) throw invalid(`the value has more than ${VALUE_NODES_MAX} parts`);
  }
}

/** Depth by scanning brackets outside strings: linear, and safe before any recursive reader. */
export function textDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) i = stringEnd(text, i);
    else if (unit === 0x5b || unit === 0x7b) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (unit === 0x5d || unit === 0x7d) depth--;
  }
  return deepest;
}

/** Where the string that begins at `start` ends: at the first quote with an even number of backslashes before it. */
function stringEnd(text: string, start: number): number {
  for (let from = start + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return text.length;
    let before = quote;
    while (before > from && text.charCodeAt(before - 1) === 0x5c) before--;
    if ((quote - before) % 2 === 0) return quote;
    from = quote + 1;
  }
}

function refuseKeys(value: JsonValue): void {
  walk(value, (object) => {
    for (const key of Object.keys(object)) if (FORBIDDEN_KEYS.has(key)) throw invalid(`the key ${key} is not allowed`);
  });
}

function hasLoneSurrogate(value: JsonValue): boolean {
  let found = false;
  const look = (text: string): void => {
    if (!text.isWellFormed()) found = true;
  };
  walk(value, (object) => Object.keys(object).forEach(look), look);
  return found;
}

/** Visits every object and string; its caller has bounded the depth, and it does not recurse all the same. */
function walk(value: JsonValue, onObject: (object: JsonObject) => void, onString?: (text: string) => void): void {
  const pending: JsonValue[] = [value];
  while (pending.length > 0) {
    const next = pending.pop() as JsonValue;
    if (typeof next === "string") onString?.(next);
    else if (Array.isArray(next)) pending.push(...(next as readonly JsonValue[]));
    else if (isJsonObject(next)) {
      onObject(next);
      for (const key of Object.keys(next)) pending.push(next[key] as JsonValue);
    }
  }
}

export function deepFreeze<T extends JsonValue>(value: T): T {
  const pending: JsonValue[] = [value];
  while (pending.length > 0) {
    const next = pending.pop() as JsonValue;
    if (!isContainer(next) || Object.isFrozen(next)) continue;
    Object.freeze(next);
    // Only what can be frozen: a list of a million numbers makes no list of as many that wait.
    if (Array.isArray(next)) {
      for (const inner of next as readonly JsonValue[]) if (isContainer(inner)) pending.push(inner);
    } else {
      for (const key of Object.keys(next)) {
        const inner = (next as JsonObject)[key] as JsonValue;
        if (isContainer(inner)) pending.push(inner);
      }
    }
  }
  return value;
}

function isContainer(value: JsonValue): value is readonly JsonValue[] | JsonObject {
  return value !== null && typeof value === "object";
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How a canonical spelling treats numbers, and how deep it goes. */
interface Canon {
  readonly number: (value: number) => string;
  readonly depthMax: number;
}

/** Of a record's body. */
const BODY: Canon = { number: admitInteger, depthMax: 32 };
/** Of any other document of ours. */
const DOCUMENT: Canon = { number: admitFinite, depthMax: 128 };

/**
 * The canonical text of a record's body: RFC 8785, restricted at admission. Integers within ±(2^53−1) only, no
 * fractions, no `undefined`, no lone surrogates, no `__proto__`, plain objects and dense arrays, depth at most 32.
 * @throws EnclosureError VALUE_INVALID
 */
export function canonicalText(value: JsonValue): string {
  return spell(value, 0, BODY);
}

/** RFC 8785 for any finite JSON number, nested at most 128 deep; bodies use {@link canonicalText}. @throws EnclosureError VALUE_INVALID */
export function canonicalJson(value: JsonValue): string {
  return spell(value, 0, DOCUMENT);
}

function spell(value: unknown, depth: number, canon: Canon): string {
  if (depth > canon.depthMax) throw invalid(`nested deeper than ${canon.depthMax}`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return canon.number(value);
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw invalid("a lone surrogate");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    let text = "[";
    for (let i = 0; i < value.length; i++) text += (i === 0 ? "" : ",") + spell(value[i], depth + 1, canon);
    return `${text}]`;
  }
  if (typeof value !== "object" || !isPlain(value)) throw invalid(`a ${typeof value} has no canonical form`);
  let text = "{";
  // RFC 8785 3.2.3: keys in the order of their UTF-16 code units, which is what sort() without an argument does.
  for (const key of Object.keys(value).sort()) {
    if (FORBIDDEN_KEYS.has(key) || !key.isWellFormed()) throw invalid(`the key ${JSON.stringify(key)} is not allowed`);
    const member = (value as Record<string, unknown>)[key];
    text += `${text === "{" ? "" : ","}${JSON.stringify(key)}:${spell(member, depth + 1, canon)}`;
  }
  return `${text}}`;
}

function admitInteger(value: number): string {
  if (!Number.isSafeInteger(value)) throw invalid(`${value} is not an integer within ±(2^53−1)`);
  return String(value === 0 ? 0 : value);
}

function admitFinite(value: number): string {
  if (!Number.isFinite(value)) throw invalid(`${value} is not a finite number`);
  return JSON.stringify(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function invalid(what: string): EnclosureError {
  return new EnclosureError("VALUE_INVALID", what);
}
