// The functions of the kind fs: names, effects, schemas. All of them take one object; paths are guest paths.

import type { JsonObject } from "../../base/json.ts";
import { BYTES, TEXT_OR_BYTES } from "../bytes.ts";
import type { FunctionSpec } from "../contract.ts";

const path: JsonObject = { type: "string", minLength: 1 };
const data: JsonObject = TEXT_OR_BYTES;
const digest: JsonObject = {
  type: ["string", "null"],
  description: "SHA-256, hexadecimal; null where there is no file",
};

function input(properties: JsonObject): JsonObject {
  return { type: "object", additionalProperties: false, required: Object.keys(properties), properties };
}

/** What a change of a file leaves behind. */
const CHANGE: JsonObject = {
  type: "object",
  required: ["bytes", "before", "after"],
  properties: { bytes: { type: "integer" }, before: digest, after: digest },
};
const ENTRY_TYPE: JsonObject = { type: "string", enum: ["file", "folder", "other"] };

export const FS_FUNCTIONS: readonly FunctionSpec[] = [
  {
    name: "readText",
    effect: "read",
    description: "The text of a UTF-8 file.",
    positional: ["path"],
    input: input({ path }),
    output: { type: "string" },
  },
  {
    name: "readBytes",
    effect: "read",
    description: "The bytes of a file.",
    positional: ["path"],
    input: input({ path }),
    output: BYTES,
  },
  {
    name: "write",
    effect: "write",
    description: "Writes a whole file, atomically; makes the folders that it needs.",
    positional: ["path", "data"],
    input: input({ path, data }),
    output: CHANGE,
  },
  {
    name: "append",
    effect: "write",
    description: "Adds to the end of a file, or makes it.",
    positional: ["path", "data"],
    input: input({ path, data }),
    output: CHANGE,
  },
  {
    name: "list",
    effect: "read",
    description: "The entries of a folder, by name.",
    positional: ["path"],
    input: input({ path }),
    output: {
      type: "array",
      items: { type: "object", required: ["name", "type"], properties: { name: { type: "string" }, type: ENTRY_TYPE } },
    },
  },
  {
    name: "stat",
    effect: "read",
    description: "What a path is; null where there is nothing.",
    positional: ["path"],
    input: input({ path }),
    output: {
      type: ["object", "null"],
      required: ["type", "size", "modifiedMs"],
      properties: { type: ENTRY_TYPE, size: { type: "integer" }, modifiedMs: { type: "integer" } },
    },
  },
  {
    name: "glob",
    effect: "read",
    description: "Paths of the files that match: * within a segment, ** for whole segments.",
    positional: ["pattern"],
    input: input({ pattern: path }),
    output: { type: "array", items: { type: "string" } },
  },
  {
    name: "move",
    effect: "write",
    description: "Gives a file another path, where there is nothing yet.",
    positional: ["from", "to"],
    input: input({ from: path, to: path }),
    output: CHANGE,
  },
  {
    name: "remove",
    effect: "irreversible",
    description: "Removes a file, or an empty folder.",
    positional: ["path"],
    input: input({ path }),
    output: CHANGE,
  },
];

/** Functions that change something; the others only read. */
export const CHANGING: ReadonlySet<string> = new Set(
  FS_FUNCTIONS.filter((fn) => fn.effect !== "read").map((fn) => fn.name),
);
