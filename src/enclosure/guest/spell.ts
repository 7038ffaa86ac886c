// JSON out of the guest, spelled here: JSON.stringify asks every object and list for `toJSON`, which the agent may have
// put on their prototypes. Invariant: only own members are read, of values that the prelude or the codec has made, and
// nothing of the agent's runs. The depth is the codec's.

import type { JsonValue } from "../../base/json.ts";
import { isArray, keys, stringifyJson } from "./intrinsics.ts";

/** The text that JSON.stringify gives for `value` where no prototype has been touched. */
export function spellJson(value: JsonValue): string {
  // Of a text, a number, a boolean and null JSON.stringify reads no property.
  if (value === null || typeof value !== "object") return stringifyJson(value);
  let text = "";
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) text += (i === 0 ? "" : ",") + spellJson(value[i] as JsonValue);
    return `[${text}]`;
  }
  const object = value as Readonly<Record<string, JsonValue>>;
  const names = keys(object);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    text += `${i === 0 ? "" : ","}${stringifyJson(name)}:${spellJson(object[name] as JsonValue)}`;
  }
  return `{${text}}`;
}
