// Folders whose names outlast a power cut. A name is durable once the folder that holds it is synced, so whatever is synced
// within a new folder is lost with it unless all that were made above it are synced as well.

import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Makes the folder and those above it, for their owner alone, and their names durable. One that is there is left as it is. */
export function makeFolder(path: string): void {
  const whole = resolve(path);
  const first = mkdirSync(whole, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = whole; made.length > first.length; made = dirname(made)) syncFolder(made);
  syncFolder(first);
  syncFolder(dirname(first));
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
