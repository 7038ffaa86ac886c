// Folders whose names outlast a power cut. A name is durable once the folder that holds it is synced, so whatever is synced
// within a new folder is lost with it unless all that were made above it are synced as well.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Makes the folder and those above it, for their owner alone, and their names durable. One that is there is left as it is. */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  // One by one: where a folder is there and takes no others (/proc), Node's own recursion never ends.
  for (const folder of missing) makeOne(folder);
  for (const folder of missing.toReversed()) syncFolder(folder);
  if (missing[0] !== undefined) syncFolder(dirname(missing[0]));
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process was quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Makes the names in a folder durable; where a platform cannot sync folders, that is its own doing. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
