// Races on the disk, run for many rounds: a neighbour swaps a file, or a folder on its way, for a link, a second name, a
// pipe, while every function of the fs provider is called on it. Nothing outside the mount is ever read, written, moved
// or removed. And disks of other kinds: huge folders, several spellings of one name, no /proc.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Performed } from "../../src/broker/contract.ts";
import { makeFsProvider } from "../../src/capabilities/fs/provider.ts";
import { type FsConfig, fsKind } from "../../src/kinds/fs/kind.ts";
import { loadSecrets } from "../../src/outside/secrets.ts";
import { admitted } from "../support/admitted.ts";
import { compiled } from "../support/compiled.ts";
import { temporaryFolder } from "../support/folder.ts";

const ROUNDS = 300;
const WORD = "outside!";
const CANARY = WORD.repeat(1000);
const BYTES_MAX = 1024 * 1024;

interface World {
  readonly folder: string;
  readonly perform: (fn: string, args: object) => Promise<Performed>;
  /** How often each code came up. */
  readonly codes: Map<string, number>;
}

/** A mount, `out`, and beside it a folder with a canary and folders to make things in. */
function makeWorld(): World {
  const folder = temporaryFolder();
  for (const name of ["out", "outside"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "outside/canary"), CANARY);
  const { grant } = compiled(fsKind, "files", {
    mounts: { "/out": { path: join(folder, "out"), access: "rw", quota: "1GiB" } },
  });
  const provider = makeFsProvider({
    config: grant.config as unknown as FsConfig,
    secrets: loadSecrets({}, { env: {}, folder: "/" }),
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
  });
  onTestFinished(() => provider.close());
  const codes = new Map<string, number>();
  const perform = async (fn: string, args: object): Promise<Performed> => {
    const context = { signal: new AbortController().signal, resultBytesMax: BYTES_MAX };
    const said = await provider.perform(admitted(grant, fn, args), context);
    const key = said.kind === "failed" || said.kind === "unknown" ? said.code : said.kind;
    codes.set(key, (codes.get(key) ?? 0) + 1);
    const bytes = said.kind === "value" && said.value instanceof Uint8Array ? Buffer.from(said.value).toString() : "";
    expect(JSON.stringify(said) + bytes).not.toContain(WORD);
    return said;
  };
  return { folder, perform, codes };
}

function untouched(folder: string): void {
  expect(readdirSync(join(folder, "outside"))).toEqual(["canary"]);
  expect(readFileSync(join(folder, "outside/canary"), "utf8")).toBe(CANARY);
}

/** Runs `rounds` while the neighbour swaps `target` for `other`. */
async function beside(target: string, other: string, how: string, rounds: () => Promise<void>): Promise<void> {
  const program = join(import.meta.dirname, "../../fixtures/servers/swapper.mjs");
  const swapper: ChildProcess = spawn(process.execPath, [program, target, other, how], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(swapper, "exit");
  try {
    await once(swapper.stdout as NonNullable<typeof swapper.stdout>, "data");
    await rounds();
    expect(swapper.exitCode).toBeNull();
  } finally {
    swapper.kill("SIGKILL");
    await ended;
  }
}

describe("a neighbour that swaps a folder on the way for a link", () => {
  it("gets no call out of the mount", async () => {
    const { folder, perform, codes } = makeWorld();
    mkdirSync(join(folder, "out/a/b"), { recursive: true });
    for (const name of ["canary", "x"]) writeFileSync(join(folder, "out/a/b", name), "inside");
    writeFileSync(join(folder, "out/here"), "here");
    // The way to the folder outside ends as the way inside does.
    const outside = join(folder, "outside");
    const link = join(folder, "out/a.link");
    mkdirSync(link);
    symlinkSync(outside, join(link, "b"));
    await beside(join(folder, "out/a/b"), outside, "symlink", async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all([
          perform("readText", { path: "/out/a/b/canary" }),
          perform("readBytes", { path: "/out/a/b/canary" }),
          perform("stat", { path: "/out/a/b/canary" }).then((said) => {
            const size = said.kind === "value" ? (said.value as { size: number } | null)?.size : undefined;
            expect(size ?? 0).toBeLessThan(CANARY.length);
          }),
          perform("list", { path: "/out/a/b" }),
          perform("glob", { pattern: "/out/a/b/**" }),
          perform("write", { path: `/out/a/b/w${round}`, data: "pwned" }),
          perform("append", { path: "/out/a/b/canary", data: "." }),
          perform("append", { path: `/out/a/b/n${round}`, data: "pwned" }),
          perform("write", { path: `/out/a/b/m${round}/x`, data: "pwned" }),
          perform("move", { from: "/out/a/b/canary", to: `/out/stolen${round}` }),
          perform("move", { from: "/out/here", to: `/out/a/b/here` }),
          perform("move", { from: "/out/a/b/here", to: `/out/here` }),
          perform("remove", { path: "/out/a/b/canary" }),
        ]);
        untouched(folder);
      }
    });
    untouched(folder);
    for (const name of readdirSync(join(folder, "out")).filter((one) => one.startsWith("stolen")))
      expect(readFileSync(join(folder, "out", name), "utf8")).not.toContain(WORD);
    // The race was run: links were met, and folders.
    expect(codes.get("FS_REFUSED") ?? 0).toBeGreaterThan(0);
    expect(codes.get("value") ?? 0).toBeGreaterThan(0);
  });
});

describe("a neighbour that swaps the file itself", () => {
  it.each(["symlink", "hardlink"])("for a %s gets neither its content nor anything into it", async (how) => {
    const { folder, perform, codes } = makeWorld();
    const target = join(folder, "out/file");
    writeFileSync(target, "inside");
    await beside(target, join(folder, "outside/canary"), how, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all([
          perform("readText", { path: "/out/file" }),
          perform("readBytes", { path: "/out/file" }),
          perform("stat", { path: "/out/file" }),
          perform("glob", { pattern: "/out/*" }),
          perform("append", { path: "/out/file", data: "." }),
          perform("write", { path: "/out/file", data: "inside" }),
          perform("move", { from: "/out/file", to: `/out/moved` }),
          perform("remove", { path: "/out/moved" }),
        ]);
        untouched(folder);
      }
    });
    untouched(folder);
    expect(codes.get("FS_REFUSED") ?? 0).toBeGreaterThan(0);
    expect(codes.get("value") ?? 0).toBeGreaterThan(0);
  });

  it("for a pipe that nobody writes to holds no call up", async () => {
    const { folder, perform, codes } = makeWorld();
    writeFileSync(join(folder, "out/file"), "inside");
    execFileSync("mkfifo", [join(folder, "outside/pipe")]);
    await beside(join(folder, "out/file"), join(folder, "outside/pipe"), "move", async () => {
      for (let round = 0; round < ROUNDS; round++)
        await Promise.all([
          perform("readText", { path: "/out/file" }),
          perform("append", { path: "/out/file", data: "." }),
          perform("list", { path: "/out" }),
          perform("glob", { pattern: "/out/**" }),
        ]);
    });
    expect(codes.get("FS_REFUSED") ?? 0).toBeGreaterThan(0);
    expect(codes.get("value") ?? 0).toBeGreaterThan(0);
  });

  it("for one that grows while it is read gets no more of it across than the bound", async () => {
    const { folder, perform, codes } = makeWorld();
    writeFileSync(join(folder, "out/file"), "");
    writeFileSync(join(folder, "outside/chunk"), Buffer.alloc(64 * 1024, "x"));
    await beside(join(folder, "out/file"), join(folder, "outside/chunk"), "grow", async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const said = await perform("readBytes", { path: "/out/file" });
        if (said.kind === "value") expect((said.value as Uint8Array).length).toBeLessThanOrEqual(BYTES_MAX);
        else expect(said).toMatchObject({ code: "RESULT_TOO_LARGE" });
      }
    });
    expect([...codes.keys()].sort()).toEqual(["RESULT_TOO_LARGE", "value"]);
  });
});

const canMount = spawnSync("unshare", ["-rm", "true"]).status === 0;

/** What the calls say in a process whose disks the shell commands have changed, for it alone. */
function elsewhere(folder: string, commands: string, calls: readonly (readonly [string, object])[]): unknown {
  const program = join(import.meta.dirname, "../capabilities/fs/mounted.ts");
  const script = `set -e; ${commands}; exec "$0" "$@"`;
  const args = ["-rm", "sh", "-c", script, process.execPath, program, folder, JSON.stringify(calls)];
  const { stdout, stderr } = spawnSync("unshare", args, { cwd: folder, encoding: "utf8" });
  expect(stdout, stderr).not.toBe("");
  return JSON.parse(stdout);
}

describe.skipIf(!canMount)("a disk", () => {
  it("on which a denied path has another spelling does not hand it out under that one", () => {
    const folder = temporaryFolder();
    // Each of the two is one file under two names, as on a disk that takes upper and lower case for one.
    for (const name of ["in/private", "in/PRIVATE", "out"]) mkdirSync(join(folder, name), { recursive: true });
    for (const name of ["in/private/secret", "in/plain", "out/kept.txt", "out/KEPT.txt"])
      writeFileSync(join(folder, name), CANARY);
    const commands = "mount --bind in/private in/PRIVATE; mount --bind out/kept.txt out/KEPT.txt";
    const said = elsewhere(folder, commands, [
      ["readText", { path: "/in/PRIVATE/secret" }],
      ["list", { path: "/in/PRIVATE" }],
      ["glob", { pattern: "/in/PRIVATE/*" }],
      ["stat", { path: "/in/PRIVATE" }],
      ["readText", { path: "/out/KEPT.txt" }],
      ["append", { path: "/out/KEPT.txt", data: "x" }],
      ["write", { path: "/out/KEPT.txt", data: "x" }],
      ["remove", { path: "/out/KEPT.txt" }],
      ["move", { from: "/out/KEPT.txt", to: "/out/got" }],
      ["readText", { path: "/in/plain" }],
    ]) as readonly unknown[];
    for (const one of said.slice(0, -1)) expect(one).toMatchObject({ kind: "failed", code: "FS_REFUSED" });
    expect(said.at(-1)).toEqual({ kind: "value", value: CANARY });
    expect(readFileSync(join(folder, "out/kept.txt"), "utf8")).toBe(CANARY);
  });

  it("that hangs on another in the mount is not entered", () => {
    const folder = temporaryFolder();
    for (const name of ["in/other", "out/other"]) mkdirSync(join(folder, name), { recursive: true });
    const commands = "mount -t tmpfs x in/other; echo secret > in/other/file; mount -t tmpfs x out/other";
    const said = elsewhere(folder, commands, [
      ["readText", { path: "/in/other/file" }],
      ["list", { path: "/in/other" }],
      ["write", { path: "/out/other/file", data: "x" }],
      ["write", { path: "/out/other/a/b", data: "x" }],
    ]) as readonly unknown[];
    for (const one of said) expect(one).toMatchObject({ kind: "failed", code: "FS_REFUSED" });
    expect(elsewhere(folder, commands, [["glob", { pattern: "/in/o*/**" }]])).toEqual([{ kind: "value", value: [] }]);
  });

  it("with more entries in a folder than a call may look at, shown or not, is an error, and no change is made on it", () => {
    const folder = temporaryFolder();
    for (const name of ["in", "out"]) mkdirSync(join(folder, name));
    const full = "mount -t tmpfs x out; mkdir out/hidden out/shown";
    const hidden = "(cd out/hidden; seq -f .enclosure-%.0f 100001 | xargs touch)";
    const shown = "(cd out/shown; seq 10001 | xargs touch)";
    const said = elsewhere(folder, `${full}; ${hidden}; ${shown}`, [
      ["list", { path: "/out/hidden" }],
      ["list", { path: "/out/shown" }],
      ["glob", { pattern: "/out/shown/*" }],
      ["glob", { pattern: "/out/h*/**" }],
      ["write", { path: "/out/new", data: "what cannot be counted has no room" }],
    ]) as readonly unknown[];
    for (const one of said) expect(one).toMatchObject({ kind: "failed", code: "RESULT_TOO_LARGE" });
    const trees = "for i in $(seq 11); do mkdir out/$i; (cd out/$i; seq 10000 | xargs touch); done";
    const write = ["write", { path: "/out/new", data: "x" }] as const;
    expect(elsewhere(folder, `${full}; ${trees}`, [["glob", { pattern: "/out/1*/x" }], write])).toMatchObject([
      { code: "RESULT_TOO_LARGE" },
      { code: "RESULT_TOO_LARGE" },
    ]);
  });

  it("without /proc is none that a mount can be held on", () => {
    const folder = temporaryFolder();
    for (const name of ["in", "out"]) mkdirSync(join(folder, name));
    expect(elsewhere(folder, "mount -t tmpfs x /proc", [["list", { path: "/in" }]])).toEqual({
      refused: "FS_UNSUPPORTED",
    });
  });
});
