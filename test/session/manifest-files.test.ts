import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256Hex } from "../../src/base/bytes.ts";
import { MANIFEST_BYTES_MAX } from "../../src/base/limits.ts";
import type { LockedModule } from "../../src/manifest/lock.ts";
import { loadManifest, lockPath, readLock, writeLock } from "../../src/session/manifest-files.ts";
import { temporaryFolder } from "../support/folder.ts";

const TEXT = 'enclosure: 1\nname: desk\nversion: "1"\nprofiles: { ci: { approvals: { via: [] } } }\n';
const MODULES: ReadonlyMap<string, LockedModule> = new Map([
  ["desk", { inputsSha256: sha256Hex("x"), functions: [{ name: "look", effect: "read" } as const] }],
]);
const coded = (code: string): Error => expect.objectContaining({ code }) as Error;

function manifestAt(content: string | Uint8Array = TEXT): string {
  const path = join(temporaryFolder(), "mail.yaml");
  writeFileSync(path, content);
  return path;
}

describe("loadManifest()", () => {
  it("reads a manifest, its digest, and the lock beside it", () => {
    const path = manifestAt();
    const loaded = loadManifest(path, { profile: "ci" });
    expect(loaded).toMatchObject({ path, folder: join(path, ".."), sha256: sha256Hex(TEXT), problems: [] });
    expect(loaded.manifest?.fileSha256).toBe(loaded.sha256);
    expect(loaded.resolution?.resolved.approvals.via).toEqual([]);
    expect(loaded.lock).toBeUndefined();
    expect(lockPath(path)).toBe(path.replace("mail.yaml", "mail.lock.json"));
    const lock = writeLock(lockPath(path), MODULES);
    expect(loadManifest(path).lock?.lock.fileSha256).toBe(lock.fileSha256);
    expect(sha256Hex(readFileSync(lockPath(path)))).toBe(lock.fileSha256);
  });

  it("gives the problems of a bad manifest", () => {
    const loaded = loadManifest(manifestAt("enclosure: 2\n"));
    expect(loaded.manifest).toBeUndefined();
    expect(loaded.resolution).toBeUndefined();
    expect(loaded.problems.length).toBeGreaterThan(1);
  });

  it("has a fault of its own for each way in which a file cannot be read", () => {
    const folder = temporaryFolder();
    expect(() => loadManifest(join(folder, "none.yaml"))).toThrow(coded("MANIFEST_MISSING"));
    expect(() => loadManifest(folder)).toThrow(coded("FILE_UNREADABLE"));
    expect(() => loadManifest(manifestAt(new Uint8Array([0xff, 0xfe])))).toThrow(coded("MANIFEST_SYNTAX"));
    const large = manifestAt();
    truncateSync(large, MANIFEST_BYTES_MAX + 1);
    expect(() => loadManifest(large)).toThrow(coded("MANIFEST_TOO_LARGE"));
    expect(() => loadManifest(manifestAt(), { profile: "prod" })).toThrow(coded("PROFILE_UNKNOWN"));
    const locked = manifestAt();
    writeFileSync(lockPath(locked), "{}");
    expect(() => loadManifest(locked)).toThrow(coded("LOCK_INVALID"));
  });
});

describe("writeLock()", () => {
  it("says so where it cannot write", () => {
    const folder = temporaryFolder();
    expect(() => writeLock(join(folder, "none", "m.lock.json"), MODULES)).toThrow(coded("LOCK_UNWRITABLE"));
    mkdirSync(join(folder, "m.lock.json"));
    expect(() => writeLock(join(folder, "m.lock.json"), MODULES)).toThrow(coded("LOCK_UNWRITABLE"));
    expect(readLock(join(folder, "absent.lock.json"))).toBeUndefined();
  });
});
