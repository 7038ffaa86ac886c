// Where a store lies, once and for all: by its real path, whatever links lead there, and what lies beside it by that path.
// SQLite follows links too, so two who come by different names would else share the records and not the locks.

import { lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type HexDigest, sha256Hex } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { hostHasher } from "../outside/crypto.ts";

/**
 * The real path of a store, which need not be there yet: a link to nothing leads to where the file will be made.
 * @throws EnclosureError STORE_UNWRITABLE where the path leads nowhere: links in a circle, folders that may not be read
 */
export function realPathOf(path: string): string {
  try {
    return followed(resolve(path));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new EnclosureError("STORE_UNWRITABLE", `${path}: it cannot be reached (${code})`, { cause });
  }
}

function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const folder = followed(dirname(path));
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? followed(resolve(folder, readlinkSync(path))) : join(folder, basename(path));
}

/** The folder of locks: see liveness.ts. `store`: the real path. */
export function livePathOf(store: string): string {
  return `${store}.live`;
}

/** See ballast.ts. `store`: the real path. */
export function ballastPathOf(store: string): string {
  return `${store}.ballast`;
}

/**
 * Tells a store from every copy of it, where both lie on this machine. Not by the device's number, which another mount
 * of the same disk changes. `store`: the real path of a file that is there.
 */
export function identityOf(store: string): HexDigest {
  return sha256Hex(`${store}\0${statSync(store, { bigint: true }).ino}`, hostHasher);
}
