// The library: the verbs of the command line, typed. A session needs a store, and a store's keys lie elsewhere, so every
// verb that touches one takes both paths.

import type { RunOptions, RunResult, RuntimeOptions } from "./session/contract.ts";
import { openRuntime } from "./session/runtime.ts";

/**
 * Runs one agent and records it. Give a {@link openRuntime | runtime} of your own to run many on one store.
 * @throws EnclosureError where nothing could be run (exit 2 or 70); how the agent itself ended is in the result's `status`.
 */
export async function runSession(options: RunOptions & RuntimeOptions): Promise<RunResult> {
  const runtime = await openRuntime(options);
  try {
    return await runtime.run(options);
  } finally {
    await runtime.close();
  }
}

export { openRuntime };
export type * from "./session/contract.ts";
export { CODES, EnclosureError, EXIT, isFault } from "./base/errors.ts";
export type { ErrorCode, ExitStatus, Location, Problem } from "./base/errors.ts";
export type { JsonObject, JsonValue } from "./base/json.ts";
export type { SessionId } from "./base/ids.ts";
export { defineCapability, defineModule } from "./capabilities/module/define.ts";
export type {
  Capability,
  CapabilityDefinition,
  ModuleContext,
  ModuleFactory,
  RunContext,
  StandardSchema,
} from "./capabilities/module/define.ts";
export type { Effect, JsonSchema } from "./kinds/contract.ts";
