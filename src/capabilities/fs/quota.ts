// The quota of a mount: bytes and entries (files and folders) below it. Counted when the session first changes something
// there, and kept from then on; what others write meanwhile is not seen, and gives no room when it is taken away.

import type { Jail } from "./jail.ts";
import { FsFailure } from "./failure.ts";
import { look } from "./held.ts";

/** Files and folders below a mount, whatever its quota of bytes: empty ones take room too. */
export const ENTRIES_MAX = 50_000;

export class Quota {
  readonly #jail: Jail;
  readonly #bytesMax: number;
  #used: { bytes: number; entries: number } | undefined;

  constructor(jail: Jail, bytesMax: number) {
    this.#jail = jail;
    this.#bytesMax = bytesMax;
  }

  /** Takes room; what it returns gives it back. @throws FsFailure FS_QUOTA_EXCEEDED */
  async reserve(bytes: number, entries: number): Promise<() => void> {
    const used = (this.#used ??= await this.#count());
    if (bytes > 0 && used.bytes + bytes > this.#bytesMax) {
      throw new FsFailure("FS_QUOTA_EXCEEDED", `the mount may hold ${this.#bytesMax} bytes, ${used.bytes} are in use`);
    }
    if (entries > 0 && used.entries + entries > ENTRIES_MAX)
      throw new FsFailure("FS_QUOTA_EXCEEDED", `the mount may hold ${ENTRIES_MAX} files and folders`);
    this.#add(bytes, entries);
    return () => this.#add(-bytes, -entries);
  }

  /** A file of so many bytes, or a folder (none), is gone. */
  free(bytes: number): void {
    this.#add(-bytes, -1);
  }

  /** Never below nothing: what is taken away may have been written by others, after the count. */
  #add(bytes: number, entries: number): void {
    const used = this.#used;
    if (used === undefined) return;
    used.bytes = Math.max(0, used.bytes + bytes);
    used.entries = Math.max(0, used.entries + entries);
  }

  async #count(): Promise<{ bytes: number; entries: number }> {
    const used = { bytes: 0, entries: 0 };
    await this.#jail.walk([], async (segments, type, folder) => {
      used.entries++;
      if (type === "folder") return;
      const stats = await look(folder, segments.at(-1) as string);
      used.bytes += stats?.size ?? 0;
    });
    return used;
  }
}
