// The log's contracts: what a session may ask of it while it runs, and what a reader may ask of it afterwards.
// Durability, order and what holds after a failure are stated here; every back end answers to them.

import type { HexDigest } from "../base/bytes.ts";
import type { SessionId } from "../base/ids.ts";
import type { EventData, EventType, Evidence, PayloadLevel, PayloadRef, RecordBody, TurnSummary } from "./events.ts";

/** Something to keep outside the body: committed to there, encrypted here. `level` says how much of it is kept. */
export interface PayloadInput {
  readonly text: string;
  readonly media: string;
  readonly level: PayloadLevel;
}

/** An event's data as it is drafted: the payload itself stands where the body will have its reference, at any depth. */
export type DraftData<T> = T extends PayloadRef
  ? PayloadInput
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly DraftData<Item>[]
      : { readonly [K in keyof T]: DraftData<T[K]> };

export interface SessionDraft<Type extends EventType = EventType> {
  readonly type: Type;
  readonly evidence: Evidence;
  readonly turn: number;
  readonly before?: TurnSummary;
  readonly data: DraftData<EventData[Type]>;
}

/** An appended record: in its place in the session's order, not yet durable. */
export interface Ticket {
  /** The record's time; never before that of the session's previous record. */
  readonly timeMs: number;
  /** Its number in the session. */
  readonly n: number;
}

/** Where a durable record stands. */
export interface Position {
  readonly seq: number;
  readonly n: number;
  readonly leaf: HexDigest;
}

/**
 * One session's end of the log.
 * Order: records of a session stand in the order of `append`. Durability: what `release` has resolved for is on the disk.
 * After a failure: every later `append` and `release` fails with the first fault (LOG_WRITE_FAILED and its kin); nothing
 * that was released is lost, and nothing may leave the session any more.
 */
export interface SessionLog {
  /** @throws EnclosureError once the log has failed. */
  append<Type extends EventType>(draft: SessionDraft<Type>): Ticket;
  /** Artefacts become durable with the next record. Repeats are free. */
  keep(bytes: Uint8Array): { readonly sha256: HexDigest; readonly bytes: number };
  /** The one gate: resolves once all that was appended up to `ticket` (or up to now) is durable. */
  release(ticket?: Ticket): Promise<Position>;
  /** Known once the session's first record is durable. */
  id(): SessionId | undefined;
  /** Signs a checkpoint over all that is durable. Called at the session's close. */
  checkpoint(): Promise<Signed>;
  /** Settles (with a fault) if the log fails while nobody is waiting for it. */
  readonly failed: Promise<Error>;
}

/** What a signed checkpoint covers. */
export interface Signed {
  readonly size: number;
  readonly root: HexDigest;
  /** The checkpoint itself: a C2SP signed note. */
  readonly note: string;
}

/** An open log, for writing. One for each process and store. */
export interface LogWriter {
  readonly origin: string;
  /** The verification key of its checkpoints, as a C2SP vkey. */
  readonly key: string;
  readonly boot: string;
  /** Starts a session with its first record. Nothing is durable yet. */
  openSession(opened: SessionDraft<"session.opened">): SessionLog;
  /** A pseudonym for a name, stable within the store; only someone with the store's outside key can make it again. */
  pseudonym(kind: string, name: string): HexDigest;
  /** Signs for all that is durable; where a checkpoint stands that does already, gives that one. */
  checkpoint(): Promise<Signed>;
  /** Commits what is pending, signs a last checkpoint, frees the liveness lock. Idempotent. */
  close(): Promise<void>;
}

/** A record as it is stored. */
export interface StoredRecord {
  readonly seq: number;
  readonly leaf: HexDigest;
  readonly session: SessionId | null;
  readonly bodyText: string;
  readonly body: RecordBody;
}

export type OpenedPayload =
  | { readonly state: "shown"; readonly text: string }
  /** Kept under a key that this reader does not have. */
  | { readonly state: "sealed" }
  /** The manifest's level kept no bytes. */
  | { readonly state: "not-kept" }
  | { readonly state: "missing" }
  /** The stored bytes do not answer to the commitment. */
  | { readonly state: "invalid"; readonly detail: string };

export interface SessionFilter {
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly limit?: number;
  /** Newest first where true. */
  readonly newestFirst?: boolean;
}

/** An open log, for reading. Sees what was committed when each call was made; never blocks a writer. */
export interface LogReader {
  readonly origin: string;
  size(): number;
  /** All records of a session in their order; empty where there is none. */
  session(id: SessionId): readonly StoredRecord[];
  /** `session.opened` records, in the order of the log. */
  sessions(filter?: SessionFilter): Iterable<StoredRecord>;
  /** Ids that start with `prefix` (at least 4 hexadecimal digits), at most `limit` of them. */
  sessionsByPrefix(prefix: string, limit: number): readonly SessionId[];
  /** The session's closing record, where there is one. */
  closing(id: SessionId): StoredRecord | undefined;
  record(seq: number): StoredRecord | undefined;
  payload(ref: PayloadRef): OpenedPayload;
  artefact(sha256: HexDigest): Uint8Array | undefined;
  /** The first signed checkpoint that covers the record at `seq`, as it is stored: verifying it is another matter. */
  checkpointOver(seq: number): { readonly size: number; readonly root: HexDigest } | undefined;
  /** Sessions of a batch's job (see session.opened `batchJob`), in the order of the log. */
  sessionsOfJob(batchJob: HexDigest): readonly SessionId[];
  /** True while the process that runs the session is alive. */
  isLive(id: SessionId): boolean;
  close(): void;
}
