// Appending: to the end of whatever is there by then. Other sessions may append to the same file, and make it, at the same
// time, and nothing locks it: so it is made only where it is not there, written to by the kernel's append alone, and never
// cut off again, nor removed. Where others came between, the digest after is of what is there with theirs.

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { type Change, type Ground, refuseReadOnly, roomIn, settle, unless } from "./changing.ts";
import { FsFailure } from "./failure.ts";
import { type Digested, digestOf, stopIfAborted } from "./reading.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;

export function append(ground: Ground, segments: readonly string[], data: Uint8Array): Promise<Change> {
  const { jail, signal } = ground;
  return jail.inMadeParent(segments, roomIn(ground), async (folder, name) => {
    for (;;) {
      stopIfAborted(signal);
      const change = (await appendToOld(ground, folder, name, data)) ?? (await appendToNew(ground, folder, name, data));
      // Neither: another made it, or removed it, between the two.
      if (change === undefined) continue;
      // Also where it was there: whoever made it may not have come to that.
      await settle(folder);
      return change;
    }
  });
}

/** Undefined where there is nothing. */
async function appendToOld(
  { jail, quota, signal }: Ground,
  folder: number,
  name: string,
  data: Uint8Array,
): Promise<Change | undefined> {
  const opened = await jail.openFile(folder, name, O_RDWR | O_APPEND).catch(unless("ENOENT"));
  if (opened === undefined) return undefined;
  const { file, stats } = opened;
  try {
    refuseReadOnly(stats.mode);
    const seen = await digestOf(file, signal);
    const release = await quota.reserve(data.length, 0);
    return { before: seen.hex, ...(await addTo(file, seen, data, release)) };
  } finally {
    await file.close();
  }
}

/** Undefined where there is something. */
async function appendToNew(
  { jail, quota }: Ground,
  folder: number,
  name: string,
  data: Uint8Array,
): Promise<Change | undefined> {
  const release = await quota.reserve(data.length, 1);
  const opened = await jail
    .openFile(folder, name, O_RDWR | O_APPEND | O_CREAT | O_EXCL, 0o644)
    .catch((error: unknown) => {
      release();
      return unless("EEXIST")(error);
    });
  if (opened === undefined) return undefined;
  const { file } = opened;
  try {
    return { before: null, ...(await addTo(file, { bytes: 0, hash: createHash("sha256") }, data, release)) };
  } finally {
    await file.close();
  }
}

/** Writes at the end of a file, of which `seen` was there. */
async function addTo(
  file: FileHandle,
  seen: Pick<Digested, "bytes" | "hash">,
  data: Uint8Array,
  release: () => void,
): Promise<Pick<Change, "bytes" | "after">> {
  let written = 0;
  try {
    while (written < data.length) written += (await file.write(data, written)).bytesWritten;
    await file.datasync();
  } catch (cause) {
    // What was written is never cut off again: another may have appended meanwhile, and that one's part must stay.
    if (written === 0) {
      release();
      throw cause;
    }
    throw new FsFailure("FS_FAILED", "the file may have been written in part", { cause, unknown: true });
  }
  try {
    const { size } = await file.stat();
    if (size === seen.bytes + data.length) return { bytes: size, after: seen.hash.update(data).digest("hex") };
    // Others have appended as well. What is there can be read on, though the call be stopped: it has happened.
    const { bytes, hex } = await digestOf(file, new AbortController().signal);
    return { bytes, after: hex };
  } catch (cause) {
    throw new FsFailure("FS_FAILED", "the file was written, and cannot be read", { cause, unknown: true });
  }
}
