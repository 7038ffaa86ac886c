// Mounts as the host's real paths, and what no mount may reach. `run` refuses an overlap with all that it knows of;
// `check`, which runs nothing, tells the overlaps that the manifest alone gives away.

import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { CODES, type ErrorCode, type Problem } from "../base/errors.ts";
import type { CompiledGrant } from "../kinds/contract.ts";
import type { FsConfig } from "../kinds/fs/kind.ts";
import { overlapWithForbidden } from "../kinds/fs/paths.ts";
import { step } from "../manifest/problems.ts";
import type { Resolution } from "../manifest/resolve.ts";
import type { LoadedManifest } from "./manifest-files.ts";

/** The real path; of what is not there yet, that of the nearest folder which is, with the rest. */
export function realOrNearest(path: string): string {
  const absolute = resolve(path);
  for (let folder = absolute; ; folder = dirname(folder)) {
    if (existsSync(folder)) return join(realpathSync(folder), relative(folder, absolute));
  }
}

/** The overlaps of mounts with what is known without a run: errors; and folders that are not there (yet): warnings. */
export function mountProblems(
  loaded: LoadedManifest,
  resolution: Resolution,
  grants: ReadonlyMap<string, CompiledGrant>,
): readonly Problem[] {
  const forbidden = knownPaths(loaded, resolution);
  return [...grants.values()].flatMap((grant) => {
    if (grant.kind !== "fs") return [];
    const { mounts } = grant.config as unknown as FsConfig;
    return Object.entries(mounts).flatMap(([mount, { path }]): readonly Problem[] => {
      const { line, column, pointer } = resolution.at(`/capabilities${step(grant.name)}/mounts${step(mount)}/path`);
      const problem = (code: ErrorCode, severity: Problem["severity"], message: string, mend: string): Problem[] => {
        return [{ code, severity, message, line, column, pointer, mend }];
      };
      const folder = resolve(loaded.folder, path);
      const overlap = overlapWithForbidden(new Map([[mount, realOrNearest(folder)]]), forbidden);
      if (overlap !== undefined) {
        const message = `the mount ${mount} of ${grant.name} reaches ${overlap.what}`;
        return problem("FS_MOUNT_OVERLAPS", "error", message, CODES.FS_MOUNT_OVERLAPS.mend);
      }
      if (isFolder(folder)) return [];
      const message = `the folder ${path} of the mount ${mount} is not there, or is no folder`;
      return problem("FS_MOUNT_INVALID", "warning", message, `Make it: mkdir -p ${path}`);
    });
  });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Real paths, by what they are. The store is the one that a run beside the manifest would make. */
function knownPaths({ path, folder, lock }: LoadedManifest, { resolved }: Resolution): ReadonlyMap<string, string> {
  const { entry } = resolved.agent;
  const modules = Object.entries(resolved.capabilities).filter(([, { use }]) => use === "module");
  const named: (readonly [string, string])[] = [
    ["the manifest", path],
    ["the default store", join(folder, ".enclosure")],
    ...(lock === undefined ? [] : [["the lock", lock.path] as const]),
    ...(entry === null ? [] : [["the agent's source", resolve(folder, entry)] as const]),
    ...modules.map(([name, { own }]) => [`the host module ${name}`, resolve(folder, own["from"] as string)] as const),
  ];
  return new Map(named.map(([what, at]) => [what, realOrNearest(at)]));
}
