// Manifest files: a manifest and the lock beside it, read from the disk, bounded; and the lock written there.
// `policies/mail.yaml` has its lock in `policies/mail.lock.json`.

import { closeSync, constants, fstatSync, openSync, readSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fromUtf8, sha256Hex, type HexDigest } from "../base/bytes.ts";
import { EnclosureError, type ErrorCode, type Problem } from "../base/errors.ts";
import { MANIFEST_BYTES_MAX } from "../base/limits.ts";
import { hostHasher } from "../outside/crypto.ts";
import { KINDS } from "../kinds/all.ts";
import type { Manifest } from "../manifest/form.ts";
import { formatLock, parseLock, type Lock, type LockedModule } from "../manifest/lock.ts";
import { parseManifest } from "../manifest/parse.ts";
import { resolveManifest, type Resolution } from "../manifest/resolve.ts";

/** A lock holds function tables, schemas included. */
const LOCK_BYTES_MAX = 8 * 1024 * 1024;

export interface LoadedManifest {
  /** Absolute. */
  readonly path: string;
  /** Absolute: where the manifest's own paths start from. */
  readonly folder: string;
  /** The file's bytes, as they were read once. */
  readonly bytes: Uint8Array;
  readonly sha256: HexDigest;
  /** Absent where there is an error among the problems. */
  readonly manifest?: Manifest;
  /** With the profile that was asked for; absent where `manifest` is. */
  readonly resolution?: Resolution;
  readonly problems: readonly Problem[];
  /** Absent where there is no lock beside it. */
  readonly lock?: { readonly path: string; readonly bytes: Uint8Array; readonly lock: Lock };
}

/**
 * Reads a manifest and the lock beside it.
 * @throws EnclosureError MANIFEST_MISSING, MANIFEST_TOO_LARGE, MANIFEST_SYNTAX (not UTF-8), PROFILE_UNKNOWN, LOCK_INVALID
 */
export function loadManifest(file: string, options: { readonly profile?: string } = {}): LoadedManifest {
  const path = resolve(file);
  const bytes = readBounded(path, file, MANIFEST_BYTES_MAX, "MANIFEST_TOO_LARGE");
  if (bytes === undefined) {
    throw new EnclosureError("MANIFEST_MISSING", `there is no manifest ${file}`, { location: { file } });
  }
  const { manifest, problems } = parseManifest(decode(bytes, file), { file, kinds: KINDS, hasher: hostHasher });
  const lock = readLock(lockPath(path));
  return {
    path,
    folder: dirname(path),
    bytes,
    sha256: sha256Hex(bytes, hostHasher),
    problems,
    ...(manifest === undefined ? {} : { manifest, resolution: resolveManifest(manifest, options.profile, hostHasher) }),
    ...(lock === undefined ? {} : { lock }),
  };
}

/** The lock's path beside a manifest's: m.yaml, m.lock.json. */
export function lockPath(manifestPath: string): string {
  return join(dirname(manifestPath), `${basename(manifestPath, extname(manifestPath))}.lock.json`);
}

/** Reads a lock; undefined where there is none. @throws EnclosureError LOCK_INVALID */
export function readLock(path: string): LoadedManifest["lock"] {
  const bytes = readBounded(path, path, LOCK_BYTES_MAX, "LOCK_INVALID");
  if (bytes === undefined) return undefined;
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch {
    throw new EnclosureError("LOCK_INVALID", `${path}: not UTF-8`, { location: { file: path } });
  }
  return { path, bytes, lock: parseLock(text, path, hostHasher) };
}

/** Writes a lock beside its manifest, whole or not at all. @throws EnclosureError LOCK_UNWRITABLE */
export function writeLock(path: string, modules: ReadonlyMap<string, LockedModule>): Lock {
  const text = formatLock(modules);
  const lock = parseLock(text, path);
  const beside = `${path}.new`;
  try {
    writeFileSync(beside, text);
    renameSync(beside, path);
  } catch (cause) {
    throw new EnclosureError("LOCK_UNWRITABLE", `${path} cannot be written`, { cause, location: { file: path } });
  }
  return lock;
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw new EnclosureError("MANIFEST_SYNTAX", `${file} is not UTF-8`, { location: { file } });
  }
}

/** The bytes of a regular file; undefined where there is none. Reads what was opened, once, and no more than the bound. */
function readBounded(path: string, name: string, bytesMax: number, tooLarge: ErrorCode): Uint8Array | undefined {
  let descriptor: number;
  try {
    // Not to wait for a writer where the path is a pipe.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new EnclosureError("FILE_UNREADABLE", `${name} cannot be read`, { cause, location: { file: name } });
  }
  try {
    if (!fstatSync(descriptor).isFile())
      throw new EnclosureError("FILE_UNREADABLE", `${name} is not a file`, { location: { file: name } });
    const buffer = new Uint8Array(bytesMax + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    }
    if (length <= bytesMax) return buffer.slice(0, length);
    throw new EnclosureError(tooLarge, `${name} is larger than ${bytesMax} bytes`, { location: { file: name } });
  } finally {
    closeSync(descriptor);
  }
}
