// structuredClone (HTML standard, 2.7) for the values that an agent's realm has: no transfer, no platform objects.

import { DOMException } from "./dom-exception.ts";
import { define, getPrototypeOf, keys, publish } from "./intrinsics.ts";

const ERROR_TYPES: Readonly<Record<string, ErrorConstructor>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

export function installStructuredClone(global: object): void {
  const functions = {
    structuredClone(value: unknown, options?: { readonly transfer?: readonly unknown[] }): unknown {
      if (options?.transfer !== undefined && options.transfer.length > 0) throw cannot("A transfer list");
      return clone(value, new Map());
    },
  };
  publish(global, functions);
}

function clone(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value === "symbol" || typeof value === "function") throw cannot(`A ${typeof value}`);
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const copy = cloneShell(value, seen);
  seen.set(value, copy);
  fill(value, copy, seen);
  return copy;
}

/** The copy without what it holds, so that a cycle finds it. */
function cloneShell(value: object, seen: Map<object, unknown>): object {
  if (Array.isArray(value)) return lengthen([], value.length);
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof RegExp) return new RegExp(value.source, value.flags);
  if (value instanceof Map) return new Map();
  if (value instanceof Set) return new Set();
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (ArrayBuffer.isView(value)) return cloneView(value, seen);
  if (value instanceof DOMException) return new DOMException(value.message, value.name);
  if (Error.isError(value)) return cloneError(value, seen);
  if (value instanceof String || value instanceof Number || value instanceof Boolean || value instanceof BigInt) {
    return Object(value.valueOf()) as object;
  }
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) throw cannot("This object");
  return {};
}

/** An array of holes, for those that stay holes. */
function lengthen(array: unknown[], length: number): unknown[] {
  array.length = length;
  return array;
}

function cloneView(view: ArrayBufferView, seen: Map<object, unknown>): object {
  const buffer = clone(view.buffer, seen) as ArrayBuffer;
  const length = "length" in view ? (view.length as number) : view.byteLength;
  const View = view.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => object;
  return new View(buffer, view.byteOffset, length);
}

function cloneError(error: Error, seen: Map<object, unknown>): object {
  const Type = ERROR_TYPES[error.name] ?? Error;
  const copy = new Type(error.message, "cause" in error ? { cause: clone(error.cause, seen) } : undefined);
  define(copy, "stack", error.stack);
  return copy;
}

function fill(value: object, copy: object, seen: Map<object, unknown>): void {
  if (value instanceof Map) {
    for (const [key, member] of value) (copy as Map<unknown, unknown>).set(clone(key, seen), clone(member, seen));
  } else if (value instanceof Set) {
    for (const member of value) (copy as Set<unknown>).add(clone(member, seen));
  } else if (Array.isArray(value) || isRecord(copy)) {
    for (const key of keys(value)) {
      (copy as Record<string, unknown>)[key] = clone((value as Record<string, unknown>)[key], seen);
    }
  }
}

function isRecord(copy: object): boolean {
  return getPrototypeOf(copy) === Object.prototype;
}

function cannot(what: string): DOMException {
  return new DOMException(`${what} could not be cloned.`, "DataCloneError");
}
