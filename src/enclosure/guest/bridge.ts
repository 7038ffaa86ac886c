// The guest's end of the bridge: text out through `post`, text in through `deliver`, nothing else crosses.
// Invariants: `post` and the table of pending calls never become reachable from the agent; a call beyond the window or
// the argument limit is refused here, before anything is copied; the child and the host check all of it again.

import { CodecError, decodeValue, encodeValue } from "../../base/codec.ts";
import type { JsonValue } from "../../base/json.ts";
import type { SessionLimits } from "../../base/limits.ts";
import type { DeliveredError, LogLevel } from "../contract.ts";
import { AgentFailure, describeError } from "./errors.ts";
import { create, NativePromise, parseJson, stringifyJson, toWellFormed } from "./intrinsics.ts";
import { POST_TOO_LARGE, POST_WINDOW_FULL } from "./names.ts";

/** Posts `header` (JSON, one line) ‖ "\n" ‖ body. Answers the id of a call or timer. Never throws. */
export type Post = (text: string) => number;

export interface PendingCall {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Makes the error that the caller sees, with the call's own place as its stack. */
  refuse(error: DeliveredError): Error;
}

export interface Bridge {
  readonly limits: SessionLimits;
  /** Promises the outcome; `onId` learns the id, for a cancellation, when the call was taken. */
  call(
    call: { readonly capability: string; readonly fn: string; readonly args: unknown; readonly site: Site },
    refuse: (error: DeliveredError) => Error,
    onId?: (id: number) => void,
  ): Promise<unknown>;
  /** The caller has gone away: its promise rejects with `reason` at once; the outcome, when it comes, is dropped. */
  cancel(id: number, reason: unknown): void;
  setTimer(delayMs: number, fire: () => void): number;
  clearTimer(id: number): void;
  log(level: LogLevel, text: string): void;
  note(text: string): void;
  /** The agent's promise has settled, or something of its threw where nobody could catch it. The first one counts. */
  finish(
    result: { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown },
  ): void;
  /** What the child hands in: one outcome or one timer. */
  settle(id: number, outcome: { readonly ok: boolean }, body: string): void;
  fire(id: number): void;
  /** The turn has drained: posts what is said once a turn. */
  closeTurn(draws: number): void;
}

export interface Site {
  readonly line: number;
  readonly column: number;
}

export function makeBridge(post: Post, limits: SessionLimits): Bridge {
  const pending = create(null) as Record<number, PendingCall | undefined>;
  const timers = create(null) as Record<number, (() => void) | undefined>;
  let inFlight = 0;
  let refusedWindow = 0;
  let refusedSize = 0;
  let finished: { readonly ok: boolean; readonly text: string } | undefined;

  function say(header: object, body = ""): number {
    return post(`${stringifyJson(header)}\n${body}`);
  }

  function refuseInside(code: "IN_FLIGHT_EXCEEDED" | "ARGUMENT_TOO_LARGE"): DeliveredError {
    if (code === "IN_FLIGHT_EXCEEDED") {
      refusedWindow++;
      const message = `more than ${limits.inFlight} calls would be in flight; await some of them first`;
      return { name: "CapabilityDenied", code, message };
    }
    refusedSize++;
    return { name: "CapabilityDenied", code, message: `the argument is larger than ${limits.argumentBytes} bytes` };
  }

  /** Posts a call; answers its id, or why it was refused. */
  function postCall(capability: string, fn: string, args: unknown, site: Site): number | DeliveredError {
    if (inFlight >= limits.inFlight) return refuseInside("IN_FLIGHT_EXCEEDED");
    const argsText = stringifyJson(encodeValue(args));
    if (argsText.length > limits.argumentBytes) return refuseInside("ARGUMENT_TOO_LARGE");
    const id = say({ type: "call", capability, fn, line: site.line, column: site.column }, argsText);
    if (id === POST_WINDOW_FULL) return refuseInside("IN_FLIGHT_EXCEEDED");
    return id === POST_TOO_LARGE ? refuseInside("ARGUMENT_TOO_LARGE") : id;
  }

  return {
    limits,
    call({ capability, fn, args, site }, refuse, onId) {
      return new NativePromise((resolve, reject) => {
        const id = postCall(capability, fn, args, site);
        if (typeof id !== "number") return reject(refuse(id));
        inFlight++;
        pending[id] = { resolve, reject, refuse };
        onId?.(id);
      });
    },
    cancel(id, reason) {
      const call = pending[id];
      if (call === undefined) return;
      delete pending[id];
      say({ type: "cancel", id });
      call.reject(reason);
    },
    setTimer(delayMs, fire) {
      const id = say({ type: "timerSet", delayMs });
      timers[id] = fire;
      return id;
    },
    clearTimer(id) {
      if (timers[id] === undefined) return;
      delete timers[id];
      say({ type: "timerCleared", id });
    },
    log(level, text) {
      say({ type: "log", level }, toWellFormed(text));
    },
    note(text) {
      say({ type: "note" }, toWellFormed(text));
    },
    finish(result) {
      finished ??= result.ok ? spellOutput(result.value, limits.resultBytes) : spellFailure(result.error);
    },
    settle(id, outcome, body) {
      inFlight--;
      const call = pending[id];
      if (call === undefined) return;
      delete pending[id];
      const value = parseJson(body) as JsonValue;
      if (outcome.ok) call.resolve(decodeValue(value));
      else call.reject(call.refuse(value as unknown as DeliveredError));
    },
    fire(id) {
      const fire = timers[id];
      delete timers[id];
      fire?.();
    },
    closeTurn(draws) {
      if (refusedWindow > 0) say({ type: "refusedInside", count: refusedWindow, code: "IN_FLIGHT_EXCEEDED" });
      if (refusedSize > 0) say({ type: "refusedInside", count: refusedSize, code: "ARGUMENT_TOO_LARGE" });
      refusedWindow = refusedSize = 0;
      say({ type: "drained", draws });
      if (finished !== undefined) say({ type: "done", ok: finished.ok }, finished.text);
    },
  };
}

function spellOutput(value: unknown, bytesMax: number): { readonly ok: boolean; readonly text: string } {
  try {
    const text = stringifyJson(encodeValue(value));
    if (text.length <= bytesMax) return { ok: true, text };
    return spellFailure(new AgentFailure("RESULT_TOO_LARGE", `the output is larger than ${bytesMax} bytes`));
  } catch (error) {
    if (!(error instanceof CodecError)) return spellFailure(error);
    return spellFailure(new AgentFailure("OUTPUT_INVALID", `the output cannot cross: ${error.message}`));
  }
}

function spellFailure(error: unknown): { readonly ok: false; readonly text: string } {
  return { ok: false, text: stringifyJson(describeError(error)) };
}
