// The quota of a mount: bytes and files below it. Counted when the session first changes something there, and kept from
// then on; what others write meanwhile is not seen.

import type { Jail } from "./jail.ts";
import { FsFailure } from "./failure.ts";

/** Files below a mount, whatever its quota of bytes: empty ones take room too. */
const FILES_MAX = 50_000;

export class Quota {
  readonly #jail: Jail;
  readonly #bytesMax: number;
  #used: { bytes: number; files: number } | undefined;

  constructor(jail: Jail, bytesMax: number) {
    this.#jail = jail;
    this.#bytesMax = bytesMax;
  }

  /** Takes room; what it returns gives it back. @throws FsFailure FS_QUOTA_EXCEEDED */
  async reserve(bytes: number, files: number): Promise<() => void> {
    const used = (this.#used ??= await this.#count());
    if (bytes > 0 && used.bytes + bytes > this.#bytesMax) {
      throw new FsFailure("FS_QUOTA_EXCEEDED", `the mount may hold ${this.#bytesMax} bytes, ${used.bytes} are in use`);
    }
    if (used.files + files > FILES_MAX)
      throw new FsFailure("FS_QUOTA_EXCEEDED", `the mount may hold ${FILES_MAX} files`);
    used.bytes += bytes;
    used.files += files;
    return () => {
      used.bytes -= bytes;
      used.files -= files;
    };
  }

  /** A file is gone. */
  free(bytes: number): void {
    if (this.#used === undefined) return;
    this.#used.bytes -= bytes;
    this.#used.files -= 1;
  }

  async #count(): Promise<{ bytes: number; files: number }> {
    const used = { bytes: 0, files: 0 };
    await this.#jail.walk([], async (segments, folder) => {
      const stats = await this.#jail.look(folder, segments.at(-1) as string);
      used.bytes += stats?.size ?? 0;
      used.files++;
    });
    return used;
  }
}
