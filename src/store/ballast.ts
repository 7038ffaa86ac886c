// The ballast: a file beside the store that takes up room on the disk, so that its removal makes some when the disk is
// full: enough to record that writing failed, and to sign for all that was written before.

import { rmSync, statSync, writeFileSync } from "node:fs";
import { ballastPathOf } from "./place.ts";

const BALLAST_BYTES = 1024 * 1024;

export interface Ballast {
  /** Puts it there, unless it is. A disk without room for it keeps nobody from working. */
  load(): void;
  drop(): void;
}

/** `store`: the real path. */
export function ballastOf(store: string): Ballast {
  const path = ballastPathOf(store);
  return {
    load: () => {
      if (statSync(path, { throwIfNoEntry: false })?.size === BALLAST_BYTES) return;
      try {
        // Not zeros: a file system may store those in no room at all.
        writeFileSync(path, Buffer.alloc(BALLAST_BYTES, "ballast "), { mode: 0o600 });
      } catch {
        rmSync(path, { force: true });
      }
    },
    drop: () => rmSync(path, { force: true }),
  };
}
