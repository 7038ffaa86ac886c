// Verifying a store on this machine: one state of it, read in one transaction, against what lies outside it. Keys come
// from the caller or from the user's own folder, heads from that folder; from the store itself nothing is trusted.

import { statSync } from "node:fs";
import { hostChecker, hostHasher, hostSealer, hostTreeHasher } from "../outside/crypto.ts";
import type { Head } from "../audit/checkpoint.ts";
import { parseVerifierKey, type VerifierKey } from "../audit/note.ts";
import type { Judgement, VerifyReport } from "../audit/verdict.ts";
import { verifyLog } from "../audit/verify.ts";
import type { Life } from "../audit/verify-sessions.ts";
import { isFault } from "../base/errors.ts";
import { systemClock, systemTimers } from "../outside/clock.ts";
import { readHeads } from "../outside/head.ts";
import { findVerifierKey, findWrappingKey, logFolder } from "../outside/keys.ts";
import { Liveness } from "./liveness.ts";
import { isClosed } from "./recovery.ts";
import { realPathOf } from "./place.ts";
import { checkFormat } from "./schema.ts";
import { faultOf, openFile, whenFree } from "./sqlite-file.ts";
import { SqliteReads } from "./sqlite-reads.ts";
import { originOf } from "./stored-record.ts";

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
 * @throws EnclosureError STORE_FOREIGN, STORE_LINKED, STORE_NEWER, STORE_BUSY, STORE_UNWRITABLE, KEY_INVALID, KEY_EXPOSED
 */
export async function verifyStore(options: VerifyOptions): Promise<VerifyReport> {
  const path = realPathOf(options.path);
  const db = openFile(path, true);
  try {
    await whenFree(() => checkFormat(db, path), path, { clock: systemClock, timers: systemTimers });
    const reads = new SqliteReads(db, hostTreeHasher);
    // Before the state is fixed: the store may only be ahead of what is remembered, never behind.
    const known = whatIsKnown(reads, options);
    db.exec("BEGIN");
    reads.size();
    const liveness = new Liveness(path);
    const lifeOf = (boot: string, opening: number): Life => {
      const life = liveness.stateOf(boot);
      return life !== "live" && isClosedNow(path, opening) ? "live" : life;
    };
    return await verifyLog(
      { reads, hasher: hostTreeHasher, digest: hostHasher, checker: hostChecker, sealer: hostSealer, lifeOf },
      {
        ...known,
        onProgress: (records) => {
          options.onProgress?.(records);
          return new Promise<void>((resolve) => setImmediate(resolve));
        },
        ...(options.oldCheckpoint !== undefined && { oldCheckpoint: options.oldCheckpoint }),
      },
    );
  } catch (error) {
    const fault = faultOf(error, path);
    if (isFault(fault, "STORE_DAMAGED")) return unreadable(fault.message);
    throw fault;
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
  readonly heads: readonly Head[] | undefined;
  readonly wrapping: Uint8Array | undefined;
}

function whatIsKnown(reads: SqliteReads, { home, vkeys }: VerifyOptions): Known {
  const given = vkeys?.map((vkey) => parseVerifierKey(vkey.trim(), hostHasher));
  const origin = knownOrigin(reads);
  if (home === undefined || origin === undefined) return { keys: given ?? [], heads: undefined, wrapping: undefined };
  const own = findVerifierKey(home, origin);
  const folder = logFolder(home, origin);
  const isOurs = statSync(folder, { throwIfNoEntry: false }) !== undefined;
  return {
    keys: given ?? (own === undefined ? [] : [own]),
    heads: isOurs ? readHeads(folder).map(({ head }) => head) : undefined,
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
  const rest: Judgement = { verdict: "cannot-check", detail: "the store's file cannot be read to its end" };
  return {
    version: 1,
    valid: false,
    verdicts: {
      bytes: { verdict: "invalid", detail },
      chains: rest,
      tree: rest,
      consistency: rest,
      signatures: rest,
      anchors: rest,
      completeness: rest,
      payloads: rest,
      scope: rest,
    },
    records: 0,
    sessions: 0,
    unanchored: { records: 0, seconds: 0 },
  };
}
