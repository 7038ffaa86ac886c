// A session as a reviewer reads it: what happened, in the order of the log, each entry with who says so.

import type { LogReader, StoredRecord } from "../audit/contract.ts";
import type { Evidence, SessionStatus } from "../audit/events.ts";
import type { CallId, SessionId } from "../base/ids.ts";
import { isJsonObject } from "../base/json.ts";
import { type LocateSource, stackInSource } from "../base/source.ts";
import { type CallRow, callsOf, type CallsOptions } from "./calls.ts";
import { readPayload, readPrincipal, readText, type ReadPayload } from "./payload.ts";
import { openedSession, type TypedRecord } from "./records.ts";
import { sessionLocator } from "./source.ts";
import { summarise, type SessionSummary } from "./summary.ts";

interface EntryPlace {
  readonly seq: number;
  readonly at: string;
  readonly evidence: Evidence;
}

export type TimelineEntry = EntryPlace &
  (
    | { readonly kind: "input" | "output"; readonly payload: ReadPayload }
    | { readonly kind: "note"; readonly text: string }
    | { readonly kind: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly text: string }
    /** Stands where the call was decided; the row says how it ended. */
    | { readonly kind: "call"; readonly call: CallRow }
    | { readonly kind: "held"; readonly call: CallId; readonly capability: string; readonly function: string }
    | {
        readonly kind: "approval";
        readonly call: CallId;
        readonly granted: boolean;
        readonly by: string;
        readonly how: string;
        /** What the person said; null where nothing. */
        readonly reason: string | null;
      }
    | { readonly kind: "cancelled"; readonly call: CallId }
    | { readonly kind: "limit"; readonly limit: string; readonly used: number; readonly max: number }
    | {
        readonly kind: "closed";
        readonly status: SessionStatus;
        readonly code: string | null;
        /** `{name?, message, stack?}`, the stack at the agent's own lines; with a name it is the agent's claim. */
        readonly error?: unknown;
        /** Calls refused within the guest; null where nobody knows. */
        readonly refusedInside: number | null;
      }
  );

/** What the record says of the session itself, for the head of `show`. */
export interface SessionView {
  readonly summary: SessionSummary;
  readonly opened: TypedRecord<"session.opened">;
  readonly purpose: string | null;
  readonly correlation: unknown;
  readonly timeline: readonly TimelineEntry[];
}

/** @throws EnclosureError SESSION_MISSING */
export function viewSession(reader: LogReader, id: SessionId, options: CallsOptions = {}): SessionView {
  const { opened, records } = openedSession(reader, id);
  const summary = summarise(reader, records[0] as StoredRecord) as SessionSummary;
  const { purpose, correlation } = opened.data;
  const { makeLocator } = options;
  const locate = makeLocator && sessionLocator(reader, opened.data, makeLocator);
  const rows = new Map(callsOf(reader, id, options).map((row) => [row.seq, row]));
  return {
    summary,
    opened,
    purpose: purpose && readText(reader, purpose),
    correlation: correlation && (readPayload(reader, correlation).value ?? null),
    timeline: records.flatMap((record) => entryOf(reader, record, rows, locate) ?? []),
  };
}

/** One thing that the agent said: a console line by its level, or a note. */
export interface AgentLine {
  readonly seq: number;
  readonly at: string;
  readonly level: "debug" | "info" | "warn" | "error" | "note";
  readonly text: string;
}

/** All that the agent said in a session, in its order. @throws EnclosureError SESSION_MISSING */
export function agentLines(reader: LogReader, id: SessionId): readonly AgentLine[] {
  return openedSession(reader, id).records.flatMap(({ seq, body }): readonly AgentLine[] => {
    if (body.type === "session.noted")
      return [{ seq, at: body.time, level: "note", text: readText(reader, body.data.note) }];
    if (body.type !== "session.logged") return [];
    return [{ seq, at: body.time, level: body.data.level, text: readText(reader, body.data.line) }];
  });
}

function entryOf(
  reader: LogReader,
  { seq, body }: StoredRecord,
  rows: ReadonlyMap<number, CallRow>,
  locate: LocateSource | undefined,
): TimelineEntry | undefined {
  const place: EntryPlace = { seq, at: body.time, evidence: body.evidence };
  switch (body.type) {
    case "session.input_received":
      return { ...place, kind: "input", payload: readPayload(reader, body.data.input) };
    case "session.output_given":
      return { ...place, kind: "output", payload: readPayload(reader, body.data.output) };
    case "session.noted":
      return { ...place, kind: "note", text: readText(reader, body.data.note) };
    case "session.logged":
      return { ...place, kind: "log", level: body.data.level, text: readText(reader, body.data.line) };
    case "call.intended":
    case "call.denied":
    case "call.held": {
      const call = rows.get(seq);
      if (call !== undefined) return { ...place, kind: "call", call };
      const { capability, function: fn } = body.data;
      return { ...place, kind: "held", call: body.data.call, capability, function: fn };
    }
    case "approval.granted":
    case "approval.refused": {
      const { call, how } = body.data;
      const by = body.data.by === null ? "nobody" : readPrincipal(reader, body.data.by);
      const reason = body.data.reason && readText(reader, body.data.reason);
      return { ...place, kind: "approval", call, granted: body.type === "approval.granted", by, how, reason };
    }
    case "call.cancelled":
      return { ...place, kind: "cancelled", call: body.data.call };
    case "limit.struck":
      return { ...place, kind: "limit", ...body.data };
    case "session.closed": {
      const { status, code, error, refusedInside } = body.data;
      const read = error && inSource(readPayload(reader, error).value, locate);
      return { ...place, kind: "closed", status, code, refusedInside, ...(read !== null && { error: read }) };
    }
    default:
      // Told by another entry, or of a type that this version does not know: it can be verified, not narrated.
      return undefined;
  }
}

/** The agent's error as the run showed it. Left as it is recorded where no source can be looked up. */
function inSource(error: unknown, locate: LocateSource | undefined): unknown {
  if (locate === undefined || !isJsonObject(error) || typeof error["stack"] !== "string") return error;
  const { stack, ...rest } = error;
  const shown = stackInSource(stack, locate);
  return shown === undefined ? rest : { ...rest, stack: shown };
}
