// The key that seals the cache of compiled agents: secret, in the user's own folder, so that whoever can write the cache
// cannot forge an entry. Losing it loses a cache and nothing else.

import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, hex } from "../base/bytes.ts";
import type { Random } from "../base/powers.ts";
import { makeFolder } from "./folders.ts";

/** The key, made at first use. Undefined where there is none to be had, or where others can read it: then nothing is cached. */
export function loadCacheKey(home: string, random: Random): Uint8Array | undefined {
  const path = join(home, "cache.key");
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) makeKey(home, path, random);
    const { mode } = statSync(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) return undefined;
    const text = readFileSync(path, "utf8");
    return /^[0-9a-f]{64}$/.test(text) ? fromHex(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all, and never over a key that another process has just made. */
function makeKey(home: string, path: string, random: Random): void {
  makeFolder(home);
  const fresh = `${path}.${hex(random.bytes(8))}`;
  writeFileSync(fresh, hex(random.bytes(32)), { mode: 0o600, flag: "wx" });
  try {
    linkSync(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(fresh);
  }
}
