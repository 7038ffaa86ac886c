// Mounts as the host's real paths, and what no mount may reach: what keeps the record, what decides what runs and what it
// may do, and another mount, past whose rules and quota it would lead. `run` refuses an overlap with all that it knows of;
// `check`, which runs nothing, tells the overlaps that the manifest and its sources give away.

import { realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CODES, EnclosureError, type ErrorCode, type Problem } from "../base/errors.ts";
import type { CapabilityName } from "../base/ids.ts";
import type { AgentBundle } from "../bundle/contract.ts";
import type { CompiledGrant } from "../kinds/contract.ts";
import type { FsConfig, Mount } from "../kinds/fs/kind.ts";
import { overlapWithForbidden, pathsOverlap } from "../kinds/fs/paths.ts";
import { step } from "../manifest/problems.ts";
import type { Resolution } from "../manifest/resolve.ts";
import type { ReservedPaths } from "./contract.ts";
import type { LoadedManifest } from "./manifest-files.ts";
import { realOrNearest } from "./reserved.ts";

/** Real paths, by what they are. */
export type HostPaths = ReadonlyMap<string, string>;

/**
 * Every file that went into a bundle, and every folder in which a package would be looked for before another: whoever
 * writes to one of them writes what runs the next time.
 */
export function sourcePaths(what: string, { root, inputs }: Pick<AgentBundle, "root" | "inputs">): HostPaths {
  const paths = new Map(inputs.map(({ path }) => [`${what} (${path})`, join(root, path)]));
  for (const { path } of inputs) {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const packages = join(folder, "node_modules");
      paths.set(`${what} (${packages})`, join(root, packages));
      if (folder === ".") break;
    }
  }
  return paths;
}

interface Placed {
  readonly grant: CompiledGrant;
  /** The guest's path. */
  readonly name: string;
  /** Its path is a real one. */
  readonly mount: Mount;
  /** Whether a rule of its grant denies or asks about something of it. */
  readonly ruled: boolean;
}

/** Every mount of every grant. */
function placeMounts(
  grants: ReadonlyMap<string, CompiledGrant>,
  placeOf: (path: string, name: string) => string,
): readonly Placed[] {
  return [...grants.values()].flatMap((grant) => {
    if (grant.kind !== "fs") return [];
    const { mounts, ruled } = grant.config as unknown as FsConfig;
    return Object.entries(mounts).map(([name, mount]): Placed => {
      return { grant, name, mount: { ...mount, path: placeOf(mount.path, name) }, ruled: ruled.includes(name) };
    });
  });
}

/** What is wrong with where a mount lies: the end of a sentence. */
function overlapOf(one: Placed, before: readonly Placed[], forbidden: HostPaths): string | undefined {
  const reached = overlapWithForbidden(new Map([[one.name, one.mount.path]]), forbidden);
  if (reached !== undefined) return `reaches ${reached.what}`;
  const other = before.find((earlier) => {
    const free = [one, earlier].every(({ mount, ruled }) => mount.access === "ro" && !ruled);
    return !free && pathsOverlap(one.mount.path, earlier.mount.path);
  });
  return other === undefined ? undefined : `reaches the mount ${other.name} of ${other.grant.name}`;
}

/**
 * The mounts of each fs grant of a run, with real, absolute paths.
 * @throws EnclosureError FS_MOUNT_INVALID, FS_MOUNT_OVERLAPS
 */
export function runMounts(
  grants: ReadonlyMap<string, CompiledGrant>,
  folder: string,
  forbidden: HostPaths,
  reserved: ReservedPaths | undefined,
): ReadonlyMap<CapabilityName, FsConfig["mounts"]> {
  const placed = placeMounts(grants, (path, name) => realFolder(folder, path, name));
  for (const [i, one] of placed.entries()) {
    const overlap = overlapOf(one, placed.slice(0, i), forbidden);
    const held = one.mount.access === "ro" ? undefined : reserved?.within(one.mount.path);
    if (overlap === undefined && held === undefined) continue;
    const { line, column } = one.grant.at;
    const what = overlap ?? `could write ${held}`;
    throw new EnclosureError("FS_MOUNT_OVERLAPS", `the mount ${one.name} of ${one.grant.name} ${what}`, {
      location: { line, column },
      ...(overlap === undefined && { mend: "Move that file out of the mount's folder, or mount another folder." }),
    });
  }
  const byGrant = Map.groupBy(placed, ({ grant }) => grant.name);
  return new Map(
    [...byGrant].map(([name, own]) => [name, Object.fromEntries(own.map((one) => [one.name, one.mount]))]),
  );
}

function realFolder(folder: string, path: string, mount: string): string {
  try {
    return realpathSync(resolve(folder, path));
  } catch {
    throw new EnclosureError("FS_MOUNT_INVALID", `the folder ${path} of the mount ${mount} is not there`, {
      mend: `Make it: mkdir -p ${path}`,
    });
  }
}

/**
 * The overlaps of mounts with what is known without a run: errors; and folders that are not there (yet): warnings.
 * `sources` is what compiling told of the agent's and the host modules' files.
 */
export function mountProblems(
  loaded: LoadedManifest,
  resolution: Resolution,
  grants: ReadonlyMap<string, CompiledGrant>,
  sources: HostPaths = new Map(),
): readonly Problem[] {
  const forbidden = new Map([...knownPaths(loaded, resolution), ...sources]);
  const placed = placeMounts(grants, (path) => realOrNearest(resolve(loaded.folder, path)));
  return placed.flatMap((one, i): readonly Problem[] => {
    const { grant, name } = one;
    const { line, column, pointer } = resolution.at(`/capabilities${step(grant.name)}/mounts${step(name)}/path`);
    const problem = (code: ErrorCode, severity: Problem["severity"], message: string, mend: string): Problem[] => {
      return [{ code, severity, message, line, column, pointer, mend }];
    };
    const overlap = overlapOf(one, placed.slice(0, i), forbidden);
    if (overlap !== undefined) {
      const message = `the mount ${name} of ${grant.name} ${overlap}`;
      return problem("FS_MOUNT_OVERLAPS", "error", message, CODES.FS_MOUNT_OVERLAPS.mend);
    }
    const { path } = (grant.config as unknown as FsConfig).mounts[name] as Mount;
    if (isFolder(resolve(loaded.folder, path))) return [];
    const message = `the folder ${path} of the mount ${name} is not there, or is no folder`;
    return problem("FS_MOUNT_INVALID", "warning", message, `Make it: mkdir -p ${path}`);
  });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The store is the one that a run beside the manifest would make. */
function knownPaths({ path, folder, lock }: LoadedManifest, { resolved }: Resolution): HostPaths {
  const { entry } = resolved.agent;
  const named: (readonly [string, string])[] = [
    ["the manifest", path],
    ["the default store", join(folder, ".enclosure")],
    ...(lock === undefined ? [] : [["the lock", lock.path] as const]),
    ...(entry === null ? [] : [["the agent's source", resolve(folder, entry)] as const]),
    ...moduleFiles(folder, resolved),
    ...secretFiles(folder, resolved),
  ];
  return new Map(named.map(([what, at]) => [what, realOrNearest(at)]));
}

/** The host modules' own files, without what they import. */
export function moduleFiles(
  folder: string,
  { capabilities }: Resolution["resolved"],
): readonly (readonly [what: string, path: string])[] {
  return Object.entries(capabilities).flatMap(([name, { use, own }]) =>
    use === "module" ? [[`the host module ${name}`, resolve(folder, own["from"] as string)] as const] : [],
  );
}

/** Files that hold secrets: an agent that could write to one would choose the credential of its requests. */
export function secretFiles(
  folder: string,
  { secrets }: Resolution["resolved"],
): readonly (readonly [what: string, path: string])[] {
  return Object.entries(secrets).flatMap(([name, { from }]) =>
    from.startsWith("file:") ? [[`the secret ${name}`, resolve(folder, from.slice("file:".length))] as const] : [],
  );
}
