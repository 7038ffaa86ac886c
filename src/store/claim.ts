// Claims: a name on a store that one process holds at a time, so that two do not do the same work. A claim is a lock on a
// file of its own, <store>.claims/<sha256 of the name>, which the operating system frees when the process dies, however it
// dies. Liveness (liveness.ts) says why the lock is SQLite's.
// Invariant: a claim's file is never removed, so all who ask for a name ask for the same file.

import { join } from "node:path";
import Database from "better-sqlite3";
import type { HexDigest } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { makeFolder } from "../outside/folders.ts";
import { faultOf, isBusy } from "./sqlite-file.ts";

/** Two who ask at the same moment hold each other up for the time of a look; a holder keeps its lock far longer. */
const LOCK_MS = 500;

/**
 * Takes the name until it is disposed of; undefined where another holds it. `storePath` must be real, so that all who
 * mean one store have one folder. @throws EnclosureError STORE_UNWRITABLE
 */
export function claim(storePath: string, name: HexDigest): Disposable | undefined {
  const folder = `${storePath}.claims`;
  makeClaims(folder);
  const path = join(folder, name);
  let db: Database.Database | undefined;
  try {
    const held = new Database(path, { timeout: LOCK_MS });
    db = held;
    held.exec("BEGIN EXCLUSIVE");
    return { [Symbol.dispose]: () => held.close() };
  } catch (error) {
    db?.close();
    if (isBusy(error)) return undefined;
    throw faultOf(error, path);
  }
}

function makeClaims(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new EnclosureError("STORE_UNWRITABLE", `${folder} cannot be made (${code})`, { cause: error });
  }
}
