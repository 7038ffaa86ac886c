// Pins a manifest's host modules: starts each once, asks it what it can do, and writes that with the digest of its source
// into the lock beside the manifest. Runs the operator's own code, and none of the agent's.

import { assert } from "../base/assert.ts";
import type { Problem } from "../base/errors.ts";
import { KINDS } from "../kinds/all.ts";
import { refuseErrors } from "../manifest/authorise.ts";
import { compileGrants } from "../manifest/grants.ts";
import { compareLock, type LockedModule } from "../manifest/lock.ts";
import { mergeProblems } from "../manifest/problems.ts";
import { programPath } from "../outside/programs.ts";
import { loadManifest, lockPath, writeLock } from "./manifest-files.ts";
import { bundleModules, startModules } from "./providers.ts";

export interface Pinned {
  /** The lock's path. */
  readonly lock: string;
  readonly modules: ReadonlyMap<string, LockedModule>;
  /** In what the modules differ from the lock that was there; empty where there was none. */
  readonly changes: readonly string[];
  /** What is wrong with the manifest's rules, now that the functions are known. */
  readonly problems: readonly Problem[];
}

/**
 * Writes the lock of the manifest at `file`.
 * @throws EnclosureError MANIFEST_MISSING, MANIFEST_INVALID and their kin, BUNDLE_REFUSED, MODULE_INVALID, LOCK_UNWRITABLE;
 *   the lock is as it was then.
 */
export async function pinManifest(file: string): Promise<Pinned> {
  const loaded = loadManifest(file);
  refuseErrors(loaded.problems, file);
  const { resolution } = loaded;
  assert(resolution !== undefined, "a manifest without errors is resolved");
  const bundles = await bundleModules(resolution.resolved, loaded.folder, undefined);
  const started = await startModules(bundles, resolution.resolved, programPath("module-host.js"));
  const modules = new Map<string, LockedModule>();
  for (const [name, { table, provider }] of started) {
    const bundle = bundles.get(name);
    assert(bundle !== undefined, "what was started was bundled");
    modules.set(name, { inputsSha256: bundle.inputsSha256, functions: table });
    await provider.close();
  }
  const tables = new Map([...modules].map(([name, { functions }]) => [name, functions]));
  const { problems } = compileGrants(resolution, tables, KINDS);
  const before = loaded.lock?.lock;
  const changes = before === undefined ? [] : compareLock(resolution, before, modules).map(({ message }) => message);
  const lock = lockPath(loaded.path);
  writeLock(lock, modules);
  return { lock, modules, changes, problems: mergeProblems(loaded.problems, problems) };
}
