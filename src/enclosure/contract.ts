// The door: what passes between a session (host) and its guest process, and what the session may know of the process.
// The guest is hostile: whatever arrives here has been bounded and strictly parsed, and is still only what it says.

import type { CallId } from "../base/ids.ts";
import type { SessionLimits } from "../base/limits.ts";

/** What the guest says, in the order in which it said it. `turn` is the delivery during which it was said. */
export type GuestMessage =
  /** `argsText` is at most limits.argumentBytes long; nothing else about it has been checked. `site` is a position in the compiled script. */
  | {
      readonly type: "call";
      readonly id: CallId;
      readonly turn: number;
      readonly capability: string;
      readonly fn: string;
      readonly argsText: string;
      readonly site?: ScriptSite;
    }
  | { readonly type: "cancel"; readonly id: CallId; readonly turn: number }
  | { readonly type: "timerSet"; readonly id: number; readonly turn: number; readonly delayMs: number }
  | { readonly type: "timerCleared"; readonly id: number; readonly turn: number }
  | { readonly type: "log"; readonly turn: number; readonly level: LogLevel; readonly text: string }
  | { readonly type: "note"; readonly turn: number; readonly text: string }
  /** Calls that the guest's own credit window refused, since the last such message. */
  | {
      readonly type: "refusedInside";
      readonly turn: number;
      readonly count: number;
      readonly code: "IN_FLIGHT_EXCEEDED" | "ARGUMENT_TOO_LARGE";
    }
  /** The turn has drained to quiet. Totals since the start: calls made, random draws taken, timers armed now. */
  | {
      readonly type: "quiet";
      readonly turn: number;
      readonly calls: number;
      readonly draws: number;
      readonly timersArmed: number;
    }
  /** The agent's promise has settled; nothing is delivered after this. */
  | { readonly type: "done"; readonly turn: number; readonly ok: true; readonly outputText: string }
  | { readonly type: "done"; readonly turn: number; readonly ok: false; readonly error: GuestError };

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface ScriptSite {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** An error as the agent threw it: agent-claimed text, bounded. */
export interface GuestError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** Frames of the compiled script only. */
  readonly stack?: string;
}

/** What the host delivers: one thing a turn; the isolate drains to quiet before the next. Turns count from 0 (the start). */
export type Delivery =
  | {
      readonly type: "settled";
      readonly turn: number;
      readonly nowMs: number;
      readonly id: CallId;
      readonly ok: true;
      readonly resultText: string;
    }
  | {
      readonly type: "settled";
      readonly turn: number;
      readonly nowMs: number;
      readonly id: CallId;
      readonly ok: false;
      readonly error: DeliveredError;
    }
  | { readonly type: "timerFired"; readonly turn: number; readonly nowMs: number; readonly id: number };

/** An error as the guest sees it: from our templates, never a host path, a stack or a library's text. */
export interface DeliveredError {
  readonly name: "CapabilityDenied" | "CapabilityFailed" | "AbortError";
  readonly code: string;
  readonly message: string;
}

/** A function as the guest has it. */
export interface GuestFunction {
  readonly name: string;
  readonly positional?: readonly string[];
}

export interface GuestCapability {
  readonly name: string;
  readonly kind: string;
  readonly functions: readonly GuestFunction[];
}

export interface GuestStart {
  /** The compiled agent: one classic script; see src/bundle. */
  readonly script: string;
  readonly inputText: string;
  readonly capabilities: readonly GuestCapability[];
  /** `process.env`. */
  readonly env: Readonly<Record<string, string>>;
  /** 32 bytes, hexadecimal. Recorded: what is drawn from it is replayable, so it is never secret. */
  readonly seed: string;
  readonly nowMs: number;
  readonly limits: SessionLimits;
}

/** What the guest process is and what holds it; told once, before it is started. */
export interface GuestFacts {
  readonly pid: number;
  readonly versions: {
    readonly node: string;
    readonly v8: string;
    readonly isolatedVm: string;
    readonly icu: string;
    readonly tz: string;
    readonly unicode: string;
  };
  /** The prelude's text: an artefact of the session. */
  readonly prelude: string;
  readonly flags: readonly string[];
  /** Walls that were seen to stand, by name: "isolate", "process", "namespaces", … (docs/walls.md). */
  readonly walls: readonly string[];
  /** Why the operating system's sandbox is not up; absent where it is. */
  readonly lacking?: string;
}

export type LimitName = "wall" | "cpu" | "memory" | "timers" | "log";

/**
 * How the guest process ended. `limit`: a watchdog killed it; where `claimed`, the process says so itself by the way in
 * which it ended, and nobody has measured it. `protocol`: it broke the frame protocol and was killed.
 */
export type GuestEnd =
  | { readonly kind: "stopped" }
  | {
      readonly kind: "limit";
      readonly limit: LimitName;
      readonly used: number;
      readonly max: number;
      readonly claimed?: true;
    }
  | { readonly kind: "crashed"; readonly detail: string }
  | { readonly kind: "protocol"; readonly detail: string };

/** One guest process. */
export interface Guest {
  /** Settles when the process is up and its walls have been tried. @throws EnclosureError GUEST_START_FAILED */
  readonly facts: Promise<GuestFacts>;
  /** Never rejects; settles once, when the process is dead and reaped and no message will come any more. */
  readonly ended: Promise<GuestEnd>;
  /** Starts the agent: turn 0. Once. `onMessage` is the one function through which the guest speaks. */
  start(start: GuestStart, onMessage: (message: GuestMessage) => void): void;
  /** In the order given; may be called again before the guest is quiet. Ignored after the end. */
  deliver(delivery: Delivery): void;
  /** The wall limit stands still while paused (approvals pending and nothing else). */
  pauseWall(): void;
  resumeWall(): void;
  /** Kills the process; `ended` tells how it ended. Idempotent. */
  stop(): Promise<GuestEnd>;
}
