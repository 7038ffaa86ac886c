// The reading functions of the kind fs: bounded before and while they read, sorted so that two runs see the same.

import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { createHash } from "node:crypto";
import { fromUtf8 } from "../../base/bytes.ts";
import { matchesPath, type PathPattern } from "../../kinds/path-pattern.ts";
import { FsFailure } from "./failure.ts";
import type { Entry, EntryType, Jail } from "./jail.ts";

const LIST_MAX = 10_000;
const CHUNK_BYTES = 64 * 1024;

/** @throws FsFailure RESULT_TOO_LARGE beyond `bytesMax` */
export function readBytes(
  jail: Jail,
  segments: readonly string[],
  bytesMax: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return jail.inParent(segments, async (folder, name) => {
    const { file, stats } = await jail.openFile(folder, name, constants.O_RDONLY);
    try {
      if (stats.size > bytesMax) throw tooLarge(bytesMax);
      const chunks: Uint8Array[] = [];
      let length = 0;
      // Its size may be another by now: the bound holds on what is read.
      for await (const chunk of chunksOf(file, signal)) {
        length += chunk.length;
        if (length > bytesMax) throw tooLarge(bytesMax);
        chunks.push(chunk);
      }
      return new Uint8Array(Buffer.concat(chunks));
    } finally {
      await file.close();
    }
  });
}

function tooLarge(bytesMax: number): FsFailure {
  return new FsFailure("RESULT_TOO_LARGE", `the file is larger than ${bytesMax} bytes`);
}

/** @throws FsFailure FS_NOT_TEXT */
export async function readText(
  jail: Jail,
  segments: readonly string[],
  bytesMax: number,
  signal: AbortSignal,
): Promise<string> {
  const bytes = await readBytes(jail, segments, bytesMax, signal);
  try {
    return fromUtf8(bytes);
  } catch {
    throw new FsFailure("FS_NOT_TEXT", "the file is not UTF-8 text");
  }
}

/** From the file's start. @throws FsFailure CALL_CANCELLED */
async function* chunksOf(file: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let position = 0; ;) {
    stopIfAborted(signal);
    const { bytesRead, buffer } = await file.read(new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

export function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new FsFailure("CALL_CANCELLED", "the call was stopped");
}

export interface Digested {
  readonly bytes: number;
  readonly hex: string;
  /** Can go on from there. */
  readonly hash: ReturnType<typeof createHash>;
}

/** SHA-256 of an open file. */
export async function digestOf(file: FileHandle, signal: AbortSignal): Promise<Digested> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunksOf(file, signal)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, hex: hash.copy().digest("hex"), hash };
}

export function list(jail: Jail, segments: readonly string[]): Promise<readonly Entry[]> {
  return jail.inFolder(segments, (folder) => jail.list(folder, LIST_MAX));
}

export interface Stat {
  readonly type: EntryType;
  readonly size: number;
  readonly modifiedMs: number;
}

/** Null where there is nothing. */
export async function stat(jail: Jail, segments: readonly string[]): Promise<Stat | null> {
  try {
    if (segments.length === 0) return await jail.inFolder([], (folder) => statOf(jail, folder, "."));
    return await jail.inParent(segments, (folder, name) => statOf(jail, folder, name));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

async function statOf(jail: Jail, folder: number, name: string): Promise<Stat | null> {
  const stats = await jail.find(folder, name);
  if (stats === undefined) return null;
  const type = stats.isFile() ? "file" : stats.isDirectory() ? "folder" : "other";
  return { type, size: type === "file" ? stats.size : 0, modifiedMs: Math.trunc(stats.mtimeMs) };
}

/** Guest paths of the files that match. `start`: the folder below the mount where they all are. */
export async function glob(
  jail: Jail,
  pattern: PathPattern,
  mount: string,
  start: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  const above = mount.slice(1).split("/");
  const depthMax = pattern.runs.length > 1 ? undefined : pattern.segments.length - above.length;
  const visit = (segments: readonly string[], type: EntryType): void => {
    stopIfAborted(signal);
    if (type !== "file") return;
    const whole = [...above, ...segments];
    if (!matchesPath(pattern, whole)) return;
    if (found.length >= LIST_MAX) throw new FsFailure("RESULT_TOO_LARGE", `more than ${LIST_MAX} files match`);
    found.push(`/${whole.join("/")}`);
  };
  try {
    await jail.walk(start, visit, depthMax);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  return found.sort();
}
