// The records of one session, told apart by type: the one reading of them that summary, calls, timeline and result share.

import type { LogReader, StoredRecord } from "../audit/contract.ts";
import type { EventData, EventType, RecordBody } from "../audit/events.ts";
import { EnclosureError } from "../base/errors.ts";
import type { SessionId } from "../base/ids.ts";

/** A record whose type is known. */
export interface TypedRecord<Type extends EventType> {
  readonly seq: number;
  readonly leaf: StoredRecord["leaf"];
  readonly body: RecordBody<Type>;
  readonly data: EventData[Type];
}

/** The record as one of `type`, or undefined where it is of another. */
export function asType<Type extends EventType>(record: StoredRecord, type: Type): TypedRecord<Type> | undefined {
  const { seq, leaf, body } = record;
  if (body.type !== type) return undefined;
  return { seq, leaf, body: body as RecordBody<Type>, data: body.data as EventData[Type] };
}

export function* ofType<Type extends EventType>(
  records: Iterable<StoredRecord>,
  type: Type,
): Generator<TypedRecord<Type>> {
  for (const record of records) {
    const typed = asType(record, type);
    if (typed !== undefined) yield typed;
  }
}

export function firstOf<Type extends EventType>(
  records: Iterable<StoredRecord>,
  type: Type,
): TypedRecord<Type> | undefined {
  for (const typed of ofType(records, type)) return typed;
  return undefined;
}

/** A session's records with its opening. @throws EnclosureError SESSION_MISSING */
export function openedSession(
  reader: LogReader,
  id: SessionId,
): { readonly opened: TypedRecord<"session.opened">; readonly records: readonly StoredRecord[] } {
  const records = reader.session(id);
  const opened = firstOf(records, "session.opened");
  if (opened === undefined) throw new EnclosureError("SESSION_MISSING", `the log has no session ${id}`);
  return { opened, records };
}

/**
 * How a session stands: its closing record, or whether it still runs. Neither: it was cut off. Its end is looked for once
 * more after its process was found gone, since it may have come in between.
 */
export function standingOf(
  reader: LogReader,
  id: SessionId,
): { readonly closing: StoredRecord | undefined; readonly live: boolean } {
  const closing = reader.closing(id);
  if (closing !== undefined) return { closing, live: false };
  return reader.isLive(id) ? { closing, live: true } : { closing: reader.closing(id), live: false };
}
