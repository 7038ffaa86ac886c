// Where a store lies, once and for all: by its real path, whatever links lead there, and what lies beside it by that path.
// SQLite follows links too, so two who come by different names would else share the records and not the locks.

import { lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { type HexDigest, sha256Hex } from "../base/bytes.ts";
import { EnclosureError, type ErrorCode } from "../base/errors.ts";
import { hostHasher } from "../outside/crypto.ts";

/** The folder that we make for a store where none is named. Whatever lies in it goes with the store. */
const OWN_FOLDER = ".enclosure";

/**
 * The real path of a store, which need not be there yet: a link to nothing leads to where the file will be made.
 * @throws EnclosureError STORE_UNWRITABLE where the path leads nowhere: links in a circle, folders that may not be read
 */
export function realPathOf(path: string): string {
  return reached(path, "STORE_UNWRITABLE");
}

function reached(path: string, code: ErrorCode): string {
  try {
    return followed(resolve(path));
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new EnclosureError(code, `${path}: it cannot be reached (${why})`, { cause });
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

/**
 * Whoever copies a store's folder, or is let into it, must not get its keys and heads with it. `store`: the real path.
 * @throws EnclosureError KEY_EXPOSED, KEY_UNWRITABLE
 */
export function checkApart(store: string, home: string): void {
  const folder = dirname(store);
  const keys = reached(home, "KEY_UNWRITABLE");
  // A store may well lie in a folder that holds all that is the user's, the keys deep below it.
  const isWithin = basename(folder) === OWN_FOLDER && relative(folder, keys).split(sep)[0] !== "..";
  if (keys !== folder && !isWithin) return;
  throw new EnclosureError("KEY_EXPOSED", `the folder of keys, ${keys}, lies with the store, ${store}`, {
    mend: "Name another folder of keys with ENCLOSURE_HOME, or another store with --store.",
  });
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
