// Asking a person about a held call. What was shown, who answered and how it is known stand in the record before the call
// goes on. Nobody to ask, no answer in time and a refusal all end in a denial.

import type { ErrorCode } from "../base/errors.ts";
import type { CallId } from "../base/ids.ts";
import type { Held } from "./decide.ts";
import type { Answer, Approvers, BrokerPorts, HeldCall } from "./ports.ts";

export interface Denial {
  readonly code: ErrorCode;
  readonly message: string;
  readonly mend: string;
}

/** `n` is the number of the granting record in the session. */
export type Verdict =
  | { readonly granted: true; readonly n: number }
  | { readonly granted: false; readonly denial: Denial };

interface HeldCourse {
  readonly id: CallId;
  readonly incoming: { readonly turn: number };
  readonly abort: AbortController;
}

export async function askPeople(ports: BrokerPorts, course: HeldCourse, held: Held): Promise<Verdict> {
  const { log, approvers } = ports;
  const { turn } = course.incoming;
  if (approvers === undefined) {
    log.append({
      type: "approval.refused",
      evidence: "observed",
      turn,
      data: { call: course.id, by: null, how: "unavailable", reason: null },
    });
    return denial(
      "APPROVAL_UNAVAILABLE",
      "it needs an approval, and nobody can be asked here",
      "run it on a terminal, or move the rule from ask to allow",
    );
  }
  const request: HeldCall = {
    call: course.id,
    grant: held.grant,
    function: held.fn.name,
    effect: held.effect,
    target: held.target,
    rule: held.rule,
    argumentsText: held.args.text,
    timeoutMs: held.timeoutMs,
  };
  const ticket = log.append({
    type: "approval.requested",
    evidence: "observed",
    turn,
    data: { call: course.id, channel: approvers.channel, shown: shownText(request, held) },
  });
  await log.release(ticket);
  const answer = await askInTime(ports, approvers, course.abort.signal, request);
  return record(ports, approvers, course, answer);
}

type Silence = "timeout" | "gone";

/** Asks for as long as somebody waits for the call, and no longer than the rule gives. */
async function askInTime(
  { timers }: BrokerPorts,
  approvers: Approvers,
  wanted: AbortSignal,
  request: HeldCall,
): Promise<Answer | Silence> {
  if (wanted.aborted) return "gone";
  const asking = new AbortController();
  const silence = Promise.withResolvers<Silence>();
  const stop = (why: Silence): void => {
    silence.resolve(why);
    asking.abort();
  };
  const gone = (): void => stop("gone");
  wanted.addEventListener("abort", gone);
  const cancelTimer = timers.after(request.timeoutMs, () => stop("timeout"));
  try {
    const answer = await Promise.race([silence.promise, approvers.ask(request, asking.signal)]);
    // Both may have come at once: a call that nobody waits for is not granted.
    return wanted.aborted ? "gone" : answer;
  } catch {
    return "gone";
  } finally {
    cancelTimer();
    wanted.removeEventListener("abort", gone);
  }
}

function record({ log }: BrokerPorts, approvers: Approvers, course: HeldCourse, answer: Answer | Silence): Verdict {
  const { turn } = course.incoming;
  if (answer === "timeout" || answer === "gone") {
    const how = answer === "timeout" ? "timeout" : "unavailable";
    log.append({
      type: "approval.refused",
      evidence: "observed",
      turn,
      data: { call: course.id, by: null, how, reason: null },
    });
    return answer === "timeout"
      ? denial("APPROVAL_TIMEOUT", "nobody answered in time", "answer sooner, or raise the rule's timeout")
      : denial("APPROVAL_UNAVAILABLE", "the approval could not be asked for", "run it on a terminal");
  }
  const { id, name } = approvers.person;
  const by = { id, kind: "os_user", evidence: "observed", name } as const;
  const reason =
    answer.reason === undefined
      ? null
      : ({ text: answer.reason.toWellFormed(), media: "text/plain", level: "full" } as const);
  if (answer.granted) {
    const ticket = log.append({
      type: "approval.granted",
      evidence: "observed",
      turn,
      data: { call: course.id, by, how: "os_user", reason },
    });
    return { granted: true, n: ticket.n };
  }
  log.append({
    type: "approval.refused",
    evidence: "observed",
    turn,
    data: { call: course.id, by, how: "os_user", reason },
  });
  return denial("APPROVAL_REFUSED", "a person refused it", "ask the person who refused it");
}

/** What the person was shown, for the record: the same facts, spelled the same way each time. */
function shownText(request: HeldCall, held: Held): { text: string; media: string; level: "full" | "digest" | "none" } {
  const text = JSON.stringify({
    call: request.call,
    capability: request.grant.name,
    function: request.function,
    effect: request.effect,
    target: request.target,
    arguments: request.argumentsText,
    rule: request.rule,
  });
  return { text, media: "application/json", level: held.grant.audit };
}

function denial(code: ErrorCode, message: string, mend: string): Verdict {
  return { granted: false, denial: { code, message, mend } };
}
