// Files that others than a session go by, such as the next jobs of a batch: no session may write them, so no writable mount
// may hold one. A file is held by each folder through which its path leads, and by each through which its real path does:
// whoever writes to one of them can put another file in its place.
// Invariant: built once for many sessions; the question costs the same for one file as for thousands.

import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { ReservedPaths } from "./contract.ts";

/** By what each path is, as the end of a sentence would have it. */
export function reservePaths(named: Iterable<readonly [what: string, path: string]>): ReservedPaths {
  const real = realFolders();
  const within = new Map<string, string>();
  const add = (what: string, path: string): void => {
    for (let at = path; !within.has(at); at = dirname(at)) within.set(at, what);
  };
  for (const [what, path] of named) {
    const absolute = resolve(path);
    add(what, realOrNearest(absolute));
    for (let at = absolute; dirname(at) !== at; at = dirname(at)) add(what, join(real(dirname(at)), basename(at)));
  }
  return { within: (folder) => within.get(folder) };
}

/** The real path; of what is not there yet, that of the nearest folder which is, with the rest. */
export function realOrNearest(path: string): string {
  const absolute = resolve(path);
  for (let folder = absolute; ; folder = dirname(folder)) {
    if (existsSync(folder)) return join(realpathSync(folder), relative(folder, absolute));
  }
}

/** Most files share their folders. */
function realFolders(): (folder: string) => string {
  const known = new Map<string, string>();
  return (folder) => {
    const found = known.get(folder) ?? realOrNearest(folder);
    known.set(folder, found);
    return found;
  };
}
