// Bytes as a schema speaks of them: the JSON form in which they cross the door (base/codec.ts).

import type { JsonObject } from "../base/json.ts";

export const BYTES: JsonObject = {
  type: "object",
  additionalProperties: false,
  required: ["$type", "value"],
  properties: { $type: { const: "bytes" }, value: { type: "string" } },
};

export const TEXT_OR_BYTES: JsonObject = { anyOf: [{ type: "string" }, BYTES] };
