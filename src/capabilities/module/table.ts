// The function table of a host module: what its factory returned, checked as a whole, so that everything that is wrong with
// it is told at once.

import { isFunctionName } from "../../base/ids.ts";
import { MODULE_FUNCTIONS_MAX, MODULE_TABLE_BYTES_MAX } from "../../base/limits.ts";
import type { Effect, FunctionSpec } from "../../kinds/contract.ts";
import type { Capability } from "./define.ts";
import { type ReadSchema, readSchema } from "./schemas.ts";

export interface ModuleFunction {
  readonly spec: FunctionSpec;
  readonly input: ReadSchema;
  readonly output: ReadSchema;
  readonly run: Capability["run"];
}

export type ReadTable =
  | { readonly ok: true; readonly functions: ReadonlyMap<string, ModuleFunction> }
  | { readonly ok: false; readonly problems: readonly string[] };

const KEYS: ReadonlySet<string> = new Set(["name", "effect", "description", "input", "output", "run"]);

export function readTable(returned: unknown): ReadTable {
  if (!Array.isArray(returned)) return refuse(["its factory returned no array of capabilities"]);
  if (returned.length === 0) return refuse(["its factory returned an empty array: it defines no function"]);
  if (returned.length > MODULE_FUNCTIONS_MAX) return refuse([`it defines more than ${MODULE_FUNCTIONS_MAX} functions`]);
  const problems: string[] = [];
  const functions = new Map<string, ModuleFunction>();
  returned.forEach((definition: unknown, i) => {
    const found = readFunction(definition, i);
    problems.push(...found.problems);
    const { name } = found;
    if (name !== undefined && functions.has(name)) problems.push(`function "${name}" is defined twice`);
    if (name !== undefined && found.fn !== undefined) functions.set(name, found.fn);
  });
  if (problems.length > 0) return refuse(problems);
  const bytes = JSON.stringify([...functions.values()].map((fn) => fn.spec)).length;
  if (bytes > MODULE_TABLE_BYTES_MAX)
    return refuse([`its function table is larger than ${MODULE_TABLE_BYTES_MAX} bytes`]);
  return { ok: true, functions };
}

function isEffect(value: unknown): value is Effect {
  return value === "read" || value === "write" || value === "irreversible";
}

function refuse(problems: readonly string[]): ReadTable {
  return { ok: false, problems };
}

interface Found {
  readonly name?: string;
  readonly fn?: ModuleFunction;
  readonly problems: readonly string[];
}

function readFunction(definition: unknown, index: number): Found {
  if (typeof definition !== "object" || definition === null)
    return { problems: [`capability ${index + 1} is not an object that defineCapability made`] };
  const { name, effect, description, input, output, run } = definition as Record<string, unknown>;
  if (typeof name !== "string" || !isFunctionName(name)) {
    const shown = typeof name === "string" ? JSON.stringify(name) : typeof name;
    return {
      problems: [`capability ${index + 1} has the name ${shown}: expected an identifier of at most 64 characters`],
    };
  }
  const problems: string[] = [];
  const say = (what: string): void => void problems.push(`function "${name}" ${what}`);
  for (const key of Object.keys(definition)) if (!KEYS.has(key)) say(`has an unknown key "${key}"`);
  if (!isEffect(effect)) say(`has the effect ${JSON.stringify(effect)}: expected read, write or irreversible`);
  if (description !== undefined && typeof description !== "string") say("has a description that is no text");
  if (typeof run !== "function") say("has no function `run`");
  const readInput = readSchema(input, "input");
  const readOutput = readSchema(output, "output");
  if ("problem" in readInput) say(`has an input that ${readInput.problem}`);
  if ("problem" in readOutput) say(`has an output that ${readOutput.problem}`);
  if (problems.length > 0 || !isEffect(effect) || "problem" in readInput || "problem" in readOutput)
    return { name, problems };
  const spec: FunctionSpec = {
    name,
    effect,
    ...(typeof description === "string" ? { description } : {}),
    ...(readInput.json === undefined ? {} : { input: readInput.json }),
    ...(readOutput.json === undefined ? {} : { output: readOutput.json }),
  };
  const fn = { spec, input: readInput, output: readOutput, run: (run as Capability["run"]).bind(definition) };
  return { name, problems, fn };
}
