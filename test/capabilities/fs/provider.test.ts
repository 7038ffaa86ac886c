import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ErrorCode } from "../../../src/base/errors.ts";
import type { Random } from "../../../src/base/powers.ts";
import type { Performed, Provider } from "../../../src/broker/contract.ts";
import { makeFsProvider } from "../../../src/capabilities/fs/provider.ts";
import { type FsConfig, fsKind } from "../../../src/kinds/fs/kind.ts";
import { loadSecrets } from "../../../src/outside/secrets.ts";
import { admitted } from "../../support/admitted.ts";
import { compiled } from "../../support/compiled.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { providerConformance } from "../conformance.ts";

const VALUE = "hunter2-hunter2";
const random: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };
const secrets = loadSecrets({ key: { from: "env:KEY", hosts: ["a.example"] } }, { env: { KEY: VALUE }, folder: "/" });
/** Whether there is a second file system to move to. */
const hasOtherDisk = existsSync("/dev/shm") && statSync("/dev/shm").dev !== statSync(tmpdir()).dev;
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

interface World {
  /** The host's folder with `in`, `out`, and `outside`, which is in no mount. */
  readonly folder: string;
  readonly provider: Provider;
  readonly grant: ReturnType<typeof compiled>["grant"];
  readonly perform: (fn: string, args: object) => Promise<Performed>;
  readonly value: (fn: string, args: object) => Promise<unknown>;
  readonly code: (fn: string, args: object) => Promise<ErrorCode | undefined>;
}

function world(quota = "64KiB"): World {
  const folder = temporaryFolder();
  for (const name of ["in", "out", "outside"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "in/a.txt"), "hello");
  writeFileSync(join(folder, "outside/secret.txt"), "outside!");
  const mounts = {
    "/in": { path: join(folder, "in"), access: "ro" },
    "/out": { path: join(folder, "out"), access: "rw", quota },
  };
  const { grant } = compiled(fsKind, "files", { mounts });
  const provider = makeFsProvider({ config: grant.config as unknown as FsConfig, secrets, random });
  onTestFinished(() => provider.close());
  const perform = (fn: string, args: object) =>
    provider.perform(admitted(grant, fn, args), { signal: new AbortController().signal, resultBytesMax: 256 * 1024 });
  return {
    folder,
    provider,
    grant,
    perform,
    value: async (fn, args) => {
      const done = await perform(fn, args);
      expect(done).toMatchObject({ kind: "value" });
      return (done as { value: unknown }).value;
    },
    code: async (fn, args) => {
      const done = await perform(fn, args);
      return done.kind === "failed" || done.kind === "unknown" ? done.code : undefined;
    },
  };
}

providerConformance("fs", () => {
  const { folder, provider, grant } = world("1MiB");
  const before = readdirSync(join(folder, "out")).length;
  writeFileSync(join(folder, "in/huge"), Buffer.alloc(1024 * 1024, "x"));
  writeFileSync(join(folder, "in/key"), `key=${VALUE} ${Buffer.from(VALUE).toString("base64")}`);
  return {
    provider,
    good: admitted(grant, "write", { path: "/out/a", data: "x" }),
    failing: admitted(grant, "readText", { path: "/in/none" }),
    huge: admitted(grant, "readBytes", { path: "/in/huge" }),
    echoing: admitted(grant, "readText", { path: "/in/key" }),
    unspeakable: [VALUE, Buffer.from(VALUE).toString("base64"), folder],
    performed: () => readdirSync(join(folder, "out")).length - before,
    held: () => openBelow(folder),
  };
});

/** Descriptors of this process that lie below a folder. */
function openBelow(folder: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

describe("the fs provider reads", () => {
  it("text, bytes, folders, and what a path is", async () => {
    const { folder, value, code } = world();
    mkdirSync(join(folder, "in/sub/deep"), { recursive: true });
    writeFileSync(join(folder, "in/sub/b.csv"), new Uint8Array([0xff, 0x00]));
    writeFileSync(join(folder, "in/sub/deep/c.csv"), "c");
    expect(await value("readText", { path: "/in/a.txt" })).toBe("hello");
    expect(await value("readBytes", { path: "/in/sub/b.csv" })).toEqual(new Uint8Array([0xff, 0]));
    expect(await code("readText", { path: "/in/sub/b.csv" })).toBe("FS_NOT_TEXT");
    expect(await value("list", { path: "/in" })).toEqual([
      { name: "a.txt", type: "file" },
      { name: "sub", type: "folder" },
    ]);
    expect(await value("stat", { path: "/in/a.txt" })).toMatchObject({ type: "file", size: 5 });
    expect(await value("stat", { path: "/in" })).toMatchObject({ type: "folder", size: 0 });
    expect(await value("stat", { path: "/in/none/x" })).toBeNull();
    expect(await value("glob", { pattern: "/in/**/*.csv" })).toEqual(["/in/sub/b.csv", "/in/sub/deep/c.csv"]);
    expect(await value("glob", { pattern: "/in/*/*.csv" })).toEqual(["/in/sub/b.csv"]);
    expect(await value("glob", { pattern: "/in/a.txt" })).toEqual(["/in/a.txt"]);
    expect(await value("glob", { pattern: "/in/none/*" })).toEqual([]);
    expect(await code("readText", { path: "/in/none" })).toBe("FS_NOT_FOUND");
    expect(await code("readText", { path: "/in/sub" })).toBe("FS_WRONG_TYPE");
    expect(await code("list", { path: "/in/a.txt" })).toBe("FS_WRONG_TYPE");
    expect(await code("readText", { path: "/in/a.txt/b" })).toBe("FS_WRONG_TYPE");
  });
});

describe("the fs provider changes", () => {
  it("whole files, with the digests before and after, making folders and leaving no trace", async () => {
    const { folder, value } = world();
    expect(await value("write", { path: "/out/x/y.txt", data: "one" })).toEqual({
      bytes: 3,
      before: null,
      after: sha256("one"),
    });
    expect(await value("write", { path: "/out/x/y.txt", data: new TextEncoder().encode("two!") })).toEqual({
      bytes: 4,
      before: sha256("one"),
      after: sha256("two!"),
    });
    expect(await value("append", { path: "/out/x/y.txt", data: " more" })).toEqual({
      bytes: 9,
      before: sha256("two!"),
      after: sha256("two! more"),
    });
    expect(await value("append", { path: "/out/new.txt", data: "new" })).toEqual({
      bytes: 3,
      before: null,
      after: sha256("new"),
    });
    expect(await value("move", { from: "/out/x/y.txt", to: "/out/z/y.txt" })).toEqual({
      bytes: 9,
      before: sha256("two! more"),
      after: sha256("two! more"),
    });
    expect(readFileSync(join(folder, "out/z/y.txt"), "utf8")).toBe("two! more");
    expect(await value("remove", { path: "/out/z/y.txt" })).toEqual({
      bytes: 0,
      before: sha256("two! more"),
      after: null,
    });
    expect(await value("remove", { path: "/out/z" })).toEqual({ bytes: 0, before: null, after: null });
    expect(readdirSync(join(folder, "out"), { recursive: true }).sort()).toEqual(["new.txt", "x"]);
  });

  it("nothing where something is in the way", async () => {
    const { code, value } = world();
    await value("write", { path: "/out/d/a", data: "a" });
    await value("write", { path: "/out/b", data: "b" });
    expect(await code("move", { from: "/out/b", to: "/out/d/a" })).toBe("FS_EXISTS");
    expect(await code("move", { from: "/out/none", to: "/out/c" })).toBe("FS_NOT_FOUND");
    expect(await code("move", { from: "/out/d", to: "/out/e" })).toBe("FS_WRONG_TYPE");
    expect(await code("remove", { path: "/out/d" })).toBe("FS_WRONG_TYPE");
    expect(await code("remove", { path: "/out" })).toBe("FS_WRONG_TYPE");
    expect(await code("write", { path: "/out/d", data: "x" })).toBe("FS_WRONG_TYPE");
    expect(await code("write", { path: "/out/b/c", data: "x" })).toBe("FS_WRONG_TYPE");
  });

  it("only within the mount's quota, which counts what is there and what is freed", async () => {
    const { folder, code, value } = world("1KiB");
    writeFileSync(join(folder, "out/there"), "x".repeat(600));
    expect(await code("write", { path: "/out/a", data: "x".repeat(425) })).toBe("FS_QUOTA_EXCEEDED");
    await value("write", { path: "/out/a", data: "x".repeat(424) });
    expect(await code("append", { path: "/out/a", data: "x" })).toBe("FS_QUOTA_EXCEEDED");
    await value("write", { path: "/out/a", data: "x".repeat(100) });
    await value("remove", { path: "/out/there" });
    await value("append", { path: "/out/a", data: "x".repeat(924) });
    expect(await code("write", { path: "/out/b", data: "x" })).toBe("FS_QUOTA_EXCEEDED");
    expect(readdirSync(join(folder, "out"))).toEqual(["a"]);
  });

  it("or not at all: a call that fails leaves no folder behind that it made", async () => {
    const { folder, code, value } = world("1KiB");
    mkdirSync(join(folder, "out/there"));
    const data = "x".repeat(2000);
    expect(await code("write", { path: "/out/a/b/c", data })).toBe("FS_QUOTA_EXCEEDED");
    expect(await code("append", { path: "/out/there/b/c", data })).toBe("FS_QUOTA_EXCEEDED");
    expect(await code("move", { from: "/out/none", to: "/out/d/e" })).toBe("FS_NOT_FOUND");
    expect(readdirSync(join(folder, "out"), { recursive: true })).toEqual(["there"]);
    await value("write", { path: "/out/a/b/c", data: "x" });
  });

  it("no file that its owner may not write to", async () => {
    const { folder, code, value } = world();
    writeFileSync(join(folder, "out/kept"), "kept", { mode: 0o444 });
    expect(await code("write", { path: "/out/kept", data: "new" })).toBe("FS_REFUSED");
    expect(await code("append", { path: "/out/kept", data: "new" })).toMatch(/^FS_(REFUSED|FAILED)$/);
    expect(readFileSync(join(folder, "out/kept"), "utf8")).toBe("kept");
    expect(statSync(join(folder, "out/kept")).mode & 0o777).toBe(0o444);
    expect(await value("readText", { path: "/out/kept" })).toBe("kept");
  });

  it("one after another, so that writes at once cannot pass the quota together", async () => {
    const { folder, perform } = world("1KiB");
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) => perform("write", { path: `/out/${i}`, data: "x".repeat(300) })),
    );
    expect(all.filter(({ kind }) => kind === "value")).toHaveLength(3);
    expect(readdirSync(join(folder, "out"))).toHaveLength(3);
  });

  it.skipIf(!hasOtherDisk)("and tells a refusal of the disk as one, without its words", async () => {
    const shared = mkdtempSync("/dev/shm/enclosure-test-");
    onTestFinished(() => rmSync(shared, { recursive: true, force: true }));
    const folder = temporaryFolder();
    const mounts = { "/a": { path: shared, access: "rw" }, "/b": { path: folder, access: "rw" } };
    const { grant } = compiled(fsKind, "files", { mounts });
    const provider = makeFsProvider({ config: grant.config as unknown as FsConfig, secrets, random });
    onTestFinished(() => provider.close());
    const call = (fn: string, args: object) =>
      provider.perform(admitted(grant, fn, args), { signal: new AbortController().signal, resultBytesMax: 1000 });
    await call("write", { path: "/a/x", data: "x" });
    const moved = await call("move", { from: "/a/x", to: "/b/x" });
    expect(moved).toMatchObject({
      kind: "failed",
      code: "FS_FAILED",
      message: expect.stringContaining("different disks"),
    });
  });
});

describe("the fs provider holds its mounts against", () => {
  it("symbolic links, at the end of a path and on its way, for every function", async () => {
    const { folder, code, value } = world();
    for (const mount of ["in", "out"]) {
      symlinkSync("../outside/secret.txt", join(folder, mount, "file"));
      symlinkSync("../outside", join(folder, mount, "folder"));
      symlinkSync("/proc/self/fd", join(folder, mount, "fds"));
      symlinkSync("a.txt", join(folder, mount, "inside"));
    }
    for (const fn of ["readText", "readBytes"])
      for (const path of ["/in/file", "/in/folder/secret.txt", "/in/fds/0", "/in/inside"])
        expect(await code(fn, { path }), path).toBe("FS_REFUSED");
    expect(await code("list", { path: "/in/folder" })).toBe("FS_REFUSED");
    expect(await code("stat", { path: "/in/folder/secret.txt" })).toBe("FS_REFUSED");
    expect(await value("stat", { path: "/in/file" })).toMatchObject({ type: "other", size: 0 });
    expect(await value("glob", { pattern: "/in/**" })).toEqual(["/in/a.txt"]);
    for (const fn of ["write", "append"])
      for (const path of ["/out/file", "/out/folder/new", "/out/folder/deep/new"])
        expect(await code(fn, { path, data: "pwned" }), path).toBe("FS_REFUSED");
    await value("write", { path: "/out/plain", data: "x" });
    expect(await code("move", { from: "/out/plain", to: "/out/folder/x" })).toBe("FS_REFUSED");
    expect(await code("move", { from: "/out/file", to: "/out/x" })).toBe("FS_REFUSED");
    expect(await code("remove", { path: "/out/folder/secret.txt" })).toBe("FS_REFUSED");
    expect(await code("remove", { path: "/out/file" })).toBe("FS_REFUSED");
    expect(readdirSync(join(folder, "outside"))).toEqual(["secret.txt"]);
    expect(readFileSync(join(folder, "outside/secret.txt"), "utf8")).toBe("outside!");
  });

  it("files with a second name", async () => {
    const { folder, code } = world();
    linkSync(join(folder, "outside/secret.txt"), join(folder, "in/twin"));
    linkSync(join(folder, "outside/secret.txt"), join(folder, "out/twin"));
    expect(await code("readText", { path: "/in/twin" })).toBe("FS_REFUSED");
    for (const fn of ["write", "append"])
      expect(await code(fn, { path: "/out/twin", data: "pwned" })).toBe("FS_REFUSED");
    expect(readFileSync(join(folder, "outside/secret.txt"), "utf8")).toBe("outside!");
  });

  it("pipes, without waiting for their other end", async () => {
    const { folder, code } = world();
    execFileSync("mkfifo", [join(folder, "out/pipe")]);
    expect(await code("readText", { path: "/out/pipe" })).toBe("FS_REFUSED");
    expect(await code("append", { path: "/out/pipe", data: "x" })).toBe("FS_REFUSED");
    expect(await code("write", { path: "/out/pipe", data: "x" })).toBe("FS_REFUSED");
  });

  it("a neighbour that swaps a folder for a link while calls run", async () => {
    const { folder, perform } = world("64MiB");
    mkdirSync(join(folder, "out/d"));
    writeFileSync(join(folder, "out/d/secret.txt"), "inside");
    const swapper = spawn(
      process.execPath,
      [
        join(import.meta.dirname, "../../../fixtures/servers/swapper.mjs"),
        join(folder, "out/d"),
        join(folder, "outside"),
      ],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    try {
      await once(swapper.stdout, "data");
      const codes = new Map<string, number>();
      for (let round = 0; round < 150; round++) {
        const [read, written] = await Promise.all([
          perform("readText", { path: "/out/d/secret.txt" }),
          perform("write", { path: `/out/d/new-${round}`, data: "pwned" }),
        ]);
        if (read.kind === "value") expect(read.value).not.toBe("outside!");
        for (const one of [read, written]) {
          const key = one.kind === "value" ? "value" : (one as { code: string }).code;
          codes.set(key, (codes.get(key) ?? 0) + 1);
        }
      }
      expect(readdirSync(join(folder, "outside"))).toEqual(["secret.txt"]);
      // The race was run: links were met.
      expect(codes.get("FS_REFUSED") ?? 0).toBeGreaterThan(0);
    } finally {
      await reap(swapper);
    }
  });

  it("folders that are not there, and names that a host's temporary file has", async () => {
    const { folder, value } = world();
    writeFileSync(join(folder, "in/.enclosure-abc"), "half written");
    expect(await value("list", { path: "/in" })).toEqual([{ name: "a.txt", type: "file" }]);
    const config = {
      mounts: {
        "/in": { path: join(folder, "in"), access: "ro", quotaBytes: 1 },
        "/none": { path: join(folder, "none"), access: "ro", quotaBytes: 1 },
      },
      ruled: [],
    } as const;
    const held = openBelow(folder);
    expect(() => makeFsProvider({ config, secrets, random })).toThrow(
      expect.objectContaining({ code: "FS_MOUNT_INVALID" }),
    );
    expect(openBelow(folder)).toBe(held);
    expect(existsSync(join(folder, "none"))).toBe(false);
    expect(statSync(join(folder, "in")).isDirectory()).toBe(true);
  });

  it("a system without descriptors as paths: it does not start there", () => {
    const platform = Object.getOwnPropertyDescriptor(process, "platform") as PropertyDescriptor;
    Object.defineProperty(process, "platform", { ...platform, value: "darwin" });
    try {
      const config = { mounts: { "/in": { path: "/tmp", access: "ro", quotaBytes: 1 } }, ruled: [] } as const;
      expect(() => makeFsProvider({ config, secrets, random })).toThrow(
        expect.objectContaining({ code: "FS_UNSUPPORTED" }),
      );
    } finally {
      Object.defineProperty(process, "platform", platform);
    }
  });
});

async function reap(child: ChildProcess): Promise<void> {
  expect(child.exitCode).toBeNull();
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
