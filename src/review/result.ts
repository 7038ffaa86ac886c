// The result of a session that has ended, made again from its records alone: what `run` gave when it ended, but for the
// stack of an agent's error, which a live run reads through the source map. A resumed batch reports with it what it must
// not run a second time.

import type { LogReader, StoredRecord } from "../audit/contract.ts";
import type { CallCounts, EventData, SessionStatus } from "../audit/events.ts";
import type { HexDigest } from "../base/bytes.ts";
import { CODES } from "../base/errors.ts";
import type { SessionId } from "../base/ids.ts";
import { isJsonObject } from "../base/json.ts";
import { type ReadPayload, readPayload } from "./payload.ts";
import { firstOf, ofType, openedSession } from "./records.ts";
import { countCalls } from "./summary.ts";

export interface RecordedError {
  readonly code: string;
  readonly message: string;
  readonly mend: string;
  /** The agent's own error, as it names it. */
  readonly name?: string;
}

export interface RecordedResult {
  readonly version: 1;
  readonly session: SessionId;
  readonly status: SessionStatus;
  /** Where the output was given and can be opened. */
  readonly output?: unknown;
  readonly error?: RecordedError;
  readonly calls: CallCounts;
  /** Calls refused within the guest; null where nobody knows, since the session was cut off. */
  readonly refusedInside: number | null;
  readonly limit?: { readonly name: string; readonly used: number; readonly max: number };
  readonly walls: readonly string[];
  /** `seq` is the last record's; `root` that of the first checkpoint which covers it, null where none does yet. */
  readonly log: {
    readonly origin: string;
    readonly seq: number;
    readonly root: HexDigest | null;
    readonly anchor: "L0" | "L1";
  };
}

/** For a session that is not live; one without a closing record was interrupted. @throws EnclosureError SESSION_MISSING */
export function resultOf(reader: LogReader, id: SessionId): RecordedResult {
  const { opened, records } = openedSession(reader, id);
  const closed = firstOf(records, "session.closed");
  const { status, code, error, calls, refusedInside } = closed?.data ?? unclosed(records);
  const seq = closed?.seq ?? (records.at(-1) as StoredRecord).seq;
  const output = outputOf(reader, records);
  const limit = firstOf(records, "limit.struck")?.data;
  const root = reader.checkpointOver(seq)?.root ?? null;
  return {
    version: 1,
    session: id,
    status,
    ...(output?.state === "shown" && { output: output.value }),
    ...(code !== null && { error: errorOf(code, error && readPayload(reader, error)) }),
    calls,
    refusedInside,
    ...(limit && { limit: { name: limit.limit, used: limit.used, max: limit.max } }),
    walls: opened.data.walls,
    log: { origin: reader.origin, seq, root, anchor: root === null ? "L0" : "L1" },
  };
}

function unclosed(records: readonly StoredRecord[]): EventData["session.closed"] {
  const calls = countCalls(records);
  return { status: "interrupted", code: "SESSION_INTERRUPTED", error: null, calls, refusedInside: null };
}

function outputOf(reader: LogReader, records: readonly StoredRecord[]): ReadPayload | undefined {
  for (const { data } of ofType(records, "session.output_given")) return readPayload(reader, data.output);
  return undefined;
}

function errorOf(code: string, payload: ReadPayload | null): RecordedError {
  const known = Object.hasOwn(CODES, code) ? CODES[code as keyof typeof CODES] : undefined;
  const { message, name } = isJsonObject(payload?.value) ? payload.value : {};
  return {
    code,
    message: typeof message === "string" ? message : (known?.means ?? code),
    mend: known?.mend ?? "",
    ...(typeof name === "string" && { name }),
  };
}
