// Keeps in package-lock.json what npm leaves out when it writes the file:
// - better-sqlite3's `"gypfile": false`, without which npm 10 (Node 20's own) runs node-gyp for it, and that needs
//   Python and headers;
// - the entries of optional packages for other platforms, which npm drops where node_modules or a registry does not
//   have them, and without which `npm ci` says on every other machine that the file is out of step.
// npm calls this after every change of node_modules. Runs on any Node; writes only if something is missing.
// @ts-check
import { readFileSync, writeFileSync } from "node:fs";

/** @typedef {{ version: string, dev?: true, optional?: true, os?: string[], cpu?: string[], libc?: string[],
 *   gypfile?: boolean, optionalDependencies?: Record<string, string> }} Entry */

const PLATFORM = /\b(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-([a-z0-9]+)/;

/**
 * The lock file's text with everything in its place; the same text where nothing was missing.
 * @param {string} text
 */
export function mendLock(text) {
  const lock = JSON.parse(text);
  /** @type {Record<string, Entry>} */
  const packages = lock.packages;
  for (const owner of Object.values(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      packages[`node_modules/${name}`] ??= platformEntry(name, version, owner.dev);
    }
  }
  const sqlite = packages["node_modules/better-sqlite3"];
  if (sqlite !== undefined) sqlite.gypfile = false;
  const root = packages[""];
  const rest = Object.entries(packages).filter(([path]) => path !== "");
  lock.packages = { "": root, ...Object.fromEntries(rest.sort(([a], [b]) => a.localeCompare(b, "en"))) };
  return `${JSON.stringify(lock, null, 2)}\n`;
}

/**
 * @param {string} name
 * @param {string} version
 * @param {true | undefined} dev
 * @returns {Entry}
 */
function platformEntry(name, version, dev) {
  const [, os, cpu] = PLATFORM.exec(name) ?? [];
  if (os === undefined || cpu === undefined) throw new Error(`${name}: an optional package that names no platform`);
  const libc = /musl/.test(name) ? ["musl"] : /gnu/.test(name) ? ["glibc"] : undefined;
  return { version, cpu: [cpu], ...(dev && { dev }), ...(libc && { libc }), optional: true, os: [os] };
}

if (import.meta.filename === process.argv[1]) {
  const path = new URL("../package-lock.json", import.meta.url);
  const text = readFileSync(path, "utf8");
  const mended = mendLock(text);
  if (mended !== text) writeFileSync(path, mended);
}
