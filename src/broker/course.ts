// The course of one call, and the data of its records. Pure: what is appended, not when.

import type { PayloadInput } from "../audit/contract.ts";
import type { CallId } from "../base/ids.ts";
import type { AuditLevel, CompiledGrant, Effect, Target } from "../kinds/contract.ts";
import { type Denied, type Permitted, UNLISTED } from "./decide.ts";
import type { Outcome } from "./outcome.ts";
import type { Told } from "./told.ts";

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
export interface Course {
  /** The call that the guest awaits. */
  readonly answers: CallId;
  /** This call's own number: that of `answers`, or a hop's. */
  readonly id: CallId;
  readonly parent: CallId | null;
  readonly incoming: IncomingCall;
  readonly hops: number;
  readonly abort: AbortController;
}

export function firstCourse(incoming: IncomingCall): Course {
  return { answers: incoming.id, id: incoming.id, parent: null, incoming, hops: 0, abort: new AbortController() };
}

/** The next hop of a call: another request, decided on anew, whose answer is the first one's. */
export function hopCourse(course: Course, id: CallId, argsText: string): Course {
  return { ...course, id, parent: course.id, incoming: { ...course.incoming, id, argsText }, hops: course.hops + 1 };
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

/** What `call.intended` and `call.held` have in common. */
export function callData(course: Course, permitted: Permitted): CallData {
  return {
    call: course.id,
    capability: permitted.grant.name,
    function: permitted.fn.name,
    effect: permitted.effect,
    target: permitted.target,
    rule: permitted.rule,
    arguments: json(permitted.args.text, permitted.grant.audit),
    parent: course.parent,
    site: course.incoming.site,
  };
}

export function deniedData(course: Course, denied: Denied, told: Told, level: AuditLevel, delivered: "true" | "late") {
  return {
    call: course.id,
    madeIn: course.incoming.turn,
    capability: denied.grant?.name ?? UNLISTED,
    function: denied.fn?.name ?? UNLISTED,
    effect: denied.effect,
    target: denied.target,
    code: denied.code,
    rule: denied.rule,
    arguments: deniedArguments(course, denied, level),
    error: toldPayload(told, null, denied.grant?.audit ?? level),
    parent: course.parent,
    site: course.incoming.site,
    delivered,
  } as const;
}

/** Names that the manifest does not hold are the agent's own text: they stand in the payload, with the argument. */
function deniedArguments(course: Course, denied: Denied, level: AuditLevel): PayloadInput {
  const { capability, fn, argsText } = course.incoming;
  if (denied.grant !== null && denied.fn !== null) return json(argsText, denied.grant.audit);
  return json(JSON.stringify({ capability, function: fn, arguments: argsText }), level);
}

export function settledData(course: Course, outcome: Outcome, grant: CompiledGrant | undefined, level: AuditLevel) {
  const { effectState, code, durationMs, result, told, detail } = outcome;
  const kept = grant?.audit ?? level;
  return {
    call: course.id,
    effectState,
    code,
    result: result === null ? null : json(result.text, kept),
    error: told === null ? null : toldPayload(told, detail, kept),
    durationMs,
  } as const;
}

/** What the guest was told, word for word (a replay tells it again), and what the host knows besides. */
function toldPayload(told: Told, detail: string | null, level: AuditLevel): PayloadInput {
  const text = JSON.stringify(detail === null ? { told } : { told, detail: detail.slice(0, DETAIL_CHARS_MAX) });
  return json(text, level);
}

/** Host-side text about a failure (a stack, a library's message) that the record keeps. */
const DETAIL_CHARS_MAX = 8192;

function json(text: string, level: AuditLevel): PayloadInput {
  return { text, media: "application/json", level };
}

/** What a host module says of its own doing is its claim; what our own providers did, the runtime saw. */
export function evidenceOf(grant: CompiledGrant | undefined): "observed" | "host_claimed" {
  return grant?.kind === "module" ? "host_claimed" : "observed";
}
