// Judges how a session ended: from the way in which the run came to its end to a status, a code and a sentence. Pure.

import type { SessionStatus } from "../audit/events.ts";
import { CODES, type ErrorCode, EXIT, type ExitStatus } from "../base/errors.ts";
import type { LimitName } from "../enclosure/contract.ts";
import type { Ending } from "./conduct.ts";

export interface Judgement {
  readonly status: SessionStatus;
  /** Null where the agent completed. */
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly mend: string;
    readonly name?: string;
    readonly stack?: string;
  } | null;
  readonly limit: {
    readonly name: LimitName | "calls";
    readonly used: number;
    readonly max: number;
    /** By the guest's own account: nobody measured it. */
    readonly claimed?: true;
  } | null;
}

const EXITS: Record<SessionStatus, ExitStatus> = {
  completed: EXIT.ok,
  failed: EXIT.agentFailed,
  denied: EXIT.refused,
  limit: EXIT.limit,
  stalled: EXIT.agentFailed,
  crashed: EXIT.agentFailed,
  interrupted: EXIT.agentFailed,
};

export function exitOf(status: SessionStatus): ExitStatus {
  return EXITS[status];
}

/** `deniedCodes`: those of the refusals that the agent was told. `outputProblem`: what is wrong with the agent's output, where its schema refuses it. */
export function judge(
  ending: Exclude<Ending, { kind: "faulted" }>,
  deniedCodes: ReadonlySet<ErrorCode>,
  outputProblem: string | undefined,
): Judgement {
  switch (ending.kind) {
    case "output":
      if (outputProblem !== undefined) return failure("failed", "OUTPUT_INVALID", outputProblem);
      return { status: "completed", error: null, limit: null };
    case "threw":
      return judgeThrown(ending.error, deniedCodes);
    case "limit": {
      const { claimed, limit: name, used, max } = ending;
      const counts = name === "log" ? " (lines, notes and timers)" : "";
      const mend = `raise limits.${name} in the manifest, if the agent should have more`;
      const judged = failure(
        "limit",
        "LIMIT_STRUCK",
        claimed === true
          ? `the limit ${name} of ${amount(name, max)} was reached, as the guest process says`
          : `the limit ${name}${counts} was reached: ${amount(name, used)} of ${amount(name, max)}`,
        mend,
      );
      return { ...judged, limit: { name, used, max, ...(claimed && { claimed }) } };
    }
    case "stalled":
      return failure("stalled", "AGENT_STALLED", "nothing is pending, and the agent has not finished");
    case "crashed":
      return failure("crashed", ending.code, ending.detail);
    case "interrupted":
      return failure("interrupted", "SESSION_INTERRUPTED", "the session was interrupted");
  }
}

/**
 * An uncaught denial ends a session as `denied`. The error's name and code are the agent's claim; that a call was denied
 * with this very code is not, so the claim alone is not enough.
 */
function judgeThrown(
  error: Extract<Ending, { kind: "threw" }>["error"],
  deniedCodes: ReadonlySet<ErrorCode>,
): Judgement {
  const { name, message, code, stack } = error;
  // So the guest tells that an output did not fit through the door; what it says of it is its own.
  if (name === "AgentFailure" && code === "RESULT_TOO_LARGE") {
    return failure("failed", "OUTPUT_INVALID", "the output is larger than limits.result allows");
  }
  if (name === "AgentFailure" && code === "RESULT_INVALID") {
    const judged = failure("failed", "OUTPUT_INVALID", message);
    return judged.error === null ? judged : { ...judged, error: { ...judged.error, name } };
  }
  const denied = name === "CapabilityDenied" ? [...deniedCodes].find((one) => one === code) : undefined;
  const judged = failure(
    denied === undefined ? "failed" : "denied",
    denied ?? "AGENT_THREW",
    message === "" ? name : `${name}: ${message}`,
  );
  if (judged.error === null) return judged;
  return { ...judged, error: { ...judged.error, name, ...(stack === undefined ? {} : { stack }) } };
}

function failure(status: SessionStatus, code: ErrorCode, message: string, mend: string = CODES[code].mend): Judgement {
  return { status, error: { code, message, mend }, limit: null };
}

/** What was used of a limit, or may be, with its unit. */
export function amount(name: string, value: number): string {
  if (name === "wall" || name === "cpu") return `${(value / 1000).toFixed(1)} s`;
  if (name === "log") return `${(value / 1024).toFixed(1)} KiB`;
  if (name === "memory") return `${(value / 1_048_576).toFixed(1)} MiB`;
  return String(value);
}
