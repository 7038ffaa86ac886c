// What passes between the host's main thread and a host module's thread: values as text, so that nothing of one side's
// objects is the other's. The module is the operator's own code and no enemy; what it sends is still read strictly.

import type { ErrorCode } from "../../base/errors.ts";

export interface ModuleStart {
  readonly code: string;
  /** The module file's own URL: what its text calls itself. */
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
}

export type ToModule =
  | {
      readonly type: "call";
      readonly id: number;
      readonly name: string;
      readonly argsText: string;
      readonly resultBytesMax: number;
    }
  | { readonly type: "cancel"; readonly id: number }
  | { readonly type: "close" };

export type FromModule =
  /** `tableText`: JSON of the functions, in the order in which they were defined. */
  | { readonly type: "ready"; readonly tableText: string }
  | { readonly type: "invalid"; readonly problems: readonly string[]; readonly stack: string | null }
  | { readonly type: "result"; readonly id: number; readonly text: string }
  | ModuleFailure;

export interface ModuleFailure {
  readonly type: "failure";
  readonly id: number;
  readonly code: Extract<ErrorCode, "CALL_FAILED" | "ARGUMENT_INVALID" | "RESULT_INVALID" | "RESULT_TOO_LARGE">;
  /** From our own templates. */
  readonly message: string;
  /** Texts of the module and of libraries: for the host alone. */
  readonly detail: string | null;
}

const FAILURE_CODES: ReadonlySet<unknown> = new Set([
  "CALL_FAILED",
  "ARGUMENT_INVALID",
  "RESULT_INVALID",
  "RESULT_TOO_LARGE",
]);

/** Undefined where `data` is not a message of ours. */
export function readMessage(data: unknown): FromModule | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { type, id, text, tableText, problems, stack, code, message, detail } = data as Record<string, unknown>;
  if (type === "ready" && typeof tableText === "string") return { type, tableText };
  if (type === "invalid" && Array.isArray(problems))
    return { type, problems: problems.map(String), stack: textOrNull(stack) };
  if (typeof id !== "number") return undefined;
  if (type === "result" && typeof text === "string") return { type, id, text };
  if (type === "failure" && isFailureCode(code) && typeof message === "string")
    return { type, id, code, message, detail: textOrNull(detail) };
  return undefined;
}

function isFailureCode(code: unknown): code is ModuleFailure["code"] {
  return FAILURE_CODES.has(code);
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
