// Conducts one running session: feeds the guest one delivery a turn, in the order of the log, hands its calls to the
// broker, and finds how it ends. Invariants: the record of a delivery is appended before the guest gets it; turns count
// from 0 without gaps; nothing is delivered after the end.

import type { SessionDraft, SessionLog, Ticket } from "../audit/contract.ts";
import type { EventType, TurnSummary } from "../audit/events.ts";
import type { ErrorCode } from "../base/errors.ts";
import type { CallId } from "../base/ids.ts";
import type { SessionLimits } from "../base/limits.ts";
import type { Timers } from "../base/powers.ts";
import type { Broker } from "../broker/broker.ts";
import type { CallAnswer } from "../broker/ports.ts";
import type { Guest, GuestEnd, GuestError, GuestMessage, GuestStart, LimitName } from "../enclosure/contract.ts";
import type { AuditLevel } from "../kinds/contract.ts";
import type { LiveEvent } from "./contract.ts";

/** How the agent's run came to its end, before it is judged. */
export type Ending =
  | { readonly kind: "output"; readonly outputText: string }
  | { readonly kind: "threw"; readonly error: GuestError }
  | {
      readonly kind: "limit";
      readonly limit: LimitName | "calls";
      readonly used: number;
      readonly max: number;
      /** By the guest's own account. */
      readonly claimed?: true;
    }
  | { readonly kind: "stalled" }
  | { readonly kind: "crashed"; readonly code: "GUEST_CRASHED" | "GUEST_PROTOCOL"; readonly detail: string }
  | { readonly kind: "interrupted" }
  /** Ours: the log failed, or there is a bug. */
  | { readonly kind: "faulted"; readonly error: Error };

export interface ConductPorts {
  readonly guest: Guest;
  readonly log: SessionLog;
  readonly limits: SessionLimits;
  readonly level: AuditLevel;
  readonly timers: Timers;
  readonly show: (make: () => LiveEvent, ticket: Ticket) => void;
}

export class Conduct {
  readonly #ports: ConductPorts;
  #broker: Broker | undefined;
  #turn = 0;
  #turnTimes: number[] = [];
  #quietTurn = -1;
  #summary: TurnSummary | undefined;
  #summaryTold: TurnSummary | undefined;
  readonly #alarms = new Map<number, () => void>();
  #refusedInside = 0;
  readonly #refusedCodes = new Set<ErrorCode>();
  #wallPaused = false;
  #over = false;
  readonly #ended = Promise.withResolvers<Ending>();

  constructor(ports: ConductPorts) {
    this.#ports = ports;
  }

  /** Settles once, when the run is over: nothing is delivered and nothing is accepted any more. */
  get ended(): Promise<Ending> {
    return this.#ended.promise;
  }

  get refusedInside(): number {
    return this.#refusedInside;
  }

  /** Codes of the calls that were refused inside the guest. */
  get refusedCodes(): ReadonlySet<ErrorCode> {
    return this.#refusedCodes;
  }

  /** The last turn that was opened. */
  get turn(): number {
    return this.#turn;
  }

  /** Virtual time of a turn that was delivered and that the guest may still be in. */
  turnTime(turn: number): number {
    return this.#turnTimes[turn] ?? (this.#turnTimes.at(-1) as number);
  }

  start(start: GuestStart, broker: Broker): void {
    this.#broker = broker;
    this.#turnTimes = [start.nowMs];
    const { guest, log } = this.#ports;
    guest.start(start, (message) => this.#hear(message));
    guest.ended.then(
      (end) => this.#guestEnded(end),
      (error: unknown) => this.end({ kind: "crashed", code: "GUEST_CRASHED", detail: String(error) }),
    );
    void log.failed.then((error) => this.fault(error));
  }

  /** Ends the run from outside, or from within. The first ending counts. */
  end(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    for (const cancel of this.#alarms.values()) cancel();
    this.#alarms.clear();
    this.#ended.resolve(ending);
  }

  /** Ends the run for a fault of ours: of the log, or a bug. */
  fault(error: unknown): void {
    this.end({ kind: "faulted", error: error instanceof Error ? error : new Error(String(error)) });
  }

  /** See BrokerPorts.deliver. */
  deliverAnswer<Type extends EventType>(
    id: CallId,
    answer: CallAnswer,
    draft: (delivered: "true" | "late") => Omit<SessionDraft<Type>, "turn" | "before">,
  ): Ticket {
    if (this.#over) return this.#ports.log.append({ ...draft("late"), turn: this.#turn });
    const { ticket, turn } = this.#openTurn(draft("true"));
    const { timeMs: nowMs } = ticket;
    this.#ports.guest.deliver(
      answer.ok
        ? { type: "settled", turn, nowMs, id, ok: true, resultText: answer.resultText }
        : { type: "settled", turn, nowMs, id, ok: false, error: answer.error },
    );
    return ticket;
  }

  /** Looks whether the run has come to rest, and whether the wall clock should stand still. */
  reconsider(): void {
    const broker = this.#broker;
    if (this.#over || broker === undefined) return;
    const quiet = this.#quietTurn === this.#turn;
    const onlyHeld = quiet && broker.held > 0 && broker.held === broker.pending && this.#alarms.size === 0;
    if (onlyHeld !== this.#wallPaused) {
      this.#wallPaused = onlyHeld;
      if (onlyHeld) this.#ports.guest.pauseWall();
      else this.#ports.guest.resumeWall();
    }
    if (quiet && broker.pending === 0 && this.#alarms.size === 0) this.end({ kind: "stalled" });
  }

  /** Appends the record that opens the next turn, with the summary of what has drained since the last one. */
  #openTurn<Type extends EventType>(
    draft: Omit<SessionDraft<Type>, "turn" | "before">,
  ): { readonly ticket: Ticket; readonly turn: number } {
    const turn = this.#turn + 1;
    const before = this.#summary === this.#summaryTold ? undefined : this.#summary;
    const ticket = this.#ports.log.append({ ...draft, turn, ...(before === undefined ? {} : { before }) });
    this.#summaryTold = this.#summary;
    this.#turn = turn;
    this.#turnTimes[turn] = ticket.timeMs;
    return { ticket, turn };
  }

  #hear(message: GuestMessage): void {
    if (this.#over) return;
    try {
      this.#take(message);
    } catch (error) {
      this.fault(error);
    }
  }

  #take(message: GuestMessage): void {
    switch (message.type) {
      case "call":
        return this.#call(message);
      case "cancel":
        return this.#broker?.cancel(message.id, message.turn);
      case "timerSet":
        return this.#armTimer(message.id, message.delayMs);
      case "timerCleared":
        this.#alarms.get(message.id)?.();
        this.#alarms.delete(message.id);
        return;
      case "log":
      case "note":
        return this.#speak(message);
      case "refusedInside":
        // A count that no record could hold would keep the session from being closed.
        this.#refusedCodes.add(message.code);
        this.#refusedInside = Math.min(this.#refusedInside + message.count, Number.MAX_SAFE_INTEGER);
        return;
      case "quiet":
        this.#quietTurn = message.turn;
        this.#summary = { turn: message.turn, calls: message.calls, draws: message.draws };
        return this.reconsider();
      case "done":
        return this.end(
          message.ok ? { kind: "output", outputText: message.outputText } : { kind: "threw", error: message.error },
        );
    }
  }

  #call(message: Extract<GuestMessage, { type: "call" }>): void {
    const { limits } = this.#ports;
    const broker = this.#broker as Broker;
    if (message.id > limits.calls) return this.#strike("calls", message.id, limits.calls);
    const { id, turn, capability, fn, argsText, site } = message;
    broker.accept({
      id,
      turn,
      capability,
      fn,
      argsText,
      site: site === undefined ? null : { line: site.line, column: site.column },
    });
  }

  #armTimer(id: number, delayMs: number): void {
    const cancel = this.#ports.timers.after(delayMs, () => {
      this.#alarms.delete(id);
      this.#fire(id);
    });
    this.#alarms.set(id, cancel);
  }

  #fire(id: number): void {
    if (this.#over) return;
    try {
      const { ticket, turn } = this.#openTurn<"timer.fired">({
        type: "timer.fired",
        evidence: "observed",
        data: { timer: id },
      });
      this.#ports.guest.deliver({ type: "timerFired", turn, nowMs: ticket.timeMs, id });
    } catch (error) {
      this.fault(error);
    }
  }

  #speak(message: Extract<GuestMessage, { type: "log" | "note" }>): void {
    const { level, log, show } = this.#ports;
    const { turn, text } = message;
    const payload = { text, media: "text/plain", level } as const;
    if (message.type === "note") {
      const ticket = log.append({ type: "session.noted", evidence: "agent_claimed", turn, data: { note: payload } });
      return show(() => ({ type: "note", text }), ticket);
    }
    const ticket = log.append({
      type: "session.logged",
      evidence: "agent_claimed",
      turn,
      data: { level: message.level, line: payload },
    });
    show(() => ({ type: "log", level: message.level, text }), ticket);
  }

  #strike(limit: LimitName | "calls", used: number, max: number): void {
    this.end({ kind: "limit", limit, used, max });
  }

  #guestEnded(end: GuestEnd): void {
    if (end.kind === "limit") return this.end(end);
    if (end.kind === "protocol") return this.end({ kind: "crashed", code: "GUEST_PROTOCOL", detail: end.detail });
    if (end.kind === "crashed") return this.end({ kind: "crashed", code: "GUEST_CRASHED", detail: end.detail });
    this.end({ kind: "crashed", code: "GUEST_CRASHED", detail: "the guest process stopped" });
  }
}
