// Opening a SQLite file as a store: the settings that durability hangs on, set and read back, and what SQLite's own
// errors mean to us. WAL with synchronous=FULL: better-sqlite3 is compiled so that WAL means NORMAL unless it is said,
// and then a power cut would lose records of what happened.

import { closeSync, openSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { EnclosureError, isFault } from "../base/errors.ts";
import { STORE_BUSY_MS_MAX } from "../base/limits.ts";
import type { Clock, Timers } from "../base/powers.ts";
import { nothingIn } from "./schema.ts";

export interface Waiting {
  readonly clock: Clock;
  readonly timers: Timers;
}

const READ_WAIT_MS = 5_000;
const RETRY_MS_FIRST = 1;
const RETRY_MS_MAX = 25;

/** What the file's journal was found to be, after it was set. */
export interface Settings {
  readonly sqlite: string;
  readonly journal: string;
  readonly synchronous: string;
}

/** @throws EnclosureError STORE_MISSING where it is opened for reading, STORE_UNWRITABLE, STORE_FOREIGN, STORE_LINKED, or SQLite's own error where the file is locked. */
export function openFile(path: string, readonly: boolean): Database.Database {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined && readonly) throw new EnclosureError("STORE_MISSING", `there is no store at ${path}`);
  if (stat?.isDirectory() === true) {
    throw new EnclosureError("STORE_FOREIGN", `${path} is a folder, not a store of records`);
  }
  if (stat !== undefined && stat.nlink > 1) {
    throw new EnclosureError("STORE_LINKED", `${path} has ${stat.nlink} names (hard links)`);
  }
  try {
    if (!readonly) makePrivate(path);
    // A reader may wait in its thread; a writer's thread must not stand still, and asks again instead.
    const db = new Database(path, { readonly, fileMustExist: readonly, timeout: readonly ? READ_WAIT_MS : 0 });
    db.pragma("trusted_schema = OFF");
    db.pragma("cell_size_check = ON");
    return db;
  } catch (error) {
    throw faultOf(error, path);
  }
}

/** An empty file is a new database to SQLite, which gives its mode to the WAL and the shared memory beside it. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch {
    // It is there already, or cannot be made: opening it says which.
  }
}

/** @throws EnclosureError STORE_UNWRITABLE where a setting does not hold. */
export function setDurable(db: Database.Database, path: string): Settings {
  const journal = db.pragma("journal_mode = WAL", { simple: true });
  db.pragma("synchronous = FULL");
  // Checkpoints of the WAL cost syncs of their own: they are made when nothing waits.
  db.pragma("wal_autocheckpoint = 0");
  const isMac = process.platform === "darwin";
  if (isMac) for (const name of ["fullfsync", "checkpoint_fullfsync"]) db.pragma(`${name} = ON`);
  const synchronous = db.pragma("synchronous", { simple: true });
  const flushed = !isMac || db.pragma("fullfsync", { simple: true }) === 1;
  if (journal !== "wal" || synchronous !== 2 || !flushed) {
    throw new EnclosureError("STORE_UNWRITABLE", `${path} cannot be set to WAL with full synchronisation`, {
      mend: "Keep the store on a local disk.",
    });
  }
  const sqlite = db.prepare<[], string>("SELECT sqlite_version()").pluck().get() ?? "";
  return { sqlite, journal, synchronous: isMac ? "FULL, fullfsync" : "FULL" };
}

/** Tries `attempt` until the file is free, without blocking the thread. @throws EnclosureError STORE_BUSY */
export async function whenFree<Result>(attempt: () => Result, path: string, waiting: Waiting): Promise<Result> {
  const { clock, timers } = waiting;
  let started: number | undefined;
  for (let pause = RETRY_MS_FIRST; ; pause = Math.min(pause * 2, RETRY_MS_MAX)) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw faultOf(error, path);
      started ??= clock.monotonicUs();
      if (clock.monotonicUs() - started > STORE_BUSY_MS_MAX * 1000) {
        throw new EnclosureError("STORE_BUSY", `${path} has been held by another process for ${STORE_BUSY_MS_MAX} ms`, {
          cause: error,
        });
      }
    }
    await new Promise<void>((resolve) => timers.after(pause, resolve));
  }
}

export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_BUSY");
}

/** What an error of SQLite's means to whoever runs this; others pass through. */
export function faultOf(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (isFault(error) || !(error instanceof Error)) return error;
  const details = { cause: error };
  if (code === "SQLITE_READONLY_ROLLBACK") return rollbackFault(path, details);
  if (code === "SQLITE_NOTADB") return new EnclosureError("STORE_FOREIGN", `${path} is not a SQLite file`, details);
  // SQLITE_ERROR is a statement that fails on what it finds: our own are sound, so a body that is no JSON, or no table.
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_ERROR") {
    return new EnclosureError("STORE_DAMAGED", `${path}: ${error.message}`, details);
  }
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(code) || error instanceof TypeError) {
    return new EnclosureError("STORE_UNWRITABLE", `${path}: ${error.message}`, details);
  }
  if (code.startsWith("SQLITE_")) return new EnclosureError("LOG_WRITE_FAILED", `${path}: ${error.message}`, details);
  return error;
}

/** A rollback journal, which only opening for writing can take back. */
function rollbackFault(path: string, details: { readonly cause: Error }): EnclosureError {
  // Its maker was cut off before the file became a WAL, and so before its first record.
  if (statSync(path).size <= PAGE_BYTES) return nothingIn(path);
  return new EnclosureError("STORE_DAMAGED", `${path} was left in the middle of a change by another program`, {
    ...details,
    mend: `Open it once with the program sqlite3, which takes the change back, then run \`enclosure verify\`.`,
  });
}

/** SQLite's page size. */
const PAGE_BYTES = 4096;

export function isFull(error: unknown): boolean {
  return [error, (error as Error | undefined)?.cause].some((one) =>
    ["SQLITE_FULL", "ENOSPC", "EDQUOT"].includes(codeOf(one)),
  );
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
}
