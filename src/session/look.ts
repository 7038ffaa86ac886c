// A manifest as one sees it without running anyone's code: read with its lock, whose function tables stand for the
// host modules, and with every problem that can be found so.

import { resolve } from "node:path";
import { assert } from "../base/assert.ts";
import { isFault, type Problem } from "../base/errors.ts";
import { shellWord } from "../base/shell.ts";
import type { AgentBundle } from "../bundle/contract.ts";
import { KINDS } from "../kinds/all.ts";
import { refuseErrors } from "../manifest/authorise.ts";
import { compileGrants, type CompiledGrants, strictly } from "../manifest/grants.ts";
import { compareLock, lockedTables } from "../manifest/lock.ts";
import { mergeProblems, step } from "../manifest/problems.ts";
import type { Resolution } from "../manifest/resolve.ts";
import { type LoadedManifest, loadManifest } from "./manifest-files.ts";
import { mountProblems, sourcePaths } from "./mounts.ts";
import { bundleModules } from "./providers.ts";

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

/**
 * The mounts that reach what the agent or a host module imports. Compiling them runs none of their code; what cannot be
 * compiled is told where it is asked for. `agent`: the one that was named, the manifest's own where absent.
 */
export async function lookAtSources(
  { file, loaded, compiled }: Looked,
  agent?: AgentBundle,
): Promise<readonly Problem[]> {
  const { resolution, folder } = loaded;
  const grants = compiled?.grants ?? new Map();
  if (resolution === undefined || ![...grants.values()].some(({ kind }) => kind === "fs")) return [];
  const { entry } = resolution.resolved.agent;
  const own = async (): Promise<AgentBundle | undefined> => {
    if (entry === null) return undefined;
    const { bundleAgent } = await import("../bundle/agent.ts");
    return bundleAgent({ entry: resolve(folder, entry), capabilities: [...grants.keys()], manifestFile: file });
  };
  const bundle = agent ?? (await whereCompiled(own));
  const modules = await whereCompiled(() => bundleModules(resolution.resolved, folder, undefined));
  const sources = new Map([
    ...(bundle === undefined ? [] : sourcePaths("the agent's source", bundle)),
    ...[...(modules ?? [])].flatMap(([name, module]) => [...sourcePaths(`the host module ${name}`, module)]),
  ]);
  return mountProblems(loaded, resolution, grants, sources);
}

async function whereCompiled<T>(compile: () => Promise<T>): Promise<T | undefined> {
  try {
    return await compile();
  } catch (error) {
    if (isFault(error)) return undefined;
    throw error;
  }
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
    const mend = `Write the lock with \`enclosure pin ${shellWord(manifest.file)}\`; it runs the module once.`;
    return { code: "LOCK_MISSING", severity: "warning", message, line, column, pointer, mend };
  });
}
