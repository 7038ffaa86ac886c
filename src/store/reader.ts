// Reading a log: sessions, records and payloads as they stand. Reads what is there and checks each record alone; whether
// the log as a whole can be relied on is what verify says. Payloads open where this user has the key.

import { equalBytes, fromHex, hex, type HexDigest, parseHexDigest } from "../base/bytes.ts";
import { type SessionId, sessionIdOf } from "../base/ids.ts";
import { EnclosureError } from "../base/errors.ts";
import { parseCheckpoint } from "../audit/checkpoint.ts";
import type { LogReader, OpenedPayload, SessionFilter, StoredRecord } from "../audit/contract.ts";
import type { PayloadRef } from "../audit/events.ts";
import { type DataKey, openPayload, unwrapDataKey } from "../audit/payload.ts";
import type { AuditReads, RecordRow } from "../audit/store.ts";
import { systemClock, systemTimers } from "../outside/clock.ts";
import { hostHasher, hostSealer, hostTreeHasher } from "../outside/crypto.ts";
import { findWrappingKey } from "../outside/keys.ts";
import { checkEmptied } from "./emptied.ts";
import { Liveness } from "./liveness.ts";
import { realPathOf } from "./place.ts";
import { checkFormat, nothingIn } from "./schema.ts";
import { openFile, whenFree } from "./sqlite-file.ts";
import { SqliteReads } from "./sqlite-reads.ts";
import { originOf, storedRecord } from "./stored-record.ts";

const PAGE = 200;
const PREFIX = /^[0-9a-f]{4,64}$/;

export interface ReaderOptions {
  readonly path: string;
  readonly home: string;
}

/**
 * @throws EnclosureError STORE_MISSING, STORE_FOREIGN, STORE_LINKED, STORE_NEWER, STORE_BUSY, STORE_UNWRITABLE,
 *   STORE_DAMAGED, LOG_BEHIND_HEAD, LOG_INVALID
 */
export async function openLogReader({ path: named, home }: ReaderOptions): Promise<LogReader> {
  const path = realPathOf(named);
  const waiting = { clock: systemClock, timers: systemTimers };
  await checkEmptied({ path, home }, waiting);
  const db = openFile(path, true);
  try {
    await whenFree(() => checkFormat(db, path), path, waiting);
    const reads = new SqliteReads(db, hostTreeHasher);
    if (reads.size() === 0) throw nothingIn(path);
    const origin = originOf(reads);
    return new Reader(reads, origin, findWrappingKey(home, origin), new Liveness(path), () => db.close());
  } catch (error) {
    db.close();
    throw error;
  }
}

export class Reader implements LogReader {
  readonly origin: string;
  readonly #reads: AuditReads;
  readonly #wrapping: Uint8Array | undefined;
  readonly #liveness: Pick<Liveness, "isLive">;
  readonly #close: () => void;
  #dataKey: DataKey | undefined;

  constructor(
    reads: AuditReads,
    origin: string,
    wrapping: Uint8Array | undefined,
    liveness: Pick<Liveness, "isLive">,
    close: () => void,
  ) {
    this.origin = origin;
    this.#reads = reads;
    this.#wrapping = wrapping;
    this.#liveness = liveness;
    this.#close = close;
  }

  size(): number {
    return this.#reads.size();
  }

  session(id: SessionId): readonly StoredRecord[] {
    const opening = this.#reads.openingOf(id);
    return opening === undefined ? [] : this.#reads.sessionRows(opening.seq).map((row) => storedRecord(row, id));
  }

  *sessions({ sinceMs, untilMs, limit = Infinity, newestFirst = false }: SessionFilter = {}): Iterable<StoredRecord> {
    const within = {
      ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }),
      ...(untilMs !== undefined && { until: new Date(untilMs).toISOString() }),
    };
    let from = newestFirst ? Infinity : -1;
    for (let given = 0; given < limit;) {
      const page = this.#reads.openings(within, newestFirst, from, Math.min(PAGE, limit - given));
      for (const row of page) yield storedRecord(row);
      if (page.length === 0) return;
      given += page.length;
      from = (page.at(-1) as RecordRow).seq;
    }
  }

  sessionsByPrefix(prefix: string, limit: number): readonly SessionId[] {
    if (!PREFIX.test(prefix)) return [];
    return this.#reads.openingsByPrefix(prefix, limit).map(openedBy);
  }

  closing(id: SessionId): StoredRecord | undefined {
    const opening = this.#reads.openingOf(id);
    const last = opening && this.#reads.sessionLast(opening.seq);
    const record = last && storedRecord(last, id);
    return record?.body.type === "session.closed" ? record : undefined;
  }

  record(seq: number): StoredRecord | undefined {
    const row = this.#reads.row(seq);
    return row && storedRecord(row);
  }

  payload(ref: PayloadRef): OpenedPayload {
    const { commit, kid, level } = ref;
    if (level === "none" || commit === undefined || kid === undefined) return { state: "not-kept" };
    const kept = this.#reads.payload(kid, commit);
    if (kept === undefined) return { state: "missing" };
    if (this.#wrapping === undefined) return { state: "sealed" };
    const dataKey = this.#keyOf(kid, this.#wrapping);
    if (dataKey === undefined) return { state: "invalid", detail: "its data key is missing or not intact" };
    return openPayload({ hasher: hostHasher, sealer: hostSealer }, ref, kept, dataKey);
  }

  artefact(sha256: HexDigest): Uint8Array | undefined {
    const bytes = this.#reads.artefact(sha256);
    if (bytes !== undefined && !equalBytes(hostHasher.sha256(bytes), fromHex(sha256))) {
      throw new EnclosureError("LOG_INVALID", `the artefact ${sha256} is not what its digest says`);
    }
    return bytes;
  }

  checkpointOver(seq: number): { readonly size: number; readonly root: HexDigest } | undefined {
    const [row] = this.#reads.checkpoints(seq, 1);
    if (row === undefined) return undefined;
    const { size, root } = parseCheckpoint(row.note).checkpoint;
    return { size, root: parseHexDigest(hex(root)) };
  }

  sessionsOfJob(batchJob: HexDigest): readonly SessionId[] {
    return this.#reads.openingsOfJob(batchJob).map(openedBy);
  }

  isLive(id: SessionId): boolean {
    const opening = this.#reads.openingOf(id);
    return opening !== undefined && this.#liveness.isLive(storedRecord(opening, id).body.boot);
  }

  close(): void {
    this.#close();
  }

  /** Payloads are read session by session, so the last key is the one that is wanted next. */
  #keyOf(kid: string, wrapping: Uint8Array): DataKey | undefined {
    if (this.#dataKey?.kid !== kid) {
      const row = this.#reads.dataKey(kid);
      this.#dataKey = row && unwrapDataKey(hostSealer, wrapping, kid, row.wrapped);
    }
    return this.#dataKey;
  }
}

function openedBy(opening: RecordRow): SessionId {
  storedRecord(opening);
  return sessionIdOf(opening.leaf);
}
