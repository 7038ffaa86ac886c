// Attacks on the mounts of the fs provider that need no race: special files, names, sizes, and room that is not there.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import promises, { open } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Performed } from "../../../src/broker/contract.ts";
import { makeFsProvider } from "../../../src/capabilities/fs/provider.ts";
import { type FsConfig, fsKind } from "../../../src/kinds/fs/kind.ts";
import { loadSecrets } from "../../../src/outside/secrets.ts";
import { admitted } from "../../support/admitted.ts";
import { compiled } from "../../support/compiled.ts";
import { temporaryFolder } from "../../support/folder.ts";

/** A mount on a folder of its own, and calls to it. */
function mount(quota = "64KiB", more = {}) {
  const folder = temporaryFolder();
  const { grant, decide } = compiled(fsKind, "files", {
    mounts: { "/out": { path: folder, access: "rw", quota } },
    ...more,
  });
  const provider = makeFsProvider({
    config: grant.config as unknown as FsConfig,
    secrets: loadSecrets({}, { env: {}, folder: "/" }),
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
  });
  onTestFinished(() => provider.close());
  const perform = (fn: string, args: object, signal = new AbortController().signal): Promise<Performed> =>
    provider.perform(admitted(grant, fn, args), { signal, resultBytesMax: 256 * 1024 });
  return { folder, perform, decide };
}

const refused = { kind: "failed", code: "FS_REFUSED" };

describe("a special file", () => {
  it("that is a pipe is not opened: whoever waits at its other end goes on waiting", async () => {
    const { folder, perform } = mount();
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    let woken = false;
    const writing = open(pipe, "w").then((file) => ((woken = true), file));
    for (const fn of ["readText", "readBytes", "remove"])
      expect(await perform(fn, { path: "/out/pipe" })).toMatchObject(refused);
    for (const fn of ["write", "append"])
      expect(await perform(fn, { path: "/out/pipe", data: "x" })).toMatchObject(refused);
    expect(await perform("move", { from: "/out/pipe", to: "/out/b" })).toMatchObject(refused);
    expect(await perform("stat", { path: "/out/pipe" })).toMatchObject({ value: { type: "other", size: 0 } });
    expect(woken).toBe(false);
    const reader = await open(pipe, "r");
    await (await writing).close();
    await reader.close();
  });

  it("that is a socket, or leads to a device, is refused by every function", async () => {
    const { folder, perform } = mount();
    const server = createServer().listen(join(folder, "socket"));
    onTestFinished(() => void server.close());
    for (const device of ["null", "zero", "full", "tty"]) symlinkSync(`/dev/${device}`, join(folder, device));
    for (const name of ["socket", "null", "zero", "full", "tty"]) {
      const path = `/out/${name}`;
      for (const fn of ["readText", "readBytes", "remove"])
        expect(await perform(fn, { path }), path).toMatchObject(refused);
      for (const fn of ["write", "append"]) expect(await perform(fn, { path, data: "x" }), path).toMatchObject(refused);
      expect(await perform("stat", { path })).toMatchObject({ value: { type: "other", size: 0 } });
    }
    expect(await perform("glob", { pattern: "/out/**" })).toMatchObject({ value: [] });
  });

  it("of /proc gives nothing away: of this process, of its files, of its environment", async () => {
    const { folder, perform } = mount();
    symlinkSync("/proc/self", join(folder, "self"));
    symlinkSync("/proc/self/environ", join(folder, "environ"));
    symlinkSync("/proc/self/root", join(folder, "root"));
    symlinkSync("/proc/self/cwd", join(folder, "cwd"));
    for (const path of ["self/environ", "environ", "root/etc/passwd", "cwd/package.json", "self/fd/0"])
      expect(await perform("readBytes", { path: `/out/${path}` }), path).toMatchObject(refused);
    for (const path of ["self", "root", "cwd"])
      expect(await perform("list", { path: `/out/${path}` })).toMatchObject(refused);
  });
});

describe("a name", () => {
  it.each([
    ["dots", "/out/../etc/passwd"],
    ["dots after the mount's own name", "/out/a/../../etc"],
    ["a dot at a segment's end, which some disks leave out", "/out/private./x"],
    ["three dots", "/out/.../x"],
    ["a blank at its end", "/out/private "],
    ["a NUL", "/out/a\0.txt"],
    ["a composed letter in two characters", "/out/e\u0301"],
    ["a letter that another stands for (K)", "/out/\u212a"],
    ["256 bytes in 64 characters", `/out/${"\u{1f600}".repeat(64)}`],
    ["5,000 bytes", `/out${`/${"x".repeat(200)}`.repeat(25)}`],
    ["65 segments", `/out${"/a".repeat(65)}`],
  ])("with %s is refused before anything is touched", (_what, path) => {
    const { decide } = mount();
    for (const [fn, args] of [
      ["readText", { path }],
      ["write", { path, data: "x" }],
      ["remove", { path }],
      ["move", { from: "/out/a", to: path }],
      ["glob", { pattern: path }],
    ] as const)
      expect(decide(fn, args), fn).toMatchObject({ verdict: "deny", code: "ARGUMENT_INVALID" });
  });

  it("may be as long and as deep as it can be", async () => {
    const { folder, perform } = mount();
    const deep = `/out${"/d".repeat(62)}/${"\u{1f600}".repeat(63)}`;
    mkdirSync(join(folder, ...Array<string>(62).fill("d")), { recursive: true });
    expect(await perform("write", { path: deep, data: "x" })).toMatchObject({ kind: "value" });
    expect(await perform("readText", { path: deep })).toMatchObject({ value: "x" });
    expect(await perform("glob", { pattern: "/out/**" })).toMatchObject({ value: [deep] });
    expect(readdirSync(folder)).toEqual(["d"]);
  });

  it("in another case is another file, also where rules tell them apart", async () => {
    const { folder, perform } = mount("64KiB", { deny: ["/out/private/**"] });
    for (const name of ["private", "Private"]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "x"), name);
    }
    expect(await perform("readText", { path: "/out/Private/x" })).toMatchObject({ value: "Private" });
    expect(await perform("write", { path: "/out/PRIVATE/y", data: "z" })).toMatchObject({ kind: "value" });
    expect(await perform("append", { path: "/out/PRIVATE/Y", data: "z" })).toMatchObject({ kind: "value" });
    expect(await perform("readText", { path: `/out/Private/${"\u00df".repeat(127)}` })).toMatchObject({
      code: "FS_NOT_FOUND",
    });
  });
});

describe("a second name that comes and goes", () => {
  /** Runs each of `before` ahead of one call of a method, in turn; what it gives, if anything, is the answer. */
  function ahead(object: Record<string, unknown>, method: string, before: (() => unknown)[]): void {
    const own = object[method] as (...args: unknown[]) => Promise<unknown>;
    const restore = (): void => {
      object[method] = own;
      syncBuiltinESMExports();
    };
    onTestFinished(restore);
    object[method] = async function (...args: unknown[]) {
      return before.shift()?.() ?? own.apply(this, args);
    };
    syncBuiltinESMExports();
  }

  it.each([
    ["readText", {}],
    ["append", { data: "pwned" }],
  ])("just as it is looked at, step by step, opens nothing that lies elsewhere: %s", async (fn, more) => {
    const { folder, perform } = mount();
    const canary = join(temporaryFolder(), "canary");
    writeFileSync(canary, "outside!");
    const path = join(folder, "file");
    const link = (): void => linkSync(canary, path);
    const file = await open(canary);
    ahead(promises, "lstat", [link]);
    ahead(promises, "readlink", [link]);
    ahead(Object.getPrototypeOf(file) as never, "stat", [() => unlinkSync(path)]);
    await file.close();
    const said = await perform(fn, { path: "/out/file", ...more });
    expect(JSON.stringify(said)).not.toContain("outside!");
    expect(readFileSync(canary, "utf8")).toBe("outside!");
  });
});

describe("a name that the kernel's mark of a name that is gone looks like", () => {
  it("is one like any other", async () => {
    const { perform } = mount();
    for (const path of ["/out/a (deleted)", "/out/a"]) {
      await perform("write", { path, data: path });
      expect(await perform("readText", { path })).toMatchObject({ value: path });
    }
  });
});

describe("a size", () => {
  it("of a terabyte of holes is refused at once where it is read", async () => {
    const { folder, perform } = mount();
    writeFileSync(join(folder, "sparse"), "");
    truncateSync(join(folder, "sparse"), 2 ** 40);
    for (const fn of ["readText", "readBytes"])
      expect(await perform(fn, { path: "/out/sparse" })).toMatchObject({ kind: "failed", code: "RESULT_TOO_LARGE" });
    expect(await perform("stat", { path: "/out/sparse" })).toMatchObject({ value: { size: 2 ** 40 } });
  });

  it.each([
    ["write", { path: "/out/sparse", data: "x" }],
    ["append", { path: "/out/sparse", data: "x" }],
    ["remove", { path: "/out/sparse" }],
    ["move", { from: "/out/sparse", to: "/out/b" }],
  ])("of a terabyte of holes does not outlast the call that would change it: %s", async (fn, args) => {
    const { folder, perform } = mount();
    writeFileSync(join(folder, "sparse"), "");
    truncateSync(join(folder, "sparse"), 2 ** 40);
    const abort = new AbortController();
    const running = perform(fn, args, abort.signal);
    const next = perform("write", { path: "/out/next", data: "x" });
    setImmediate(() => abort.abort());
    expect(await running).toMatchObject({ kind: "failed", code: "CALL_CANCELLED" });
    expect(statSync(join(folder, "sparse")).size).toBe(2 ** 40);
    // The next change had to wait for it, and finds the quota full.
    expect(await next).toMatchObject({ kind: "failed", code: "FS_QUOTA_EXCEEDED" });
    expect(readdirSync(folder)).toEqual(["sparse"]);
  });
});

describe("a quota", () => {
  it("is not passed by writes, appends and moves at once", async () => {
    const { folder, perform } = mount("1KiB");
    const data = "x".repeat(100);
    const calls = Array.from({ length: 24 }, (_, i) => [
      perform("write", { path: `/out/w${i}`, data }),
      perform("append", { path: `/out/d${i % 3}/a`, data }),
      perform("move", { from: `/out/w${i}`, to: `/out/m${i}` }),
    ]).flat();
    await Promise.all(calls);
    const sizes = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
    const used = sizes.reduce((sum, size) => sum + size, 0);
    expect(used).toBe(1000);
  });

  it("gives no room for what others wrote after the count, and this one removed or wrote over", async () => {
    const { folder, perform } = mount("1KiB");
    await perform("write", { path: "/out/a", data: "x" });
    for (const name of ["theirs", "more"]) writeFileSync(join(folder, name), "x".repeat(100_000));
    appendFileSync(join(folder, "a"), "x".repeat(100_000));
    expect(await perform("remove", { path: "/out/theirs" })).toMatchObject({ kind: "value" });
    expect(await perform("write", { path: "/out/more", data: "" })).toMatchObject({ kind: "value" });
    expect(await perform("write", { path: "/out/a", data: "" })).toMatchObject({ kind: "value" });
    expect(await perform("write", { path: "/out/b", data: "x".repeat(1025) })).toMatchObject({
      code: "FS_QUOTA_EXCEEDED",
    });
    expect(await perform("write", { path: "/out/b", data: "x".repeat(1024) })).toMatchObject({ kind: "value" });
  });
});
