// A store that holds no record, held against what is remembered outside it: it is new, or it has lost them all. Nothing in
// it says which log it was, so the heads of all of this user's logs are asked. A head speaks of this store where it names
// the very file, or where the lock of its process lies beside it: the file may have been removed, or put back.
// Invariant: asked before the store is opened for writing, which would take away what is left of a damaged WAL.

import { statSync } from "node:fs";
import { EnclosureError, isFault } from "../base/errors.ts";
import { hostTreeHasher } from "../outside/crypto.ts";
import { type HeadSlot, readHeads } from "../outside/head.ts";
import { logFolders } from "../outside/keys.ts";
import { Liveness } from "./liveness.ts";
import { identityOf } from "./place.ts";
import { checkFormat } from "./schema.ts";
import { openFile, type Waiting, whenFree } from "./sqlite-file.ts";
import { SqliteReads } from "./sqlite-reads.ts";

/** A store's real path, and the folder of keys and heads. */
interface Place {
  readonly path: string;
  readonly home: string;
}

/** @throws EnclosureError LOG_BEHIND_HEAD where the store holds no record, and a head vouches for some; as recordsLost() */
export async function checkEmptied(place: Place, waiting: Waiting): Promise<void> {
  const lost = await recordsLost(place, waiting);
  if (lost > 0) throw new EnclosureError("LOG_BEHIND_HEAD", `${place.path} holds no record, and had ${lost}`);
}

/**
 * How many records a head vouches for where the store holds none; 0 where it holds any, or nobody remembers one.
 * @throws EnclosureError STORE_FOREIGN, STORE_LINKED, STORE_NEWER, STORE_BUSY, STORE_UNWRITABLE, STORE_DAMAGED
 */
export async function recordsLost(place: Place, waiting: Waiting): Promise<number> {
  if (await holdsRecords(place.path, waiting)) return 0;
  const sizes = sizesVouchedFor(place);
  // Looked at again, for heads are written after the commit: another process may be making the store at this moment.
  if (sizes.length === 0 || (await holdsRecords(place.path, waiting))) return 0;
  return Math.max(...sizes);
}

function sizesVouchedFor({ path, home }: Place): readonly number[] {
  const locks = new Set(new Liveness(path).boots());
  const isVouchedFor = ofThisFile(path);
  const slots = logFolders(home).flatMap(readable);
  return slots.filter((slot) => isVouchedFor(slot) || locks.has(slot.boot)).map(({ head }) => head.size);
}

/**
 * Whether a head speaks of the very file at the path. A file may have got the number of one that was removed: then heads
 * that were last written before it was born are of that one. (Where files have no time of birth, it is 0.)
 */
function ofThisFile(path: string): (slot: HeadSlot) => boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return () => false;
  const own = identityOf(path);
  return ({ store, writtenMs }) => store === own && writtenMs >= stat.birthtimeMs;
}

/** The heads of one log; of a folder that is not this user's, or is none, there are none to be asked. */
function readable(folder: string): readonly HeadSlot[] {
  try {
    return readHeads(folder);
  } catch (error) {
    if (["ENOTDIR", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

async function holdsRecords(path: string, waiting: Waiting): Promise<boolean> {
  // An empty file is not opened at all: even for reading, SQLite would remove its WAL.
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isFile() && stat.size === 0)) return false;
  const db = openFile(path, true);
  try {
    await whenFree(() => checkFormat(db, path), path, waiting);
    return new SqliteReads(db, hostTreeHasher).size() > 0;
  } catch (error) {
    if (isFault(error, "STORE_MISSING")) return false;
    throw error;
  } finally {
    db.close();
  }
}
