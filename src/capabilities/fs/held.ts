// What is known of an entry of a held folder, and what is refused of it. Between a look at a name and the opening of it
// anything may happen, so what counts is found out of what is open. Known limits: a second name is only seen where the
// disk counts names, another spelling only where it differs by case.

import type { Stats } from "node:fs";
import { type FileHandle, lstat, readlink } from "node:fs/promises";
import { utf8Length } from "../../base/bytes.ts";
import { SEGMENT_BYTES_MAX } from "../../kinds/fs/paths.ts";
import { FsFailure, hasSystemCode } from "./failure.ts";

/** An entry of a held folder, by a path that only the kernel's descriptor table resolves. */
export function at(folder: number, name: string): string {
  return `/proc/self/fd/${folder}/${name}`;
}

/** What stands at a name, without following or opening it; undefined where there is nothing. */
export async function look(folder: number, name: string): Promise<Stats | undefined> {
  return lstat(at(folder, name)).catch((error: unknown) => {
    if (hasSystemCode(error, "ENOENT")) return undefined;
    throw error;
  });
}

export function refused(what: string): FsFailure {
  return new FsFailure("FS_REFUSED", `the path ${what}`);
}

/** Whether opening it does something: wakes a pipe's other end, starts a watchdog. */
export function isSpecial(stats: Stats): boolean {
  return stats.isFIFO() || stats.isCharacterDevice() || stats.isBlockDevice() || stats.isSocket();
}

/** @throws FsFailure unless it is a plain file with one name on the mount's file system */
export function checkFile(stats: Stats, device: number): void {
  if (stats.isDirectory()) throw new FsFailure("FS_WRONG_TYPE", "the path is a folder");
  if (!stats.isFile()) throw refused("is neither a file nor a folder");
  if (stats.nlink > 1) throw refused("is a file with a second name (a hard link), which could lie outside the mount");
  checkDevice(stats, device);
}

export function checkDevice(stats: Stats, device: number): void {
  if (stats.dev !== device) throw refused("leads to another file system");
}

/**
 * Whether an open file still has the name by which it was opened. Where it had one name when it was looked at before, that
 * was it: else it could have been opened by a second name that was taken away since, and its one name lies elsewhere. The
 * kernel marks the path of what is open once its name is gone, and a name that comes back is another to it.
 */
export async function isNamed(name: string, file: FileHandle): Promise<boolean> {
  const path = await readlink(`/proc/self/fd/${file.fd}`);
  return !path.endsWith(" (deleted)") || path.endsWith(`/${name}`);
}

/**
 * Disks that take upper and lower case for one (and with them other foldings, and short names) are known by it: a rule's
 * path would be another text than the guest's, and the same file.
 * @throws FsFailure where the name is not the only one of what it names
 */
export async function checkSpelling(folder: number, name: string, { dev, ino }: Stats): Promise<void> {
  for (const other of [name.toUpperCase(), name.toLowerCase()]) {
    if (other === name || utf8Length(other) > SEGMENT_BYTES_MAX) continue;
    const twin = await look(folder, other);
    if (twin?.ino === ino && twin.dev === dev)
      throw refused("has other spellings on this disk, which rules about paths would not hold against");
  }
}
