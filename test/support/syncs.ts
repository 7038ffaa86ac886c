// What is synced while a test looks on.
import fs, { readlinkSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { onTestFinished } from "vitest";

/** The paths that were synced since it was last asked. */
export function watchSyncs(): () => readonly string[] {
  const { fsyncSync } = fs;
  const synced: string[] = [];
  fs.fsyncSync = (fd) => {
    synced.push(readlinkSync(`/proc/self/fd/${fd}`));
    fsyncSync(fd);
  };
  syncBuiltinESMExports();
  onTestFinished(() => {
    fs.fsyncSync = fsyncSync;
    syncBuiltinESMExports();
  });
  return () => synced.splice(0);
}
