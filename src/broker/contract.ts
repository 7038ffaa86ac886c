// The broker's contracts: what it asks of a provider, of the log and of the people who approve, and what it tells a guest.
// The broker knows no provider, no store and no isolate; all of them are handed to it.

import type { ErrorCode } from "../base/errors.ts";
import type { CallId } from "../base/ids.ts";
import type { Admitted } from "../base/json.ts";
import type { CompiledGrant, Effect, FunctionSpec, Target } from "../kinds/contract.ts";

declare const admitted: unique symbol;

/** A call that `decide` has admitted and whose intent is durable. Only the broker makes one. */
export interface AdmittedCall {
  readonly [admitted]: true;
  readonly id: CallId;
  readonly grant: CompiledGrant;
  readonly fn: FunctionSpec;
  /** The exact text that was decided on and recorded, and its frozen value. */
  readonly args: Admitted;
  readonly effect: Effect;
  readonly target: Target;
}

export interface PerformContext {
  /** Aborted on cancellation, at a deadline, and at the session's end. A provider stops as soon as it can. */
  readonly signal: AbortSignal;
  /** Bytes of the result's JSON text that the guest may be given; more is an error, and a provider stops reading there. */
  readonly resultBytesMax: number;
}

/**
 * What became of a performed call.
 * - `value`: done; the result's JSON form (see base/codec).
 * - `failed`: surely had no further effect; `message` is made from our own templates and may be shown to the guest,
 *   `detail` (library text, stacks) stays on the host.
 * - `unknown`: it may or may not have taken effect (time-out, cut connection after the request was sent).
 * - `redirected`: the request asks for another call, which the broker decides on anew, as a hop of this one.
 */
export type Performed =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string; readonly detail?: string }
  | { readonly kind: "unknown"; readonly code: ErrorCode; readonly message: string; readonly detail?: string }
  | { readonly kind: "redirected"; readonly value: unknown; readonly args: unknown };

/**
 * Host code that performs the calls of one grant, in one session. Its session's own: never shared, closed at the end.
 * `perform` never throws (a throw is a bug, and ends as `unknown`). `value` and `args` are decoded JavaScript values;
 * the broker encodes, bounds and checks them.
 */
export interface Provider {
  perform(call: AdmittedCall, context: PerformContext): Promise<Performed>;
  /** Idempotent; resolves when nothing of it runs any more. */
  close(): Promise<void>;
}
