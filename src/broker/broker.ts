// The reference monitor. Every call of a guest passes here, and nothing else performs one:
//   decide → record the intent, durable → perform → check the result → record the outcome → deliver.
// Invariants: a provider is called only with an AdmittedCall, made in one place, after its intent is durable; every
// intent gets an outcome record (or stays open if the process dies, and is then `unknown`); a refusal is recorded and
// never thrown; after the log has failed nothing is performed and nothing is delivered.

import type { PayloadInput, Ticket } from "../audit/contract.ts";
import type { CallCounts } from "../audit/events.ts";
import { encodeValue } from "../base/codec.ts";
import type { ErrorCode } from "../base/errors.ts";
import type { CallId } from "../base/ids.ts";
import type { Admitted } from "../base/json.ts";
import { admitJson } from "../base/json.ts";
import type { CompiledGrant, Effect, FunctionSpec, Target } from "../kinds/contract.ts";
import { Budgets } from "./budgets.ts";
import type { AdmittedCall, Performed } from "./contract.ts";
import { type Decision, type Denied, decide, type Permitted, UNLISTED } from "./decide.ts";
import { askPeople, type Verdict } from "./approval.ts";
import type { BrokerEvent, BrokerPorts, CallAnswer } from "./ports.ts";
import { toldOfDenial, toldOfFailure } from "./told.ts";

/** A call as the guest made it, or as a hop of one. */
export interface IncomingCall {
  readonly id: CallId;
  readonly turn: number;
  readonly capability: string;
  readonly fn: string;
  readonly argsText: string;
  readonly site: { readonly line: number; readonly column: number } | null;
}

/** One call in progress: what its records and its answer have in common. */
interface Course {
  /** The call that the guest awaits. */
  readonly answers: CallId;
  /** This call's own number: that of `answers`, or a hop's. */
  readonly id: CallId;
  readonly parent: CallId | null;
  readonly incoming: IncomingCall;
  readonly hops: number;
  readonly abort: AbortController;
}

/** Hops that one call may lead to, whatever its kind allows. */
const HOPS_MAX = 20;

export class Broker {
  readonly #ports: BrokerPorts;
  readonly #budgets = new Budgets();
  readonly #courses = new Map<CallId, Course>();
  readonly #running = new Set<Promise<void>>();
  #hopsMade = 0;
  #held = 0;
  #counts = { admitted: 0, denied: 0, failed: 0, unknown: 0 };

  constructor(ports: BrokerPorts) {
    this.#ports = ports;
  }

  /** Calls that have no answer yet. */
  get pending(): number {
    return this.#courses.size;
  }

  /** Of those, the ones that wait for a person. */
  get held(): number {
    return this.#held;
  }

  get counts(): CallCounts {
    return { ...this.#counts };
  }

  /** What the guest itself counts as in flight in `turn`; more than the limit means that its own window is broken. */
  inFlight(turn: number): number {
    return this.#budgets.inFlight(turn);
  }

  /** Takes a call from the guest. Never throws for anything that the guest sent. */
  accept(incoming: IncomingCall): void {
    const course: Course = {
      answers: incoming.id,
      id: incoming.id,
      parent: null,
      incoming,
      hops: 0,
      abort: new AbortController(),
    };
    this.#courses.set(incoming.id, course);
    this.#budgets.made(incoming.id);
    this.#follow(course);
  }

  /** The guest gave up on a call: its promise has rejected already, so its outcome will be recorded as late. */
  cancel(id: CallId, turn: number): void {
    const course = this.#courses.get(id);
    if (course === undefined || course.abort.signal.aborted) return;
    this.#ports.log.append({ type: "call.cancelled", evidence: "observed", turn, data: { call: id } });
    this.#budgets.cancelled(id);
    course.abort.abort();
  }

  /** Resolves when no call is in progress any more; aborts them all first where `abort` says so. */
  async drain(abort: boolean): Promise<void> {
    if (abort) for (const course of this.#courses.values()) course.abort.abort();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Records what is still in progress as unknown: the last resort when a provider does not stop. */
  abandon(): void {
    for (const course of [...this.#courses.values()]) {
      const told = toldOfFailure("CALL_TIMEOUT", "the session ended before the call did");
      this.#settle(
        course,
        { effectState: "unknown", code: "CALL_TIMEOUT", result: null, detail: null, durationMs: 0 },
        { ok: false, error: told },
      );
    }
  }

  #follow(course: Course): void {
    const running = this.#run(course).finally(() => {
      this.#running.delete(running);
      this.#ports.onChange();
    });
    this.#running.add(running);
    // A failure of the log reaches the session through the log itself; here it only ends this call's course.
    running.catch(() => {});
  }

  async #run(course: Course): Promise<void> {
    const { incoming } = course;
    const nowMs = this.#ports.turnTime(incoming.turn);
    const decision = decide(
      { ...incoming, nowMs },
      this.#ports.grants,
      this.#budgets,
      this.#ports.limits.argumentBytes,
    );
    if (decision.verdict === "denied") return this.#deny(course, decision);
    this.#budgets.spend(decision.grant, nowMs);
    const approval = decision.verdict === "held" ? await this.#hold(course, decision) : null;
    if (approval !== null && !approval.granted)
      return this.#deny(course, { ...decision, ...approval.denial, verdict: "denied" });
    await this.#perform(course, decision, approval === null ? null : approval.n);
  }

  async #hold(course: Course, held: Extract<Decision, { verdict: "held" }>): Promise<Verdict> {
    this.#held++;
    const ticket = this.#ports.log.append({
      type: "call.held",
      evidence: "observed",
      turn: course.incoming.turn,
      data: { ...this.#callData(course, held), timeoutMs: held.timeoutMs },
    });
    this.#tell(course, held, "held", ticket);
    this.#ports.onChange();
    try {
      return await askPeople(this.#ports, course, held);
    } finally {
      this.#held--;
      this.#ports.onChange();
    }
  }

  #deny(course: Course, denied: Denied): void {
    this.#counts.denied++;
    const capability = denied.grant?.name ?? UNLISTED;
    const fn = denied.fn?.name ?? UNLISTED;
    const { incoming } = course;
    const shown = { capability: denied.grant?.name ?? incoming.capability, fn: denied.fn?.name ?? incoming.fn };
    const { ticket } = this.#answer(
      course,
      { ok: false, error: toldOfDenial(denied, shown.capability, shown.fn) },
      (delivered) => ({
        type: "call.denied" as const,
        evidence: "observed",
        data: {
          call: course.id,
          capability,
          function: fn,
          effect: denied.effect,
          target: denied.target,
          code: denied.code,
          rule: denied.rule,
          arguments: this.#deniedArguments(course, denied),
          parent: course.parent,
          site: incoming.site,
          delivered,
        },
      }),
    );
    const { code, message, mend } = denied;
    this.#tell(course, { ...denied, ...shown }, "denied", ticket, { code, message, mend });
  }

  /** Names that the manifest does not hold are the agent's own text: they stand in the payload, with the argument. */
  #deniedArguments(course: Course, denied: Denied): PayloadInput {
    const { capability, fn, argsText } = course.incoming;
    const text = argsText.toWellFormed();
    if (denied.grant !== null && denied.fn !== null)
      return { text, media: "application/json", level: denied.grant.audit };
    const named = JSON.stringify({ capability, function: fn, arguments: text });
    return { text: named.toWellFormed(), media: "application/json", level: this.#ports.level };
  }

  async #perform(course: Course, permitted: Permitted, approval: number | null): Promise<void> {
    const { log, providers, limits, clock } = this.#ports;
    this.#counts.admitted++;
    const ticket = log.append({
      type: "call.intended",
      evidence: "observed",
      turn: course.incoming.turn,
      data: { ...this.#callData(course, permitted), approval },
    });
    this.#tell(course, permitted, "admitted", ticket);
    // The commit point: what follows acts on the world, and what precedes it is on the disk.
    await log.release(ticket);
    const provider = providers.get(permitted.grant.name);
    const startedUs = clock.monotonicUs();
    const performed: Performed =
      provider === undefined
        ? { kind: "failed", code: "CALL_FAILED", message: "the capability is not available" }
        : course.abort.signal.aborted
          ? { kind: "failed", code: "CALL_CANCELLED", message: "the call was cancelled before it began" }
          : await provider
              .perform(admit(course.id, permitted), { signal: course.abort.signal, resultBytesMax: limits.resultBytes })
              .catch((error: unknown) => crashed(error));
    const durationMs = Math.round((clock.monotonicUs() - startedUs) / 1000);
    this.#conclude(course, permitted, performed, durationMs);
  }

  #conclude(course: Course, permitted: Permitted, performed: Performed, durationMs: number): void {
    if (!this.#courses.has(course.answers)) return;
    if (performed.kind === "failed" || performed.kind === "unknown") {
      const { kind, code, message, detail } = performed;
      const outcome = { effectState: kind, code, result: null, detail: detail ?? null, durationMs } as const;
      return this.#settle(course, outcome, { ok: false, error: toldOfFailure(code, message) }, permitted);
    }
    const checked = this.#checkResult(permitted, performed.value);
    if (!checked.ok) {
      // The effect is done; only its result cannot be shown. Confirmed would claim a result that nobody has.
      const state = permitted.effect === "read" ? "failed" : "unknown";
      const outcome = {
        effectState: state,
        code: checked.code,
        result: null,
        detail: checked.message,
        durationMs,
      } as const;
      return this.#settle(
        course,
        outcome,
        { ok: false, error: toldOfFailure(checked.code, "the result was refused") },
        permitted,
      );
    }
    const outcome = { effectState: "confirmed", code: null, result: checked.result, detail: null, durationMs } as const;
    if (performed.kind === "redirected") return this.#hop(course, permitted, outcome, performed.args);
    this.#settle(course, outcome, { ok: true, resultText: checked.result.text }, permitted);
  }

  /** A redirect is a call of its own, decided on anew; the first one's record says that its result went to the broker. */
  #hop(course: Course, permitted: Permitted, outcome: Outcome, args: unknown): void {
    const { turn } = course.incoming;
    const ticket = this.#ports.log.append({
      type: "call.settled",
      evidence: evidenceOf(permitted.grant),
      turn,
      data: { ...this.#settledData(course, outcome, permitted.grant), delivered: "hop" },
    });
    this.#tell(course, permitted, "confirmed", ticket, { durationMs: outcome.durationMs });
    const id = -++this.#hopsMade;
    const argsText = JSON.stringify(encodeValue(args));
    const incoming: IncomingCall = { ...course.incoming, id, argsText };
    const next: Course = { ...course, id, parent: course.id, incoming, hops: course.hops + 1 };
    this.#courses.set(course.answers, next);
    if (next.hops <= HOPS_MAX) return this.#follow(next);
    const told = toldOfFailure("CALL_FAILED", "too many redirects");
    this.#settle(
      next,
      { effectState: "failed", code: "CALL_FAILED", result: null, detail: null, durationMs: 0 },
      { ok: false, error: told },
    );
  }

  #settle(course: Course, outcome: Outcome, answer: CallAnswer, permitted?: Permitted): void {
    if (outcome.effectState === "failed") this.#counts.failed++;
    if (outcome.effectState === "unknown") this.#counts.unknown++;
    const { ticket } = this.#answer(course, answer, (delivered) => ({
      type: "call.settled" as const,
      evidence: permitted === undefined ? "observed" : evidenceOf(permitted.grant),
      data: { ...this.#settledData(course, outcome, permitted?.grant), delivered },
    }));
    if (permitted === undefined) return;
    const told = answer.ok ? {} : { code: answer.error.code, message: answer.error.message };
    this.#tell(course, permitted, outcome.effectState, ticket, { durationMs: outcome.durationMs, ...told });
  }

  /** Answers the guest once; an answer to a call that it gave up is recorded as late and not delivered. */
  #answer(
    course: Course,
    answer: CallAnswer,
    draft: Parameters<BrokerPorts["deliver"]>[2],
  ): { readonly ticket: Ticket } {
    this.#courses.delete(course.answers);
    if (course.abort.signal.aborted) {
      const late = draft("late");
      return { ticket: this.#ports.log.append({ ...late, turn: course.incoming.turn }) };
    }
    const { ticket, turn } = this.#ports.deliver(course.answers, answer, draft);
    if (turn !== undefined) this.#budgets.answered(course.answers, turn);
    return { ticket };
  }

  #checkResult(
    permitted: Permitted,
    value: unknown,
  ):
    | { readonly ok: true; readonly result: Admitted }
    | { readonly ok: false; readonly code: ErrorCode; readonly message: string } {
    const { grant, fn } = permitted;
    try {
      const bytesMax = this.#ports.limits.resultBytes;
      const text = JSON.stringify(encodeValue(value));
      if (text.length > bytesMax)
        return { ok: false, code: "RESULT_TOO_LARGE", message: `the result is larger than ${bytesMax} bytes` };
      const result = admitJson(text, { charsMax: bytesMax, depthMax: RESULT_DEPTH_MAX });
      const said = grant.checkResult(fn, result.value);
      return said.ok ? { ok: true, result } : { ok: false, code: "RESULT_INVALID", message: said.message };
    } catch (error) {
      return {
        ok: false,
        code: "RESULT_INVALID",
        message: error instanceof Error ? error.message : "the result cannot cross",
      };
    }
  }

  #callData(course: Course, permitted: Permitted): CallData {
    return {
      call: course.id,
      capability: permitted.grant.name,
      function: permitted.fn.name,
      effect: permitted.effect,
      target: permitted.target,
      rule: permitted.rule,
      arguments: { text: permitted.args.text, media: "application/json", level: permitted.grant.audit },
      parent: course.parent,
      site: course.incoming.site,
    };
  }

  #settledData(course: Course, outcome: Outcome, grant: CompiledGrant | undefined): SettledData {
    const level = grant?.audit ?? this.#ports.level;
    const detail = outcome.detail?.slice(0, DETAIL_CHARS_MAX).toWellFormed();
    return {
      call: course.id,
      effectState: outcome.effectState,
      code: outcome.code,
      result: outcome.result === null ? null : { text: outcome.result.text, media: "application/json", level },
      error: detail === undefined ? null : { text: detail, media: "text/plain", level },
      durationMs: outcome.durationMs,
    };
  }

  #tell(
    course: Course,
    about: About,
    state: BrokerEvent["state"],
    ticket: Ticket,
    more: Partial<BrokerEvent> = {},
  ): void {
    this.#ports.onEvent(
      {
        call: course.id,
        parent: course.parent,
        state,
        capability: about.grant?.name ?? about.capability ?? UNLISTED,
        function: typeof about.fn === "string" ? about.fn : (about.fn?.name ?? UNLISTED),
        effect: about.effect,
        target: about.target,
        argumentsText: course.incoming.argsText,
        rule: about.rule,
        ...more,
      },
      ticket,
    );
  }
}

interface Outcome {
  readonly effectState: "confirmed" | "failed" | "unknown";
  readonly code: ErrorCode | null;
  readonly result: Admitted | null;
  readonly detail: string | null;
  readonly durationMs: number;
}

interface CallData {
  readonly call: CallId;
  readonly capability: string;
  readonly function: string;
  readonly effect: Effect;
  readonly target: Target;
  readonly rule: Permitted["rule"];
  readonly arguments: PayloadInput;
  readonly parent: CallId | null;
  readonly site: IncomingCall["site"];
}

interface SettledData {
  readonly call: CallId;
  readonly effectState: Outcome["effectState"];
  readonly code: string | null;
  readonly result: PayloadInput | null;
  readonly error: PayloadInput | null;
  readonly durationMs: number;
}

interface About {
  readonly grant: CompiledGrant | null;
  readonly capability?: string;
  readonly fn: FunctionSpec | string | null;
  readonly effect: Effect | null;
  readonly target: Target | null;
  readonly rule: Permitted["rule"] | null;
}

const RESULT_DEPTH_MAX = 128;
/** Host-side text about a failure (a stack, a library's message) that the record keeps. */
const DETAIL_CHARS_MAX = 8192;

/** The only maker of an AdmittedCall. */
function admit(id: CallId, permitted: Permitted): AdmittedCall {
  const { grant, fn, args, effect, target } = permitted;
  return Object.freeze({ id, grant, fn, args, effect, target }) as unknown as AdmittedCall;
}

/** What a host module says of its own doing is its claim; what our own providers did, the runtime saw. */
function evidenceOf(grant: CompiledGrant): "observed" | "host_claimed" {
  return grant.kind === "module" ? "host_claimed" : "observed";
}

function crashed(error: unknown): Performed {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: "unknown", code: "CALL_FAILED", message: "the capability failed", detail };
}
