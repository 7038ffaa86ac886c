// Verifying a store on this machine: one state of it, read in one transaction, against what lies outside it. Keys come
// from the caller or from the user's own folder, heads from that folder; from the store itself nothing is trusted.

import { statSync } from "node:fs";
import { hostChecker, hostHasher, hostSealer, hostTreeHasher } from "../outside/crypto.ts";
import { parseVerifierKey, type VerifierKey } from "../audit/note.ts";
import { type Judgement, SEQS_MAX, type VerifyReport } from "../audit/verdict.ts";
import { verifyLog } from "../audit/verify.ts";
import type { Life } from "../audit/verify-sessions.ts";
import { isFault } from "../base/errors.ts";
import { systemClock, systemTimers } from "../outside/clock.ts";
import { type HeadSlot, readHeads } from "../outside/head.ts";
import { findVerifierKey, findWrappingKey, logFolder } from "../outside/keys.ts";
import { recordsLost } from "./emptied.ts";
import { countUnremembered } from "./heads.ts";
import { Liveness } from "./liveness.ts";
import { isClosed } from "./recovery.ts";
import { realPathOf } from "./place.ts";
import { checkFormat } from "./schema.ts";
import { faultOf, openFile, whenFree } from "./sqlite-file.ts";
import { SqliteReads } from "./sqlite-reads.ts";
import { originOf } from "./stored-record.ts";

const WAITING = { clock: systemClock, timers: systemTimers };

export interface VerifyOptions {
  readonly path: string;
  /** The folder of keys and heads: asked for this log's own. */
  readonly home?: string;
  /** C2SP verifier keys to trust, and no others. */
  readonly vkeys?: readonly string[];
  /** The note of a checkpoint that was kept elsewhere. */
  readonly oldCheckpoint?: string;
  readonly onProgress?: (records: number) => void;
}

/**
 * Verifies the store, and says of each matter apart what was found; never changes anything.
 * @throws EnclosureError STORE_MISSING, STORE_FOREIGN, STORE_LINKED, STORE_NEWER, STORE_BUSY, STORE_UNWRITABLE,
 *   KEY_INVALID, KEY_EXPOSED
 */
export async function verifyStore(options: VerifyOptions): Promise<VerifyReport> {
  const path = realPathOf(options.path);
  const { home } = options;
  try {
    const lost = home === undefined ? 0 : await recordsLost({ path, home }, WAITING);
    return lost > 0 ? emptied(lost) : await verifyFile(path, options);
  } catch (error) {
    const fault = faultOf(error, path);
    if (isFault(fault, "STORE_DAMAGED")) return unreadable(fault.message);
    throw fault;
  }
}

async function verifyFile(path: string, options: VerifyOptions): Promise<VerifyReport> {
  const db = openFile(path, true);
  try {
    await whenFree(() => checkFormat(db, path), path, WAITING);
    const reads = new SqliteReads(db, hostTreeHasher);
    // Before the state is fixed: the store may only be ahead of what is remembered, never behind.
    const { slots, ...known } = whatIsKnown(reads, options);
    const heads = slots?.().map(({ head }) => head);
    db.exec("BEGIN");
    const size = reads.size();
    const liveness = new Liveness(path);
    // After it is fixed: what is written meanwhile may be remembered by now.
    const unremembered =
      slots === undefined ? 0 : await countUnremembered(size, slots, { liveness, timers: systemTimers });
    const lifeOf = (boot: string, opening: number): Life => {
      const life = liveness.stateOf(boot);
      return life !== "live" && isClosedNow(path, opening) ? "live" : life;
    };
    return await verifyLog(
      { reads, hasher: hostTreeHasher, digest: hostHasher, checker: hostChecker, sealer: hostSealer, lifeOf },
      {
        ...known,
        heads,
        unremembered,
        onProgress: (records) => {
          options.onProgress?.(records);
          return new Promise<void>((resolve) => setImmediate(resolve));
        },
        ...(options.oldCheckpoint !== undefined && { oldCheckpoint: options.oldCheckpoint }),
      },
    );
  } finally {
    db.close();
  }
}

/** In the store as it is now: whoever was open in the state that is verified may have ended in order since. */
function isClosedNow(path: string, opening: number): boolean {
  const db = openFile(path, true);
  try {
    return isClosed(new SqliteReads(db, hostTreeHasher), opening);
  } catch (error) {
    // What cannot be read closes nothing; the verdicts tell of it.
    if (isFault(error, "LOG_INVALID", "STORE_DAMAGED")) return false;
    throw error;
  } finally {
    db.close();
  }
}

interface Known {
  readonly keys: readonly VerifierKey[];
  /** Reads the heads as they are now; undefined where this user has none of this log. */
  readonly slots: (() => readonly HeadSlot[]) | undefined;
  readonly wrapping: Uint8Array | undefined;
}

function whatIsKnown(reads: SqliteReads, { home, vkeys }: VerifyOptions): Known {
  const given = vkeys?.map((vkey) => parseVerifierKey(vkey.trim(), hostHasher));
  const origin = knownOrigin(reads);
  if (home === undefined || origin === undefined) return { keys: given ?? [], slots: undefined, wrapping: undefined };
  const own = findVerifierKey(home, origin);
  const folder = logFolder(home, origin);
  const isOurs = statSync(folder, { throwIfNoEntry: false }) !== undefined;
  return {
    keys: given ?? (own === undefined ? [] : [own]),
    slots: isOurs ? () => readHeads(folder) : undefined,
    wrapping: findWrappingKey(home, origin),
  };
}

/** Undefined where the first record does not say it; the verdicts do. */
function knownOrigin(reads: SqliteReads): string | undefined {
  try {
    return originOf(reads);
  } catch (error) {
    if (isFault(error, "LOG_INVALID")) return undefined;
    throw error;
  }
}

function unreadable(detail: string): VerifyReport {
  return unchecked("the store's file cannot be read to its end", { bytes: { verdict: "invalid", detail } });
}

function emptied(lost: number): VerifyReport {
  const which = lost === 1 ? "record 0 is" : `records 0 to ${lost - 1} are`;
  const detail = `${which} lost: the store holds none, and the head outside it covers ${lost}`;
  const seqs = Array.from({ length: Math.min(lost, SEQS_MAX) }, (_, seq) => seq);
  return unchecked("the store holds no record", { completeness: { verdict: "invalid", detail, seqs } });
}

/** A report without a pass over the records: what is known without it, and of all else `why` it cannot be told. */
function unchecked(why: string, known: Partial<VerifyReport["verdicts"]>): VerifyReport {
  const rest: Judgement = { verdict: "cannot-check", detail: why };
  return {
    version: 1,
    valid: false,
    verdicts: {
      bytes: rest,
      chains: rest,
      tree: rest,
      consistency: rest,
      signatures: rest,
      anchors: rest,
      completeness: rest,
      payloads: rest,
      scope: rest,
      ...known,
    },
    records: 0,
    sessions: 0,
    unanchored: { records: 0, seconds: 0 },
    checkpoint: null,
    key: null,
  };
}
