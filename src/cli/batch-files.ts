// What a batch goes by, and no job of it may write: its jobs, its results, and every job's agent, manifest, lock, host
// modules and secrets. Each file is looked at once, however many jobs name it.

import { dirname, join } from "node:path";
import { isFault } from "../base/errors.ts";
import type { ReservedPaths } from "../session/contract.ts";
import { loadManifest, lockPath } from "../session/manifest-files.ts";
import { moduleFiles, secretFiles } from "../session/mounts.ts";
import { reservePaths } from "../session/reserved.ts";
import { type Job, jobPaths } from "./jobs-file.ts";

/** `own`: the jobs file and the results file, as they were named. */
export function reservedOf(
  jobs: readonly Job[],
  jobsFile: string,
  own: readonly (readonly [what: string, path: string])[],
): ReservedPaths {
  const files = new Map<string, string>();
  const reserve = (what: string, path: string): boolean => {
    const isNew = !files.has(path);
    if (isNew) files.set(path, `${what}, ${path}`);
    return isNew;
  };
  for (const [what, path] of own) reserve(what, path);
  for (const job of jobs) {
    const { agent, manifest = join(dirname(agent), "enclosure.yaml") } = jobPaths(job, jobsFile);
    reserve(`the agent of job ${job.id}`, agent);
    if (!reserve(`the manifest of job ${job.id}`, manifest)) continue;
    reserve(`the lock of job ${job.id}`, lockPath(manifest));
    for (const [what, path] of filesOf(manifest)) reserve(`${what} of job ${job.id}`, path);
  }
  return reservePaths([...files].map(([path, what]) => [what, path]));
}

/** None of a manifest that cannot be read: its job is refused for that when its turn comes. */
function filesOf(manifest: string): readonly (readonly [what: string, path: string])[] {
  try {
    const { folder, resolution } = loadManifest(manifest);
    if (resolution === undefined) return [];
    return [...moduleFiles(folder, resolution.resolved), ...secretFiles(folder, resolution.resolved)];
  } catch (error) {
    if (isFault(error)) return [];
    throw error;
  }
}
