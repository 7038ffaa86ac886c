// A session in one row: who ran what for whom, when, and how it ended. Reads the opening and the closing record; the
// records between them only where a session has not been closed.

import type { LogReader, StoredRecord } from "../audit/contract.ts";
import type { CallCounts, SessionStatus } from "../audit/events.ts";
import type { SessionId } from "../base/ids.ts";
import { readPrincipal } from "./payload.ts";
import { asType, ofType, standingOf } from "./records.ts";

export interface SessionSummary {
  readonly session: SessionId;
  readonly agent: string;
  readonly agentVersion: string;
  /** The name where it can be opened, the pseudonym otherwise. */
  readonly principal: string;
  readonly onBehalfOf: string | null;
  /** UTC, as recorded. */
  readonly openedAt: string;
  /** Null while the session has no closing record. */
  readonly closedAt: string | null;
  readonly status: SessionStatus | null;
  /** Whether the process that runs it is alive: an open session that is not live waits for its recovery. */
  readonly live: boolean;
  readonly calls: CallCounts;
  /** Calls refused within the guest; null where nobody knows: the session runs, or was cut off. */
  readonly refusedInside: number | null;
  /** Where the opening stands in the log. */
  readonly seq: number;
}

/** The row of the session that `record` opens. @throws nothing; undefined where `record` opens no session. */
export function summarise(reader: LogReader, record: StoredRecord): SessionSummary | undefined {
  const opened = asType(record, "session.opened");
  if (opened === undefined || record.session === null) return undefined;
  const { agent, principal, onBehalfOf } = opened.data;
  const { closing, live } = standingOf(reader, record.session);
  const closed = closing && asType(closing, "session.closed");
  return {
    session: record.session,
    agent: agent.name,
    agentVersion: agent.version,
    principal: readPrincipal(reader, principal),
    onBehalfOf: onBehalfOf && readPrincipal(reader, onBehalfOf),
    openedAt: opened.body.time,
    closedAt: closed?.body.time ?? null,
    status: closed?.data.status ?? null,
    live,
    calls: closed?.data.calls ?? countCalls(reader.session(record.session)),
    refusedInside: closed?.data.refusedInside ?? null,
    seq: record.seq,
  };
}

export interface SummaryFilter {
  readonly agent?: string;
  /** A name or a pseudonym, of the principal or of whom it acted for. */
  readonly principal?: string;
  /** `open` stands for sessions without a closing record. */
  readonly status?: SessionStatus | "open";
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Most rows that are given. */
  readonly limit?: number;
}

/** Rows of the sessions that pass, newest first. */
export function* summaries(reader: LogReader, filter: SummaryFilter = {}): Generator<SessionSummary> {
  const { sinceMs, untilMs, limit = Infinity } = filter;
  const within = { ...(sinceMs !== undefined && { sinceMs }), ...(untilMs !== undefined && { untilMs }) };
  let given = 0;
  for (const record of reader.sessions({ ...within, newestFirst: true })) {
    if (given >= limit) return;
    const row = summarise(reader, record);
    if (row === undefined || !passes(row, record, filter)) continue;
    given++;
    yield row;
  }
}

function passes(row: SessionSummary, record: StoredRecord, { agent, principal, status }: SummaryFilter): boolean {
  if (agent !== undefined && row.agent !== agent) return false;
  if (status !== undefined && (row.status ?? "open") !== status) return false;
  if (principal === undefined) return true;
  const opened = asType(record, "session.opened")?.data;
  return [row.principal, row.onBehalfOf, opened?.principal.id, opened?.onBehalfOf?.id].includes(principal);
}

/** Counts of a session that has no closing record: an admitted call without an outcome is only admitted. */
export function countCalls(records: readonly StoredRecord[]): CallCounts {
  const counts = { admitted: 0, denied: 0, failed: 0, unknown: 0 };
  for (const _ of ofType(records, "call.intended")) counts.admitted++;
  for (const _ of ofType(records, "call.denied")) counts.denied++;
  for (const { data } of ofType(records, "call.settled"))
    if (data.effectState !== "confirmed") counts[data.effectState]++;
  return counts;
}
