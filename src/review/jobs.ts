// What a resumed batch may do with a job, by what the log says of its earlier sessions. Pure.
// Invariant: a job whose session had recorded the intent of a write is never run again.

import type { LogReader } from "../audit/contract.ts";
import type { SessionStatus } from "../audit/events.ts";
import type { HexDigest } from "../base/bytes.ts";
import type { SessionId } from "../base/ids.ts";
import { asType, ofType, standingOf } from "./records.ts";

export interface JobSession {
  readonly session: SessionId;
  /** Null where there is no closing record. */
  readonly status: SessionStatus | null;
  readonly live: boolean;
  /** Whether an intent of a call with an effect stands in its records: it may have been done. */
  readonly wrote: boolean;
}

export type JobPlan =
  | { readonly act: "run" }
  /** It came to its end: its result is in the log. */
  | { readonly act: "report"; readonly session: SessionId }
  /** It was cut off after a write: what it did is in the log, the rest is a person's decision. */
  | { readonly act: "interrupted"; readonly session: SessionId }
  /** Another process is running it now. */
  | { readonly act: "leave"; readonly session: SessionId };

/** Decides on a job by its sessions, in the order of the log. */
export function planJob(sessions: readonly JobSession[]): JobPlan {
  const live = sessions.find((one) => one.status === null && one.live);
  if (live !== undefined) return { act: "leave", session: live.session };
  const ended = sessions.findLast((one) => one.status !== null && one.status !== "interrupted");
  if (ended !== undefined) return { act: "report", session: ended.session };
  const wrote = sessions.findLast((one) => one.wrote);
  if (wrote !== undefined) return { act: "interrupted", session: wrote.session };
  return { act: "run" };
}

/** The earlier sessions of a job. */
export function jobSessions(reader: LogReader, batchJob: HexDigest): readonly JobSession[] {
  return reader.sessionsOfJob(batchJob).map((session) => {
    const { closing, live } = standingOf(reader, session);
    const status = (closing && asType(closing, "session.closed")?.data.status) ?? null;
    const wrote = ofType(reader.session(session), "call.intended").some(({ data }) => data.effect !== "read");
    return { session, status, live, wrote };
  });
}
