// The library: the verbs of the command line, typed. A store's keys lie outside it, so a verb that touches a store takes
// both paths. What a verb refuses or cannot do it throws as an EnclosureError with a code and a mend; how an agent ended
// is no error but the result's `status`.

import type { Problem } from "./base/errors.ts";
import type { JsonObject } from "./base/json.ts";
import { KINDS } from "./kinds/all.ts";
import { explainManifest as explain } from "./manifest/explain.ts";
import { manifestSchema as schemaOf } from "./manifest/grammar.ts";
import { typesText } from "./manifest/types.ts";
import type { Sentence } from "./kinds/contract.ts";
import type { RunOptions, RunResult, RuntimeOptions } from "./session/contract.ts";
import { lookAt, lookAtSound } from "./session/look.ts";
import { openRuntime } from "./session/runtime.ts";

/**
 * Runs one agent and records it. To run many on one store, open a runtime of your own with {@link openRuntime}.
 * @throws EnclosureError where nothing could be run (exit 2), or the log failed (exit 70)
 */
export async function runSession(options: RunOptions & RuntimeOptions): Promise<RunResult> {
  const runtime = await openRuntime(options);
  try {
    return await runtime.run(options);
  } finally {
    await runtime.close();
  }
}

/**
 * All that is wrong with the manifest at `file`, its lock and its rules; runs no one's code. A rule that never decides
 * anything is an error here.
 * @throws EnclosureError MANIFEST_MISSING, MANIFEST_TOO_LARGE, MANIFEST_SYNTAX, PROFILE_UNKNOWN, LOCK_INVALID
 */
export function checkManifest(file: string, profile?: string): readonly Problem[] {
  return lookAt(file, profile).problems;
}

/** What a manifest grants, in sentences, the riskiest first. @throws EnclosureError MANIFEST_INVALID with every problem */
export function explainManifest(
  file: string,
  profile?: string,
): { readonly text: string; readonly sentences: readonly Sentence[] } {
  const { resolution, compiled } = lookAtSound(file, profile);
  return explain(resolution, compiled);
}

/** The declarations of `enclosure:caps` under a manifest. @throws EnclosureError MANIFEST_INVALID with every problem */
export function manifestTypes(file: string): string {
  const { resolution, compiled } = lookAtSound(file);
  return typesText(resolution, compiled);
}

/** The JSON Schema (2020-12) of the manifest's format. */
export function manifestSchema(): JsonObject {
  return schemaOf(KINDS);
}

export { openRuntime };
export { pinManifest } from "./session/pin.ts";
export type { Pinned } from "./session/pin.ts";
export type * from "./session/contract.ts";

// The record: opened for reading, reviewed, verified.
export { openLogReader as openLog } from "./store/reader.ts";
export { verifyStore as verifyLog } from "./store/verify.ts";
export type { VerifyOptions } from "./store/verify.ts";
export type { VerifyReport } from "./audit/verdict.ts";
export { summaries as listSessions } from "./review/summary.ts";
export type { SessionSummary, SummaryFilter } from "./review/summary.ts";
export { callsOf } from "./review/calls.ts";
export type { CallRow, CallsOptions } from "./review/calls.ts";
export { agentLines, viewSession } from "./review/timeline.ts";
export type { AgentLine, SessionView, TimelineEntry } from "./review/timeline.ts";
export type { LogReader, OpenedPayload, StoredRecord } from "./audit/contract.ts";

// What a host module is written with.
export { defineCapability, defineModule } from "./capabilities/module/define.ts";
export type {
  Capability,
  CapabilityDefinition,
  ModuleContext,
  ModuleFactory,
  RunContext,
  StandardSchema,
} from "./capabilities/module/define.ts";

export { CODES, EnclosureError, EXIT, isFault } from "./base/errors.ts";
export type { ErrorCode, ExitStatus, Location, Problem } from "./base/errors.ts";
export type { JsonObject, JsonValue } from "./base/json.ts";
export type { SessionId } from "./base/ids.ts";
export type { Effect, JsonSchema } from "./kinds/contract.ts";
