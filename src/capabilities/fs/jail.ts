// The jail: holds every path to its mount. Node has no openat(2), so each folder on the way is opened below the one that
// is held, through /proc/self/fd/N/NAME, without following links: what was opened is what is used, and a link that is
// put in the way at any moment is met, never followed. Nothing is ever opened by a path that the disk resolves.
// Refused: symbolic links, files with a second name (it could lie outside), devices, pipes, sockets, other file systems;
// and, where rules tell paths apart, a disk on which one file has several spellings.

import { closeSync, constants, fstatSync, fsync, openSync, type Stats, statSync } from "node:fs";
import { type FileHandle, lstat, mkdir, open, opendir, rmdir } from "node:fs/promises";
import { EnclosureError } from "../../base/errors.ts";
import { SEGMENTS_MAX, TEMPORARY_PREFIX } from "../../kinds/fs/paths.ts";
import { FsFailure, hasSystemCode } from "./failure.ts";
import { at, checkDevice, checkFile, checkSpelling, isNamed, isSpecial, look, refused } from "./held.ts";

const { O_DIRECTORY, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
/** Entries that one call may look at. */
const VISITED_MAX = 100_000;
/** Looks at a file that others go on changing meanwhile. */
const TRIES_MAX = 100;

/** Has what was made, moved or removed in a held folder outlive a loss of power. */
export function syncFolder(folder: number): Promise<void> {
  return new Promise((done, failed) => {
    fsync(folder, (error) => {
      // A file system that cannot sync a folder says EINVAL; there is no more to be had from it.
      if (error === null || error === undefined || hasSystemCode(error, "EINVAL")) done();
      else failed(error);
    });
  });
}

/** Takes room for one more folder; what it returns gives it back. */
export type TakeRoom = () => Promise<() => void>;

export type EntryType = "file" | "folder" | "other";

export interface Entry {
  readonly name: string;
  readonly type: EntryType;
}

/** One mount. Holds its folder open until it is closed. */
export class Jail {
  readonly #root: number;
  readonly #device: number;
  readonly #ruled: boolean;

  /**
   * `ruled`: rules tell paths apart, so that each name must be the only one of what it names.
   * @throws EnclosureError FS_MOUNT_INVALID, FS_UNSUPPORTED
   */
  constructor(mount: string, hostPath: string, ruled = false) {
    this.#ruled = ruled;
    if (process.platform !== "linux") {
      throw new EnclosureError("FS_UNSUPPORTED", `the mount ${mount} cannot be held on ${process.platform}`);
    }
    try {
      // The mount's own path is the operator's word: links in it are followed, once.
      this.#root = openSync(hostPath, O_RDONLY | O_DIRECTORY);
    } catch (cause) {
      throw new EnclosureError("FS_MOUNT_INVALID", `the folder of the mount ${mount} cannot be opened: ${hostPath}`, {
        cause,
      });
    }
    const { dev, ino } = fstatSync(this.#root);
    this.#device = dev;
    const through = statSync(at(this.#root, "."), { throwIfNoEntry: false });
    if (through?.dev === dev && through.ino === ino) return;
    closeSync(this.#root);
    throw new EnclosureError("FS_UNSUPPORTED", `the mount ${mount} cannot be held: /proc/self/fd does not lead to it`);
  }

  close(): void {
    closeSync(this.#root);
  }

  /** Runs `use` with the held folder at `segments`. */
  async inFolder<T>(segments: readonly string[], use: (folder: number) => Promise<T>): Promise<T> {
    let held: FileHandle | undefined;
    try {
      for (const segment of segments) {
        const next = await this.#openFolder(held?.fd ?? this.#root, segment, true);
        await held?.close();
        held = next;
      }
      return await use(held?.fd ?? this.#root);
    } finally {
      await held?.close();
    }
  }

  /** Runs `use` with the held folder of an entry, and the entry's name. @throws FsFailure for the mount itself */
  async inParent<T>(segments: readonly string[], use: (folder: number, name: string) => Promise<T>): Promise<T> {
    const name = nameOf(segments);
    return this.inFolder(segments.slice(0, -1), (folder) => use(folder, name));
  }

  /** The same, with missing folders made, each in room that was taken for it. Where `use` fails, they are removed again. */
  async inMadeParent<T>(
    segments: readonly string[],
    room: TakeRoom,
    use: (folder: number, name: string) => Promise<T>,
  ): Promise<T> {
    const name = nameOf(segments);
    return this.#inMade(this.#root, segments.slice(0, -1), room, (folder) => use(folder, name));
  }

  async #inMade<T>(
    parent: number,
    [name, ...below]: readonly string[],
    room: TakeRoom,
    use: (folder: number) => Promise<T>,
  ): Promise<T> {
    if (name === undefined) return use(parent);
    const unmake = await this.#makeFolder(parent, name, room);
    try {
      const held = await this.#openFolder(parent, name, true);
      try {
        return await this.#inMade(held.fd, below, room, use);
      } finally {
        await held.close();
      }
    } catch (error) {
      await unmake?.();
      throw error;
    }
  }

  /** Makes a folder where there is nothing. What it returns removes it, unless it holds something by then. */
  async #makeFolder(parent: number, name: string, room: TakeRoom): Promise<(() => Promise<void>) | undefined> {
    if ((await look(parent, name)) !== undefined) return undefined;
    const release = await room();
    const unmake = async (): Promise<void> => {
      const gone = await rmdir(at(parent, name)).then(
        () => true,
        () => false,
      );
      if (gone) release();
    };
    try {
      await mkdir(at(parent, name), 0o755);
    } catch (error) {
      release();
      // Another made it meanwhile.
      if (hasSystemCode(error, "EEXIST")) return undefined;
      throw error;
    }
    await syncFolder(parent).catch(async (error: unknown) => {
      await unmake();
      throw error;
    });
    return unmake;
  }

  /** `said`: by the guest, not by the disk. */
  async #openFolder(parent: number, name: string, said: boolean): Promise<FileHandle> {
    const opened = await open(at(parent, name), FOLDER_FLAGS).catch(async (error: unknown) => {
      // The kernel calls a link that should be a folder ENOTDIR; whoever reads the message should know which it was.
      if (hasSystemCode(error, "ENOTDIR") && (await lstat(at(parent, name))).isSymbolicLink())
        throw refused("leads through a symbolic link");
      throw error;
    });
    return this.#checked(opened, async (stats) => {
      checkDevice(stats, this.#device);
      if (said && this.#ruled) await checkSpelling(parent, name, stats);
    });
  }

  /** Opens a plain file of a held folder. `flags` beside the ones that keep it plain; `mode` of one that they make. */
  async openFile(
    folder: number,
    name: string,
    flags: number,
    mode?: number,
  ): Promise<{ readonly file: FileHandle; readonly stats: Stats }> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const there = await look(folder, name);
      if (there !== undefined && isSpecial(there)) throw refused("is neither a file nor a folder");
      // Non-blocking all the same, should one come in between: opening a pipe must not wait for its other end.
      const file = await open(at(folder, name), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode);
      let stats: Stats | undefined;
      await this.#checked(file, async (found) => {
        checkFile(found, this.#device);
        // A file of our own making has the one name that it was made under.
        if ((flags & O_EXCL) === 0 && !(await isNamed(name, file))) return;
        if (this.#ruled) await checkSpelling(folder, name, found);
        stats = found;
      });
      if (stats !== undefined) return { file, stats };
      await file.close();
    }
    throw refused("is changed by others faster than it can be looked at");
  }

  /** What stands at a name that the guest said. @throws FsFailure where rules may know it by another */
  async find(folder: number, name: string): Promise<Stats | undefined> {
    const stats = await look(folder, name);
    if (this.#ruled && stats !== undefined) await checkSpelling(folder, name, stats);
    return stats;
  }

  async #checked(handle: FileHandle, check: (stats: Stats) => Promise<void>): Promise<FileHandle> {
    try {
      await check(await handle.stat());
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The entries of a held folder, by name. @throws FsFailure where there are more than `max`, shown or not */
  async list(folder: number, max: number): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    let seen = 0;
    for await (const entry of await opendir(at(folder, "."))) {
      if (++seen > max) throw new FsFailure("RESULT_TOO_LARGE", `the folder has more than ${max} entries`);
      // A name that is not UTF-8 cannot be said in a path, and what the host is writing is not the guest's.
      if (entry.name.includes("\ufffd") || entry.name.startsWith(TEMPORARY_PREFIX)) continue;
      entries.push({ name: entry.name, type: entry.isFile() ? "file" : entry.isDirectory() ? "folder" : "other" });
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Visits every file and folder below a folder, links and other file systems left out. `segments` are those below the mount. */
  async walk(
    start: readonly string[],
    visit: (segments: readonly string[], type: "file" | "folder", folder: number) => Promise<void> | void,
    depthMax = SEGMENTS_MAX,
  ): Promise<void> {
    let listed = 0;
    const enter = async (segments: readonly string[], folder: number): Promise<void> => {
      const entries = await this.list(folder, VISITED_MAX);
      // Counted before they are visited: all the levels of a deep tree are held at once.
      listed += entries.length;
      if (listed > VISITED_MAX) throw new FsFailure("RESULT_TOO_LARGE", `there are more than ${VISITED_MAX} files`);
      for (const { name, type } of entries) {
        const below = [...segments, name];
        if (type === "other") continue;
        await visit(below, type, folder);
        if (type === "folder" && below.length < depthMax) await this.#enter(folder, below, enter);
      }
    };
    await this.inFolder(start, (folder) => enter(start, folder));
  }

  async #enter(
    parent: number,
    segments: readonly string[],
    enter: (segments: readonly string[], folder: number) => Promise<void>,
  ): Promise<void> {
    // Gone, or become a link, since it was listed: it is not there to be visited.
    const held = await this.#openFolder(parent, segments.at(-1) as string, false).catch((error: unknown) => {
      if (hasSystemCode(error, "EMFILE") || hasSystemCode(error, "ENFILE")) throw error;
      return undefined;
    });
    if (held === undefined) return;
    try {
      await enter(segments, held.fd);
    } finally {
      await held.close();
    }
  }
}

/** @throws FsFailure for the mount itself */
function nameOf(segments: readonly string[]): string {
  const name = segments.at(-1);
  if (name === undefined) throw new FsFailure("FS_WRONG_TYPE", "the path is the mount itself");
  return name;
}
