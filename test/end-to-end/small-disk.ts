// File systems of their own for tests of full disks and read-only folders: a tmpfs, where this user may mount one.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface SmallDisk {
  /** Gives it another size, or takes the right to write away. */
  readonly remount: (options: string) => void;
}

/** Whether a tmpfs can be mounted here: root can, where the container lets it. */
export function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), "enclosure-mount-"));
  const isMounted = mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", probe);
  if (isMounted) spawnSync("umount", [probe]);
  rmdirSync(probe);
  return isMounted;
}

/** Mounts a disk of that size at `path`, until the test ends. */
export function smallDisk(path: string, size: string): SmallDisk {
  mkdirSync(path, { recursive: true });
  if (!mount("-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path)) throw new Error(`nothing can be mounted at ${path}`);
  onTestFinished(() => void spawnSync("umount", ["-l", path]));
  return {
    remount: (options) => {
      if (!mount("-o", `remount,${options}`, path)) throw new Error(`${path} cannot be remounted with ${options}`);
    },
  };
}

function mount(...args: readonly string[]): boolean {
  return process.platform === "linux" && spawnSync("mount", args).status === 0;
}
