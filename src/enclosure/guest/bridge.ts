// The guest's end of the bridge: text out through `post`, text in through `deliver`, nothing else crosses.
// Invariants: `post` and the table of pending calls never become reachable from the agent; a call beyond the window or
// the argument limit is refused here, before anything is copied; the child and the host check all of it again.

import { decodeValue, encodeValue, readCodecError } from "../../base/codec.ts";
import type { JsonObject, JsonValue } from "../../base/json.ts";
import type { SessionLimits } from "../../base/limits.ts";
import { LOG_TEXT_CHARS_MAX } from "../../base/limits.ts";
import type { DeliveredError, LogLevel, ScriptSite } from "../contract.ts";
import { AgentFailure, describeError } from "./errors.ts";
import { create, NativePromise, NativeRangeError, parseJson, slice, toWellFormed } from "./intrinsics.ts";
import { POST_TOO_LARGE, POST_WINDOW_FULL } from "./names.ts";
import { spellJson } from "./spell.ts";

/** Posts `header` (JSON, one line) ‖ "\n" ‖ body. Answers the id of a call or timer. */
export type Post = (text: string) => number;

export interface OutgoingCall {
  readonly capability: string;
  readonly fn: string;
  /** Any value; encoded here. */
  readonly args: unknown;
  /** 0:0 where it is not known. */
  readonly site: ScriptSite;
  /** Makes the error that the caller sees, with the call's own place as its stack. */
  readonly refuse: (error: DeliveredError) => Error;
}

interface PendingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly refuse: OutgoingCall["refuse"];
}

type RefusalCode = "IN_FLIGHT_EXCEEDED" | "ARGUMENT_TOO_LARGE";
type Finish = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

export class Bridge {
  readonly #post: Post;
  readonly #limits: SessionLimits;
  readonly #pending = create(null) as Record<number, PendingCall | undefined>;
  readonly #timers = create(null) as Record<number, (() => void) | undefined>;
  readonly #refused = { IN_FLIGHT_EXCEEDED: 0, ARGUMENT_TOO_LARGE: 0 };
  #inFlight = 0;
  #finished: { readonly ok: boolean; readonly text: string } | undefined;

  constructor(post: Post, limits: SessionLimits) {
    this.#post = post;
    this.#limits = limits;
  }

  /** Promises the outcome; `onId` learns the id, for a cancellation, when the call was taken. */
  call(call: OutgoingCall, onId?: (id: number) => void): Promise<unknown> {
    return new NativePromise((resolve, reject) => {
      const id = this.#postCall(call);
      if (typeof id === "string") return reject(call.refuse(this.#refusal(id)));
      this.#inFlight++;
      this.#pending[id] = { resolve, reject, refuse: call.refuse };
      onId?.(id);
    });
  }

  /** The caller has gone away: its promise rejects with `reason` at once; the outcome, when it comes, is dropped. */
  cancel(id: number, reason: unknown): void {
    const call = this.#pending[id];
    if (call === undefined) return;
    // Said before it is forgotten, here and below: the agent may stand so deep that saying it finds no room.
    this.#say({ type: "cancel", id });
    delete this.#pending[id];
    call.reject(reason);
  }

  setTimer(delayMs: number, fire: () => void): number {
    const id = this.#say({ type: "timerSet", delayMs });
    this.#timers[id] = fire;
    return id;
  }

  clearTimer(id: number): void {
    if (this.#timers[id] === undefined) return;
    this.#say({ type: "timerCleared", id });
    delete this.#timers[id];
  }

  log(level: LogLevel, text: string): void {
    this.#say({ type: "log", level }, this.#bound(text));
  }

  note(text: string): void {
    this.#say({ type: "note" }, this.#bound(text));
  }

  /** The agent's promise has settled, or something of its threw where nobody could catch it. The first one counts. */
  finish(result: Finish): void {
    this.#finished ??= result.ok ? spellOutput(result.value, this.#limits.resultBytes) : spellFailure(result.error);
  }

  /** A call's outcome. One that was cancelled only gives its place in the window back. */
  settle(id: number, ok: boolean, body: string): void {
    this.#inFlight--;
    const call = this.#pending[id];
    if (call === undefined) return;
    delete this.#pending[id];
    const value = parseJson(body) as JsonValue;
    if (ok) call.resolve(decodeValue(value));
    else call.reject(call.refuse(value as unknown as DeliveredError));
  }

  fire(id: number): void {
    const fire = this.#timers[id];
    delete this.#timers[id];
    fire?.();
  }

  /** The turn has drained: posts what is said once a turn. */
  closeTurn(draws: number): void {
    this.#sayRefused("IN_FLIGHT_EXCEEDED");
    this.#sayRefused("ARGUMENT_TOO_LARGE");
    this.#say({ type: "drained", draws });
    if (this.#finished !== undefined) this.#say({ type: "done", ok: this.#finished.ok }, this.#finished.text);
  }

  /** Posts a call; answers its id, or why it was refused. */
  #postCall({ capability, fn, args, site }: OutgoingCall): number | RefusalCode {
    if (this.#inFlight >= this.#limits.inFlight) return "IN_FLIGHT_EXCEEDED";
    const argsText = spellJson(encodeValue(args));
    if (argsText.length > this.#limits.argumentBytes) return "ARGUMENT_TOO_LARGE";
    const id = this.#say({ type: "call", capability, fn, line: site.line, column: site.column }, argsText);
    if (id === POST_WINDOW_FULL) return "IN_FLIGHT_EXCEEDED";
    return id === POST_TOO_LARGE ? "ARGUMENT_TOO_LARGE" : id;
  }

  #refusal(code: RefusalCode): DeliveredError {
    this.#refused[code]++;
    const { inFlight, argumentBytes } = this.#limits;
    const message =
      code === "IN_FLIGHT_EXCEEDED"
        ? `more than ${inFlight} calls would be in flight; await some of them first`
        : `the argument is larger than ${argumentBytes} bytes`;
    return { name: "CapabilityDenied", code, message };
  }

  #sayRefused(code: RefusalCode): void {
    const count = this.#refused[code];
    if (count > 0) this.#say({ type: "refusedInside", count, code });
    this.#refused[code] = 0;
  }

  /** No longer than what certainly strikes the log limit, nor than one text may be: what is cut off is said. */
  #bound(text: string): string {
    const { logBytes } = this.#limits;
    if (text.length <= LOG_TEXT_CHARS_MAX || logBytes < LOG_TEXT_CHARS_MAX) {
      return toWellFormed(slice(text, 0, logBytes + 1));
    }
    const cut = text.length - LOG_TEXT_CHARS_MAX;
    return `${toWellFormed(slice(text, 0, LOG_TEXT_CHARS_MAX))}… (${cut} characters more)`;
  }

  /** What `post` throws is of the other side and stays here; that the agent's stack is full is all that can be wrong. */
  #say(header: JsonObject, body = ""): number {
    const text = `${spellJson(header)}\n${body}`;
    try {
      return this.#post(text);
    } catch {
      throw new NativeRangeError("Maximum call stack size exceeded");
    }
  }
}

function spellOutput(value: unknown, bytesMax: number): { readonly ok: boolean; readonly text: string } {
  try {
    const text = spellJson(encodeValue(value));
    if (text.length <= bytesMax) return { ok: true, text };
    return spellFailure(new AgentFailure("RESULT_TOO_LARGE", `the output is larger than ${bytesMax} bytes`));
  } catch (error) {
    const what = readCodecError(error);
    if (what === undefined) return spellFailure(error);
    return spellFailure(new AgentFailure("RESULT_INVALID", `the output cannot cross: ${what}`));
  }
}

function spellFailure(error: unknown): { readonly ok: false; readonly text: string } {
  return { ok: false, text: spellJson({ ...describeError(error) }) };
}
