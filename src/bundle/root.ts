// The project root: the folder outside of which nothing can be imported.
// The rule: the nearest folder, from the entry's own upward, that has a package.json; where there is none, the manifest's
// folder if the entry lies in it, else the entry's own. The file system's root and the user's home folder are never a
// project, for a stray package.json there would open all of the user's files to an import.

import { existsSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { EnclosureError } from "../base/errors.ts";

export interface Project {
  /** Real and absolute, without a separator at its end. */
  readonly root: string;
  /** The entry's real, absolute path; inside `root`. */
  readonly entry: string;
}

export interface ProjectOptions {
  readonly entry: string;
  readonly root?: string | undefined;
  readonly manifestFile?: string | undefined;
}

/** @throws EnclosureError FILE_UNREADABLE when the entry or the root is not there, IMPORT_OUTSIDE when the entry lies outside. */
export function findProject(options: ProjectOptions): Project {
  const entry = realFile(options.entry);
  if (options.root !== undefined) {
    const root = realFolder(options.root);
    if (isInside(root, entry)) return { root, entry };
    throw new EnclosureError("IMPORT_OUTSIDE", `${options.entry} lies outside the project root ${root}`);
  }
  const manifestFolder = options.manifestFile === undefined ? undefined : dirname(resolve(options.manifestFile));
  return { entry, root: packageFolder(dirname(entry)) ?? fallbackFolder(entry, manifestFolder) };
}

/** Whether `path` is `folder` or lies below it. Lexical: both must be real paths for this to mean anything. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** A path below the root as it stands in inputs, source maps and messages: relative, with forward slashes. */
export function toProjectPath(root: string, path: string): string {
  return relative(root, path).replaceAll(sep, "/");
}

/** Whether a project path lies in a package of node_modules. */
export function isInPackage(projectPath: string): boolean {
  return projectPath.split("/").includes("node_modules");
}

/** esbuild's namespace for files of the project, which it shows before their paths. */
export const SOURCE = "source";

export function stripNamespace(shown: string): string {
  return shown.startsWith(`${SOURCE}:`) ? shown.slice(SOURCE.length + 1) : shown;
}

function packageFolder(start: string): string | undefined {
  const never = new Set([realOrSame(homedir())]);
  for (let folder = start; ; folder = dirname(folder)) {
    if (dirname(folder) === folder || never.has(folder)) return undefined;
    if (existsSync(join(folder, "package.json"))) return folder;
  }
}

function fallbackFolder(entry: string, manifestFolder: string | undefined): string {
  const folder = manifestFolder === undefined ? undefined : realOrSame(manifestFolder);
  return folder !== undefined && isInside(folder, entry) ? folder : dirname(entry);
}

function realFile(path: string): string {
  const real = realOrUnreadable(path);
  if (!statSync(real).isFile()) throw new EnclosureError("FILE_UNREADABLE", `${path} is not a file`);
  return real;
}

function realFolder(path: string): string {
  const real = realOrUnreadable(path);
  if (!statSync(real).isDirectory()) throw new EnclosureError("FILE_UNREADABLE", `${path} is not a folder`);
  return real;
}

function realOrUnreadable(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    throw new EnclosureError("FILE_UNREADABLE", `there is no ${path}`, { cause });
  }
}

function realOrSame(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
