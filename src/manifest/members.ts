// Members: reads a value that may be malformed. What is not there, or is only inherited, is undefined.

import { isJsonObject, type JsonValue } from "../base/json.ts";

export function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The members of a map; none of anything else. */
export function entries(value: JsonValue | undefined): readonly (readonly [string, JsonValue])[] {
  return isJsonObject(value) ? Object.entries(value) : [];
}
