// What a session hands to its broker: the log's end, the guest's ear, the people who approve, and time.

import type { PayloadInput, SessionDraft, SessionLog, Ticket } from "../audit/contract.ts";
import type { EventType } from "../audit/events.ts";
import type { CallId } from "../base/ids.ts";
import type { SessionLimits } from "../base/limits.ts";
import type { Clock, Timers } from "../base/powers.ts";
import type { AuditLevel, CompiledGrant, Effect, RuleRef, Target } from "../kinds/contract.ts";
import type { Provider } from "./contract.ts";
import type { Told } from "./told.ts";

/** What the broker tells a person who must decide on a call. */
export interface HeldCall {
  readonly call: CallId;
  readonly grant: CompiledGrant;
  readonly function: string;
  readonly effect: Effect;
  readonly target: Target;
  readonly rule: RuleRef;
  readonly argumentsText: string;
  readonly timeoutMs: number;
}

export type Answer =
  | { readonly granted: true; readonly reason?: string }
  | { readonly granted: false; readonly reason?: string };

/** Someone who can be asked. Absent where the manifest or the place has nobody. */
export interface Approvers {
  readonly channel: "tty" | "library";
  ask(held: HeldCall, signal: AbortSignal): Promise<Answer>;
  /** The person at the channel, for the record. */
  readonly person: { readonly id: string; readonly name: PayloadInput };
}

export type BrokerEvent = {
  readonly call: CallId;
  readonly parent: CallId | null;
  readonly state: "admitted" | "denied" | "held" | "confirmed" | "failed" | "unknown";
  readonly capability: string;
  readonly function: string;
  readonly effect: Effect | null;
  readonly target: Target | null;
  readonly argumentsText: string;
  readonly rule: RuleRef | null;
  readonly code?: string;
  readonly message?: string;
  readonly mend?: string;
  readonly durationMs?: number;
};

/** The answer to a call, as the guest is to receive it. */
export type CallAnswer =
  | { readonly ok: true; readonly resultText: string }
  | { readonly ok: false; readonly error: Told };

/**
 * Delivers an answer: appends the record that carries it, with the turn that it opens, and hands the answer to the guest
 * in that order. Where the guest has ended, the record is appended as `late`.
 */
export type DeliverAnswer = <Type extends EventType>(
  id: CallId,
  answer: CallAnswer,
  draft: (delivered: "true" | "late") => Omit<SessionDraft<Type>, "turn" | "before">,
) => Ticket;

export interface BrokerPorts {
  readonly log: SessionLog;
  readonly grants: ReadonlyMap<string, CompiledGrant>;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly limits: SessionLimits;
  /** The level of payloads that belong to no grant. */
  readonly level: AuditLevel;
  readonly approvers: Approvers | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly deliver: DeliverAnswer;
  /** Virtual time of a turn that the guest has been given. */
  readonly turnTime: (turn: number) => number;
  /** Told with the ticket of the record that it speaks of; whoever shows it waits until that is durable. */
  readonly onEvent: (event: BrokerEvent, ticket: Ticket) => void;
  /** Something about the calls in progress has changed. */
  readonly onChange: () => void;
  /** A call's course broke off: the log has failed, or there is a bug. Its guest waits for ever, so the session must end. */
  readonly onFault: (error: unknown) => void;
}
