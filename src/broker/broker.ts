// The reference monitor. Every call of a guest passes here, and nothing else performs one:
//   decide → record the intent, durable → perform → check the result → record the outcome → deliver.
// Invariants: a provider is called only with an AdmittedCall, made in one place, after its intent is durable; every
// intent gets an outcome record (or stays open if the process dies, and is then `unknown`); a refusal is recorded and
// never thrown; after the log has failed nothing is performed and nothing is delivered.

import type { Ticket } from "../audit/contract.ts";
import type { CallCounts } from "../audit/events.ts";
import { assert } from "../base/assert.ts";
import type { ErrorCode } from "../base/errors.ts";
import type { CallId } from "../base/ids.ts";
import { askPeople, type Denial, type Verdict } from "./approval.ts";
import { Budgets } from "./budgets.ts";
import type { AdmittedCall, PerformContext, Performed, Provider } from "./contract.ts";
import {
  callData,
  type Course,
  deniedData,
  evidenceOf,
  firstCourse,
  hopCourse,
  type IncomingCall,
  settledData,
} from "./course.ts";
import { type Denied, decide, type Held, type Permitted, UNLISTED } from "./decide.ts";
import { failure, type Outcome, outcomeOf } from "./outcome.ts";
import type { BrokerEvent, BrokerPorts, CallAnswer } from "./ports.ts";
import { toldOfDenial } from "./told.ts";

/** Hops that one call may lead to, whatever its kind allows. */
const HOPS_MAX = 20;

const TOO_MANY_HOPS: Denial = {
  code: "BUDGET_EXCEEDED",
  message: `it leads to more than ${HOPS_MAX} redirects`,
  mend: "call the last address itself",
};
const ENDED_UNANSWERED: Denial = {
  code: "APPROVAL_UNAVAILABLE",
  message: "the session ended before anybody answered",
  mend: "answer sooner",
};

export class Broker {
  readonly #ports: BrokerPorts;
  readonly #budgets = new Budgets();
  readonly #courses = new Map<CallId, Course>();
  readonly #running = new Set<Promise<void>>();
  /** Calls that wait for a person, by the call that the guest awaits: they have no intent yet. */
  readonly #held = new Map<CallId, Held>();
  readonly #deniedCodes = new Set<ErrorCode>();
  #hopsMade = 0;
  readonly #counts = { admitted: 0, denied: 0, failed: 0, unknown: 0 };

  constructor(ports: BrokerPorts) {
    for (const name of ports.grants.keys()) assert(ports.providers.has(name), `no provider performs ${name}`);
    this.#ports = ports;
  }

  /** Calls that have no answer yet. */
  get pending(): number {
    return this.#courses.size;
  }

  /** Of those, the ones that wait for a person. */
  get held(): number {
    return this.#held.size;
  }

  get counts(): CallCounts {
    return { ...this.#counts };
  }

  /** Codes of the refusals that the guest was told. */
  get deniedCodes(): ReadonlySet<ErrorCode> {
    return this.#deniedCodes;
  }

  /** Takes a call from the guest. Throws for nothing that the guest sent. */
  accept(incoming: IncomingCall): void {
    const course = firstCourse(incoming);
    this.#courses.set(incoming.id, course);
    this.#follow(course);
  }

  /** The guest gave up on a call: its promise has rejected already. The outcome, when it comes, gives its place in the window back. */
  cancel(id: CallId, turn: number): void {
    const course = this.#courses.get(id);
    if (course === undefined || course.abort.signal.aborted) return;
    this.#ports.log.append({ type: "call.cancelled", evidence: "observed", turn, data: { call: id } });
    course.abort.abort();
  }

  /** Resolves when no call is in progress any more; aborts them all first where `abort` says so. */
  async drain(abort: boolean): Promise<void> {
    if (abort) for (const course of this.#courses.values()) course.abort.abort();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Records what is still being performed as unknown, and what still waits for a person as denied: the last resort when a provider does not stop. */
  abandon(): void {
    for (const course of [...this.#courses.values()]) {
      course.abort.abort();
      const held = this.#held.get(course.answers);
      if (held !== undefined) this.#deny(course, refused(held, ENDED_UNANSWERED));
      else this.#settle(course, failure("unknown", "CALL_TIMEOUT", "the session ended before the call did"));
    }
  }

  #follow(course: Course): void {
    const running = this.#run(course).finally(() => {
      this.#running.delete(running);
      this.#ports.onChange();
    });
    this.#running.add(running);
    // The log has failed, or there is a bug: either way this call will never be answered, and the session cannot go on.
    running.catch((error: unknown) => this.#ports.onFault(error));
  }

  async #run(course: Course): Promise<void> {
    const { incoming } = course;
    const { turnTime, grants, limits } = this.#ports;
    const nowMs = turnTime(incoming.turn);
    const decision = decide({ ...incoming, nowMs }, grants, this.#budgets, limits.argumentBytes);
    if (decision.verdict === "denied") return this.#deny(course, decision);
    this.#budgets.spend(decision.grant, nowMs);
    if (decision.verdict === "admitted") return this.#perform(course, decision, null);
    const verdict = await this.#hold(course, decision);
    if (!verdict.granted) return this.#deny(course, refused(decision, verdict.denial));
    await this.#perform(course, decision, verdict.n);
  }

  async #hold(course: Course, held: Held): Promise<Verdict> {
    const { incoming } = course;
    const data = { ...callData(course, held), timeoutMs: held.timeoutMs };
    const ticket = this.#ports.log.append({ type: "call.held", evidence: "observed", turn: incoming.turn, data });
    this.#tell(course, held, "held", ticket);
    this.#held.set(course.answers, held);
    this.#ports.onChange();
    try {
      return await askPeople(this.#ports, course, held);
    } finally {
      this.#held.delete(course.answers);
      this.#ports.onChange();
    }
  }

  #deny(course: Course, denied: Denied): void {
    if (!this.#courses.has(course.answers)) return;
    this.#counts.denied++;
    this.#deniedCodes.add(denied.code);
    const { level } = this.#ports;
    const capability = denied.grant?.name ?? course.incoming.capability;
    const fn = denied.fn?.name ?? course.incoming.fn;
    const told = toldOfDenial(denied, capability, fn);
    const ticket = this.#answer(course, { ok: false, error: told }, (delivered) => ({
      type: "call.denied" as const,
      evidence: "observed",
      data: deniedData(course, denied, told, level, delivered),
    }));
    const { code, message, mend } = denied;
    this.#tell(course, denied, "denied", ticket, { capability, function: fn, code, message, mend });
  }

  async #perform(course: Course, permitted: Permitted, approval: number | null): Promise<void> {
    const { log, providers, limits, clock } = this.#ports;
    this.#counts.admitted++;
    const data = { ...callData(course, permitted), approval };
    const { turn } = course.incoming;
    const ticket = log.append({ type: "call.intended", evidence: "observed", turn, data });
    this.#tell(course, permitted, "admitted", ticket);
    // The commit point: what follows acts on the world, and what precedes it is on the disk.
    await log.release(ticket);
    const { signal } = course.abort;
    const provider = providers.get(permitted.grant.name) as Provider;
    const startedUs = clock.monotonicUs();
    const performed: Performed = signal.aborted
      ? { kind: "failed", code: "CALL_CANCELLED", message: "the call was cancelled before it began" }
      : await perform(provider, admit(course.id, permitted), { signal, resultBytesMax: limits.resultBytes });
    const durationMs = Math.round((clock.monotonicUs() - startedUs) / 1000);
    // Given up on while it ran: its record says unknown already.
    if (!this.#courses.has(course.answers)) return;
    const outcome = outcomeOf(performed, permitted, limits.resultBytes, durationMs);
    if (outcome.effectState === "confirmed" && outcome.next !== null) {
      return this.#hop(course, permitted, outcome, outcome.next);
    }
    this.#settle(course, outcome, permitted);
  }

  /** A redirect is a call of its own, decided on anew; the first one's record says that its result went to the broker. */
  #hop(course: Course, permitted: Permitted, outcome: Outcome, argsText: string): void {
    const { log, level } = this.#ports;
    const ticket = log.append({
      type: "call.settled",
      evidence: evidenceOf(permitted.grant),
      turn: course.incoming.turn,
      data: { ...settledData(course, outcome, permitted.grant, level), delivered: "hop" },
    });
    this.#tell(course, permitted, "confirmed", ticket, { durationMs: outcome.durationMs });
    const next = hopCourse(course, -++this.#hopsMade, argsText);
    this.#courses.set(course.answers, next);
    if (next.hops <= HOPS_MAX) return this.#follow(next);
    this.#deny(next, refused(permitted, TOO_MANY_HOPS));
  }

  #settle(course: Course, outcome: Outcome, permitted?: Permitted): void {
    const { effectState, told, durationMs } = outcome;
    if (effectState !== "confirmed") this.#counts[effectState]++;
    const answer: CallAnswer =
      outcome.effectState === "confirmed"
        ? { ok: true, resultText: outcome.result.text }
        : { ok: false, error: outcome.told };
    const ticket = this.#answer(course, answer, (delivered) => ({
      type: "call.settled" as const,
      evidence: evidenceOf(permitted?.grant),
      data: { ...settledData(course, outcome, permitted?.grant, this.#ports.level), delivered },
    }));
    if (permitted === undefined) return;
    const failed = told === null ? {} : { code: told.code, message: told.message };
    this.#tell(course, permitted, effectState, ticket, { durationMs, ...failed });
  }

  /** Answers the guest, once. */
  #answer(course: Course, answer: CallAnswer, draft: Parameters<BrokerPorts["deliver"]>[2]): Ticket {
    this.#courses.delete(course.answers);
    return this.#ports.deliver(course.answers, answer, draft);
  }

  #tell(
    course: Course,
    about: Permitted | Denied,
    state: BrokerEvent["state"],
    ticket: Ticket,
    more: Partial<BrokerEvent> = {},
  ): void {
    const event: BrokerEvent = {
      call: course.id,
      parent: course.parent,
      state,
      capability: about.grant?.name ?? UNLISTED,
      function: about.fn?.name ?? UNLISTED,
      effect: about.effect,
      target: about.target,
      argumentsText: course.incoming.argsText,
      rule: about.rule,
      ...more,
    };
    this.#ports.onEvent(event, ticket);
  }
}

/** The only maker of an AdmittedCall. */
function admit(id: CallId, permitted: Permitted): AdmittedCall {
  const { grant, fn, args, effect, target } = permitted;
  return Object.freeze({ id, grant, fn, args, effect, target }) as unknown as AdmittedCall;
}

/** A provider that throws has a bug, and nobody knows what it had done by then. */
async function perform(provider: Provider, call: AdmittedCall, context: PerformContext): Promise<Performed> {
  try {
    return await provider.perform(call, context);
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : `threw a ${typeof error}`;
    return { kind: "unknown", code: "CALL_FAILED", message: "the capability failed", detail };
  }
}

function refused({ grant, fn, effect, target, rule }: Permitted, why: Denial): Denied {
  return { verdict: "denied", ...why, grant, fn, effect, target, rule };
}
