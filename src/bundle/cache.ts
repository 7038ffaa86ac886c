// The cache of bundles: one file for each plan, sealed with a key that lies elsewhere.
// What whoever can write the cache folder can do: delete entries (they are made again), nothing more. An entry is used only
// if its HMAC-SHA256 holds, over its own name and all of its content, under a key that the folder does not hold; and only
// if every import in it resolves, now, as it did, and every input hashes, now, as it did. So an old entry put back is
// either still right or refused. Without a key there is no cache: a plain digest beside the content would be forged with it.
// Writes are atomic, and a failure to write is not a failure to bundle.

import { createHmac, timingSafeEqual } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "../base/bytes.ts";
import { compile } from "./compile.ts";
import type { BundleInput } from "./contract.ts";
import { JailError } from "./jail.ts";
import { type CompilePlan, type ImportRecord, outcomeOf } from "./plugin.ts";

export interface BundleCache {
  /** Made where it is not there. */
  readonly folder: string;
  /** At least 32 secret bytes that do not lie in the folder. */
  readonly key: Uint8Array;
}

export interface CachedBundle {
  /** The plan that was carried out: its jail knows the inputs. */
  readonly plan: CompilePlan;
  readonly code: string;
  readonly map: string;
  readonly tool: { readonly name: string; readonly version: string };
}

const FORM = "enclosure/bundle-cache/v1";
const ENTRY_BYTES_MAX = 128 * 1024 * 1024;
const MAC_CHARS = 64;

interface Entry {
  readonly code: string;
  readonly map: string;
  readonly inputs: readonly BundleInput[];
  readonly imports: readonly ImportRecord[];
}

/**
 * What `compile` gives for a plan, from the cache where that is certain to be the same. `makePlan` gives a plan with a jail
 * of its own each time, so that what a stale entry made the jail read does not count as an input.
 * @throws EnclosureError as `compile` does
 */
export async function compileCached(
  makePlan: () => CompilePlan,
  cache: BundleCache | undefined,
): Promise<CachedBundle> {
  const tool = { name: "esbuild", version: esbuildVersion() };
  const plan = makePlan();
  const path = cache === undefined ? "" : join(cache.folder, `${nameOf(plan, tool.version)}.bundle`);
  const entry = cache === undefined ? undefined : readEntry(path, cache.key);
  if (entry !== undefined && stillHolds(plan, entry)) return { plan, code: entry.code, map: entry.map, tool };
  const fresh = entry === undefined ? plan : makePlan();
  const { code, map, imports } = await compile(fresh);
  if (cache !== undefined) writeEntry(path, cache, { code, map, imports, inputs: fresh.jail.inputs });
  return { plan: fresh, code, map, tool };
}

/** Read without loading esbuild itself. */
function esbuildVersion(): string {
  const file = createRequire(import.meta.url).resolve("esbuild/package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** One name for each plan: an entry of another one, of another compiler or of another build of this program is never looked at. */
function nameOf(plan: CompilePlan, version: string): string {
  const { jail, entry, before = null, virtual, options } = plan;
  const { size, mtimeMs } = statSync(fileURLToPath(import.meta.url));
  return sha256Hex(JSON.stringify([FORM, size, mtimeMs, version, jail.root, entry, before, [...virtual], options]));
}

function readEntry(path: string, key: Uint8Array): Entry | undefined {
  try {
    if (statSync(path).size > ENTRY_BYTES_MAX) return undefined;
    const text = readFileSync(path, "utf8");
    const body = text.slice(MAC_CHARS + 1);
    const expected = Buffer.from(macOf(path, body, key));
    const found = Buffer.from(text.slice(0, MAC_CHARS));
    if (found.length !== expected.length || !timingSafeEqual(found, expected)) return undefined;
    return JSON.parse(body) as Entry;
  } catch {
    return undefined;
  }
}

function macOf(path: string, body: string, key: Uint8Array): string {
  return createHmac("sha256", key)
    .update(`${FORM}\0${basename(path)}\0`)
    .update(body)
    .digest("hex");
}

/** Whether compiling now would read the same bytes of the same files. */
function stillHolds(plan: CompilePlan, entry: Entry): boolean {
  const { jail, resolver } = plan;
  try {
    for (const { importer, specifier, mode, outcome } of entry.imports) {
      const resolution = resolver.resolve(specifier, join(jail.root, importer), mode);
      if (outcomeOf(jail.root, resolution) !== outcome) return false;
    }
    for (const input of entry.inputs) {
      const found = jail.find(join(jail.root, input.path));
      if (found.kind !== "file") return false;
      if (!jail.has(found.path)) jail.read(found.path);
    }
  } catch (error) {
    if (error instanceof JailError) return false;
    throw error;
  }
  return JSON.stringify(jail.inputs) === JSON.stringify(entry.inputs);
}

let written = 0;

function writeEntry(path: string, { folder, key }: BundleCache, entry: Entry): void {
  const body = JSON.stringify(entry);
  const fresh = `${path}.${process.pid}.${++written}.tmp`;
  try {
    // Not by Node's recursion, which never ends where a folder is there and takes no others (/proc).
    for (const one of [dirname(folder), folder]) if (!existsSync(one)) mkdirSync(one, { mode: 0o700 });
    writeFileSync(fresh, `${macOf(path, body, key)}\n${body}`, { mode: 0o600, flag: "wx" });
    renameSync(fresh, path);
  } catch {
    removeQuietly(fresh);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // There is no folder that it could lie in.
  }
}
