// Shapes: small checkers of parsed JSON that say what is wrong and where, for the closed list of fields.
// A shape returns undefined where the value fits; it tells the sink of every payload and artefact that it passes.
// Nothing is allocated on the way of a value that fits: a verifier runs these over every record.

import { isJsonObject, type JsonValue } from "../base/json.ts";
import type { ArtefactRef, PayloadRef } from "./events.ts";

/** Told of what bodies refer to. */
export interface RefSink {
  payload(ref: PayloadRef): void;
  artefact(ref: ArtefactRef): void;
}

/** What is wrong with the value, as "path: sentence"; undefined where it fits. */
export type Shape = (value: JsonValue | undefined, sink: RefSink) => string | undefined;

export function text(pattern: RegExp, lengthMax: number): Shape {
  return (value) => {
    if (typeof value !== "string") return ": not a text";
    if (value.length > lengthMax) return `: longer than ${lengthMax} characters`;
    return pattern.test(value) ? undefined : ": not of its form";
  };
}

export function integer(min: number = 0): Shape {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= min ? undefined : `: not an integer of at least ${min}`;
}

export const flag: Shape = (value) => (typeof value === "boolean" ? undefined : ": not a boolean");

export function oneOf(...choices: readonly string[]): Shape {
  return (value) => (choices.includes(value as string) ? undefined : `: not one of ${choices.join(", ")}`);
}

export function nullable(shape: Shape): Shape {
  return (value, sink) => (value === null ? undefined : shape(value, sink));
}

export function list(shape: Shape, lengthMax: number): Shape {
  return (value, sink) => {
    if (!Array.isArray(value)) return ": not a list";
    const items = value as readonly JsonValue[];
    if (items.length > lengthMax) return `: more than ${lengthMax} items`;
    for (let i = 0; i < items.length; i++) {
      const problem = shape(items[i], sink);
      if (problem !== undefined) return `.${i}${problem}`;
    }
    return undefined;
  };
}

/** An object of exactly these members; those of `optional` may be absent. */
export function object(
  members: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>> = {},
): Shape {
  const required = Object.entries(members);
  const others = Object.entries(optional);
  return (value, sink) => {
    if (!isJsonObject(value)) return ": not an object";
    let known = required.length;
    for (const [name, shape] of required) {
      const problem = shape(value[name], sink);
      if (problem !== undefined) return `.${name}${problem}`;
    }
    for (const [name, shape] of others) {
      if (value[name] === undefined) continue;
      known++;
      const problem = shape(value[name], sink);
      if (problem !== undefined) return `.${name}${problem}`;
    }
    return Object.keys(value).length === known ? undefined : ": has a field that the list does not know";
  };
}

/** `shape`, and then `also`, which sees a value that fits. */
export function both(shape: Shape, also: Shape): Shape {
  return (value, sink) => shape(value, sink) ?? also(value, sink);
}
