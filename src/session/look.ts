// A manifest as one sees it without running anyone's code: read with its lock, whose function tables stand for the
// host modules, and with every problem that can be found so.

import { assert } from "../base/assert.ts";
import type { Problem } from "../base/errors.ts";
import { KINDS } from "../kinds/all.ts";
import { refuseErrors } from "../manifest/authorise.ts";
import { compileGrants, type CompiledGrants, strictly } from "../manifest/grants.ts";
import { compareLock, lockedTables } from "../manifest/lock.ts";
import { mergeProblems, step } from "../manifest/problems.ts";
import type { Resolution } from "../manifest/resolve.ts";
import { type LoadedManifest, loadManifest } from "./manifest-files.ts";
import { mountProblems } from "./mounts.ts";

/** The manifest that is meant where none is named. */
export const DEFAULT_MANIFEST = "enclosure.yaml";

export interface Looked {
  /** As it was named. */
  readonly file: string;
  readonly loaded: LoadedManifest;
  /** Absent where the manifest has errors. */
  readonly compiled?: CompiledGrants;
  /** As `check` sees them: a rule that never decides anything is an error. */
  readonly problems: readonly Problem[];
}

/** @throws EnclosureError MANIFEST_MISSING, MANIFEST_TOO_LARGE, MANIFEST_SYNTAX, PROFILE_UNKNOWN, LOCK_INVALID */
export function lookAt(file: string, profile?: string): Looked {
  const loaded = loadManifest(file, profile === undefined ? {} : { profile });
  const { resolution, lock } = loaded;
  if (resolution === undefined) return { file, loaded, problems: loaded.problems };
  const compiled = compileGrants(resolution, lockedTables(lock?.lock), KINDS);
  const locked = lock === undefined ? unlocked(resolution) : compareLock(resolution, lock.lock);
  return {
    file,
    loaded,
    compiled,
    problems: mergeProblems(
      strictly(loaded.problems),
      strictly(compiled.problems),
      locked,
      mountProblems(loaded, resolution, compiled.grants),
    ),
  };
}

/** What is granted, for a command that cannot do without it. @throws EnclosureError with every problem */
export function lookAtSound(
  file: string,
  profile?: string,
): Looked & { readonly compiled: CompiledGrants; readonly resolution: Resolution } {
  const looked = lookAt(file, profile);
  refuseErrors(looked.problems, looked.file);
  const { compiled, loaded } = looked;
  assert(compiled !== undefined && loaded.resolution !== undefined, "a manifest without errors has grants");
  return { ...looked, compiled, resolution: loaded.resolution };
}

/** A warning for each module whose functions nobody knows without running it. */
function unlocked({ resolved, manifest }: Resolution): readonly Problem[] {
  const modules = Object.entries(resolved.capabilities).filter(([, { use }]) => use === "module");
  return modules.map(([name]): Problem => {
    const pointer = `/capabilities${step(name)}`;
    const { line, column } = manifest.at(pointer);
    const message = `${name} is not pinned: rules that name its functions were not checked`;
    const mend = `Write the lock with \`enclosure pin ${manifest.file}\`; it runs the module once.`;
    return { code: "LOCK_MISSING", severity: "warning", message, line, column, pointer, mend };
  });
}
