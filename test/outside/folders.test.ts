import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256Hex } from "../../src/base/bytes.ts";
import { loadCacheKey } from "../../src/outside/cache-key.ts";
import { systemRandom } from "../../src/outside/clock.ts";
import { makeFolder } from "../../src/outside/folders.ts";
import { openHead } from "../../src/outside/head.ts";
import { logFolder, makeLogKeys } from "../../src/outside/keys.ts";
import { temporaryFolder } from "../support/folder.ts";
import { watchSyncs } from "../support/syncs.ts";

const origin = "enclosure.local/0123456789abcdef";

describe("makeFolder()", () => {
  it("makes the folder and those above it for their owner alone, and syncs each with the one that holds it", () => {
    const top = temporaryFolder();
    const synced = watchSyncs();
    makeFolder(join(top, "a", "b", "..", "c"));
    expect(synced()).toEqual([join(top, "a", "c"), join(top, "a"), top]);
    expect(statSync(join(top, "a", "c")).mode & 0o777).toBe(0o700);
    makeFolder(join(top, "a", "d"));
    expect(synced()).toEqual([join(top, "a", "d"), join(top, "a")]);
  });

  it.skipIf(process.platform !== "linux")("fails where a folder takes no others, and does not try for ever", () => {
    expect(() => makeFolder("/proc/enclosure/keys")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });

  it("leaves a folder that is there as it is", () => {
    const top = temporaryFolder();
    mkdirSync(join(top, "a"), { mode: 0o755 });
    const synced = watchSyncs();
    makeFolder(join(top, "a"));
    expect(synced()).toEqual([]);
    expect(statSync(join(top, "a")).mode & 0o777).toBe(0o755);
  });
});

describe("what lies in the user's own folder", () => {
  it("stays there after a power cut, with every folder that was made for it", () => {
    const top = temporaryFolder();
    const home = join(top, "config", "enclosure");
    const synced = watchSyncs();
    const { folder } = makeLogKeys(home, origin, systemRandom);
    expect(synced()).toEqual(expect.arrayContaining([folder, join(home, "logs"), home, join(top, "config"), top]));
    const head = openHead(folder, "0123456789abcdef", sha256Hex("a file"));
    head.write({ size: 1, root: sha256Hex("a root"), checkpoint: null });
    head.close();
    expect(synced()).toEqual(expect.arrayContaining([join(folder, "heads"), folder]));
  });

  it("does so though the key of the cache came first", () => {
    const top = temporaryFolder();
    const home = join(top, "enclosure");
    const synced = watchSyncs();
    expect(loadCacheKey(home, systemRandom)).toBeDefined();
    expect(synced()).toEqual([home, top]);
    makeLogKeys(home, origin, systemRandom);
    expect(synced()).toEqual(expect.arrayContaining([logFolder(home, origin), join(home, "logs"), home]));
  });
});
