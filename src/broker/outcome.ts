// The outcome of a performed call: what its record says, and what the guest is told. Pure. A result is encoded, bounded
// and checked here, so that what is delivered is exactly what is recorded.

import { isLongerInUtf8 } from "../base/bytes.ts";
import { encodeValue, JSON_DEPTH_MAX } from "../base/codec.ts";
import { EnclosureError, type ErrorCode } from "../base/errors.ts";
import { type Admitted, admitJson } from "../base/json.ts";
import type { Performed } from "./contract.ts";
import type { Permitted } from "./decide.ts";
import { type Told, toldOfFailure } from "./told.ts";

export type Outcome = {
  /** For the operator alone. */
  readonly detail: string | null;
  readonly durationMs: number;
} & (
  | {
      readonly effectState: "confirmed";
      readonly code: null;
      readonly result: Admitted;
      readonly told: null;
      /** The argument of the call that a redirect leads to; null where the guest gets the result. */
      readonly next: string | null;
    }
  | { readonly effectState: "failed" | "unknown"; readonly code: ErrorCode; readonly result: null; readonly told: Told }
);

export function outcomeOf(
  performed: Performed,
  permitted: Permitted,
  resultBytesMax: number,
  durationMs: number,
): Outcome {
  if (performed.kind === "failed" || performed.kind === "unknown") {
    const { kind, code, message, detail } = performed;
    return failure(kind, code, message, detail ?? null, durationMs);
  }
  const checked = checkResult(permitted, performed, resultBytesMax);
  if ("result" in checked) {
    return { effectState: "confirmed", code: null, ...checked, told: null, detail: null, durationMs };
  }
  // The effect may be done; only its result cannot be shown. "Confirmed" would claim a result that nobody has.
  const state = permitted.effect === "read" ? "failed" : "unknown";
  return failure(state, checked.code, "the result was refused", checked.message, durationMs);
}

type Returned = Extract<Performed, { readonly value: unknown }>;

export function failure(
  effectState: "failed" | "unknown",
  code: ErrorCode,
  message: string,
  detail: string | null = null,
  durationMs = 0,
): Outcome {
  return { effectState, code, result: null, told: toldOfFailure(code, message), detail, durationMs };
}

type Checked =
  | { readonly result: Admitted; readonly next: string | null }
  | { readonly code: ErrorCode; readonly message: string };

function checkResult(permitted: Permitted, performed: Returned, bytesMax: number): Checked {
  const { grant, fn } = permitted;
  try {
    const text = JSON.stringify(encodeValue(performed.value));
    if (isLongerInUtf8(text, bytesMax)) return { code: "RESULT_TOO_LARGE", message: `larger than ${bytesMax} bytes` };
    const result = admitJson(text, { charsMax: bytesMax, depthMax: JSON_DEPTH_MAX });
    const said = grant.checkResult(fn, result.value);
    if (!said.ok) return { code: "RESULT_INVALID", message: said.message };
    return { result, next: performed.kind === "redirected" ? JSON.stringify(encodeValue(performed.args)) : null };
  } catch (error) {
    if (error instanceof TypeError || error instanceof EnclosureError) {
      return { code: "RESULT_INVALID", message: error.message };
    }
    throw error;
  }
}
