// The changing functions of the kind fs. A whole file is written beside its place, synced, and renamed into it: a reader
// sees the old one or the new one; what appends is in src/capabilities/fs/appending.ts. Every change answers with the
// digests before and after, so the record can tell what was there. A change is on the disk, its folder synced, before it
// is answered; one that fails leaves no folder behind. The caller runs changes one at a time.

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rmdir, unlink } from "node:fs/promises";
import type { Random } from "../../base/powers.ts";
import { TEMPORARY_PREFIX } from "../../kinds/fs/paths.ts";
import { FsFailure, hasSystemCode } from "./failure.ts";
import { at, look } from "./held.ts";
import { type Jail, syncFolder, type TakeRoom } from "./jail.ts";
import type { Quota } from "./quota.ts";
import { digestOf, stopIfAborted } from "./reading.ts";

export interface Change {
  /** Of the file afterwards. */
  readonly bytes: number;
  /** SHA-256, hexadecimal; null where there was no file. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface Ground {
  readonly jail: Jail;
  readonly quota: Quota;
  readonly random: Random;
  readonly signal: AbortSignal;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

interface Existing {
  readonly digest: string;
  readonly size: number;
  readonly mode: number;
}

/** Room for a folder, in the mount's quota. */
export function roomIn({ quota }: Ground): TakeRoom {
  return () => quota.reserve(0, 1);
}

/** Syncs the folders that a change which has happened touched. */
export async function settle(...folders: readonly number[]): Promise<void> {
  try {
    for (const folder of folders) await syncFolder(folder);
  } catch (cause) {
    throw new FsFailure("FS_FAILED", "the change may not outlive a loss of power", { cause, unknown: true });
  }
}

/** The rename that puts a file in place would pass over what its mode says. */
export function refuseReadOnly(mode: number): void {
  if ((mode & 0o200) === 0) throw new FsFailure("FS_REFUSED", "the file is read-only: its owner may not write to it");
}

/** What a failure with this code of the system becomes: nothing. */
export function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (!hasSystemCode(error, code)) throw error;
  };
}

/** The plain file at a name, or null where there is nothing. @throws FsFailure where there is something else */
async function existing({ jail, signal }: Ground, folder: number, name: string): Promise<Existing | null> {
  const opened = await jail.openFile(folder, name, O_RDONLY).catch(unless("ENOENT"));
  if (opened === undefined) return null;
  try {
    const { size, mode } = opened.stats;
    return { digest: (await digestOf(opened.file, signal)).hex, size, mode: mode & 0o777 };
  } finally {
    await opened.file.close();
  }
}

export function write(ground: Ground, segments: readonly string[], data: Uint8Array): Promise<Change> {
  const { jail, quota, signal } = ground;
  return jail.inMadeParent(segments, roomIn(ground), async (folder, name) => {
    const before = await existing(ground, folder, name);
    if (before !== null) refuseReadOnly(before.mode);
    const release = await quota.reserve(data.length - (before?.size ?? 0), before === null ? 1 : 0);
    const temporary = TEMPORARY_PREFIX + ground.random.bytes(12).toHex();
    try {
      await writeNew(folder, temporary, data, before?.mode ?? 0o644);
      stopIfAborted(signal);
      await rename(at(folder, temporary), at(folder, name));
    } catch (error) {
      release();
      await unlink(at(folder, temporary)).catch(() => {});
      throw error;
    }
    await settle(folder);
    return { bytes: data.length, before: before?.digest ?? null, after: sha256(data) };
  });
}

async function writeNew(folder: number, name: string, data: Uint8Array, mode: number): Promise<void> {
  const file = await open(at(folder, name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    await file.writeFile(data);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Where `to` is free. Within one file system. */
export function move(
  from: { readonly ground: Ground; readonly segments: readonly string[] },
  to: { readonly ground: Ground; readonly segments: readonly string[] },
): Promise<Change> {
  return from.ground.jail.inParent(from.segments, (folder, name) =>
    to.ground.jail.inMadeParent(to.segments, roomIn(to.ground), async (newFolder, newName) => {
      const moved = await existing(from.ground, folder, name);
      if (moved === null) throw new FsFailure("FS_NOT_FOUND", "there is nothing at the path");
      if ((await look(newFolder, newName)) !== undefined)
        throw new FsFailure("FS_EXISTS", "there is something at the new path already");
      const across = from.ground.quota !== to.ground.quota;
      const release = across ? await to.ground.quota.reserve(moved.size, 1) : undefined;
      try {
        stopIfAborted(to.ground.signal);
        await rename(at(folder, name), at(newFolder, newName));
      } catch (error) {
        release?.();
        throw error;
      }
      if (across) from.ground.quota.free(moved.size);
      await settle(newFolder, folder);
      return { bytes: moved.size, before: moved.digest, after: moved.digest };
    }),
  );
}

/** A file, or an empty folder. */
export function remove(ground: Ground, segments: readonly string[]): Promise<Change> {
  const { jail, quota, signal } = ground;
  return jail.inParent(segments, async (folder, name) => {
    const found = await jail.find(folder, name);
    if (found?.isDirectory() === true) {
      await rmdir(at(folder, name));
      quota.free(0);
      await settle(folder);
      return { bytes: 0, before: null, after: null };
    }
    const before = await existing(ground, folder, name);
    if (before === null) throw new FsFailure("FS_NOT_FOUND", "there is nothing at the path");
    stopIfAborted(signal);
    await unlink(at(folder, name));
    quota.free(before.size);
    await settle(folder);
    return { bytes: 0, before: before.digest, after: null };
  });
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
