// Changes at the level below the provider: room for folders, and what is synced before a change is answered.
import fs, { mkdirSync, readdirSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { append } from "../../../src/capabilities/fs/appending.ts";
import { type Ground, move, remove, write } from "../../../src/capabilities/fs/changing.ts";
import { Jail } from "../../../src/capabilities/fs/jail.ts";
import { ENTRIES_MAX, Quota } from "../../../src/capabilities/fs/quota.ts";
import { temporaryFolder } from "../../support/folder.ts";

const DATA = new TextEncoder().encode("data");

function makeGround(): { readonly folder: string; readonly ground: Ground } {
  const folder = realpathSync(temporaryFolder());
  const jail = new Jail("/out", folder);
  onTestFinished(() => jail.close());
  const quota = new Quota(jail, 1000);
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  return { folder, ground: { jail, quota, random, signal: new AbortController().signal } };
}

describe("the quota of entries", () => {
  it("counts the folders that are there, and that are removed", async () => {
    const { folder, ground } = makeGround();
    mkdirSync(join(folder, "a/b/c"), { recursive: true });
    writeFileSync(join(folder, "a/file"), "");
    await ground.quota.reserve(0, ENTRIES_MAX - 4);
    await expect(ground.quota.reserve(0, 1)).rejects.toMatchObject({ code: "FS_QUOTA_EXCEEDED" });
    await remove(ground, ["a", "b", "c"]);
    await ground.quota.reserve(0, 1);
    await expect(ground.quota.reserve(0, 1)).rejects.toMatchObject({ code: "FS_QUOTA_EXCEEDED" });
  });

  it("takes room for each folder before it is made, and gives it back where the call fails", async () => {
    const { folder, ground } = makeGround();
    const release = await ground.quota.reserve(0, ENTRIES_MAX - 2);
    await expect(write(ground, ["a", "b", "c"], DATA)).rejects.toMatchObject({ code: "FS_QUOTA_EXCEEDED" });
    await expect(append(ground, ["a", "b", "c"], DATA)).rejects.toMatchObject({ code: "FS_QUOTA_EXCEEDED" });
    expect(readdirSync(folder)).toEqual([]);
    await write(ground, ["a", "b"], DATA);
    await expect(write(ground, ["c"], DATA)).rejects.toMatchObject({ code: "FS_QUOTA_EXCEEDED" });
    release();
    await write(ground, ["c"], DATA);
  });
});

describe("a change is answered once its folders are synced", () => {
  /** The paths below the mount that were synced since it was last asked; "" is the mount itself. */
  function watchSyncs(folder: string, fail = false): () => readonly string[] {
    const { fsync } = fs;
    let synced: string[] = [];
    fs.fsync = ((fd: number, done: fs.NoParamCallback) => {
      synced.push(readlinkSync(`/proc/self/fd/${fd}`).slice(folder.length));
      if (fail) done(Object.assign(new Error("no"), { code: "EIO" }));
      else fsync(fd, done);
    }) as typeof fs.fsync;
    syncBuiltinESMExports();
    onTestFinished(() => {
      fs.fsync = fsync;
      syncBuiltinESMExports();
    });
    return () => {
      const since = synced;
      synced = [];
      return since;
    };
  }

  it("for each kind of change", async () => {
    const { folder, ground } = makeGround();
    const synced = watchSyncs(folder);
    await write(ground, ["a", "x"], DATA);
    expect(synced()).toEqual(["", "/a"]);
    await write(ground, ["a", "x"], DATA);
    expect(synced()).toEqual(["/a"]);
    await append(ground, ["a", "y"], DATA);
    expect(synced()).toEqual(["/a"]);
    await move({ ground, segments: ["a", "x"] }, { ground, segments: ["b", "x"] });
    expect(synced()).toEqual(["", "/b", "/a"]);
    await remove(ground, ["b", "x"]);
    expect(synced()).toEqual(["/b"]);
    await remove(ground, ["b"]);
    expect(synced()).toEqual([""]);
  });

  it("and where they cannot be, what became of it is unknown", async () => {
    const { folder, ground } = makeGround();
    await write(ground, ["x"], DATA);
    watchSyncs(folder, true);
    await expect(write(ground, ["x"], DATA)).rejects.toMatchObject({ code: "FS_FAILED", unknown: true });
    await expect(remove(ground, ["x"])).rejects.toMatchObject({ code: "FS_FAILED", unknown: true });
    await expect(write(ground, ["a", "x"], DATA)).rejects.toMatchObject({ code: "EIO" });
    expect(readdirSync(folder)).toEqual([]);
  });
});
