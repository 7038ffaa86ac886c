// Several at once append to one new file: what each was told is there must be there.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { append } from "../../../src/capabilities/fs/appending.ts";
import type { Change, Ground } from "../../../src/capabilities/fs/changing.ts";
import { Jail } from "../../../src/capabilities/fs/jail.ts";
import { Quota } from "../../../src/capabilities/fs/quota.ts";
import { temporaryFolder } from "../../support/folder.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What one session has of a folder. */
function makeGround(folder: string, bytesMax = 100_000): Ground {
  const jail = new Jail("/out", folder);
  onTestFinished(() => jail.close());
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  return { jail, quota: new Quota(jail, bytesMax), random, signal: new AbortController().signal };
}

/** Runs `first` in the place of the next `method` of any open file, which fails then. */
async function failNext(method: "write" | "datasync", first: () => void): Promise<void> {
  const file = await open("/dev/null");
  const handles = Object.getPrototypeOf(file) as Record<string, unknown>;
  await file.close();
  const own = handles[method];
  const restore = (): void => void (handles[method] = own);
  onTestFinished(restore);
  handles[method] = () => {
    restore();
    first();
    return Promise.reject(Object.assign(new Error("no"), { code: "ENOSPC" }));
  };
}

describe("append()", () => {
  it("keeps the line of every session that appends to a new file at once, each told what is there", async () => {
    const folder = temporaryFolder();
    const grounds = Array.from({ length: 8 }, () => makeGround(folder));
    for (let round = 0; round < 20; round++) {
      const changes = await Promise.all(
        grounds.map((ground, i) => append(ground, ["logs", `${round}.txt`], utf8(`line ${i}\n`))),
      );
      const text = readFileSync(join(folder, "logs", `${round}.txt`), "utf8");
      expect(text.split("\n").sort()).toEqual(["", ...grounds.map((_, i) => `line ${i}`)]);
      expect(changes.filter(({ before }) => before === null)).toHaveLength(1);
      for (const { bytes, after } of changes) expect(after).toBe(sha256(text.slice(0, bytes)));
    }
  });

  it("keeps those of several processes", { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const [processes, files] = [6, 40];
    const all = Array.from({ length: processes }, (_, which) => {
      const program = join(import.meta.dirname, "appender.ts");
      const child = spawn(process.execPath, [program, folder, String(which), String(files)], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
    });
    for (const { lines } of all) expect(await lines.next()).toMatchObject({ value: "ready" });
    for (const { child } of all) child.stdin.write("go\n");
    const told = await Promise.all(
      all.map(async ({ child, lines }) => {
        const changes: Change[] = [];
        for await (const line of { [Symbol.asyncIterator]: () => lines }) changes.push(JSON.parse(line) as Change);
        if (child.exitCode === null) await once(child, "exit");
        return changes;
      }),
    );
    for (let file = 0; file < files; file++) {
      const text = readFileSync(join(folder, "logs", `${file}.txt`), "utf8");
      expect(text.split("\n").sort()).toEqual(["", ...all.map((_, which) => String(which))]);
      for (const changes of told) expect(changes[file]?.after).toBe(sha256(text.slice(0, changes[file]?.bytes)));
    }
  });

  it("takes no bytes for one of which nothing was written, and keeps those of one that was written and not synced", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "old"), "old\n");
    const ground = makeGround(folder, 10);
    await failNext("write", () => {});
    await expect(append(ground, ["logs", "new"], utf8("123456"))).rejects.toMatchObject({ code: "ENOSPC" });
    expect(readFileSync(join(folder, "logs", "new"), "utf8")).toBe("");
    await failNext("datasync", () => {});
    const failed = append(ground, ["old"], utf8("12"));
    await expect(failed).rejects.toMatchObject({ code: "FS_FAILED", unknown: true });
    expect(readFileSync(join(folder, "old"), "utf8")).toBe("old\n12");
    await append(ground, ["old"], utf8("1234"));
    await expect(append(ground, ["old"], utf8("x"))).rejects.toMatchObject({ code: "FS_QUOTA_EXCEEDED" });
  });

  it.each(["old", "new"])("cuts off nothing of another's where it fails: %s file", async (name) => {
    const folder = temporaryFolder();
    const ground = makeGround(folder);
    if (name === "old") writeFileSync(join(folder, name), "old\n");
    const before = name === "old" ? "old\n" : "";
    await failNext("datasync", () => writeFileSync(join(folder, name), "theirs\n", { flag: "a" }));
    await expect(append(ground, [name], utf8("ours\n"))).rejects.toMatchObject({ code: "FS_FAILED", unknown: true });
    expect(readFileSync(join(folder, name), "utf8")).toBe(`${before}ours\ntheirs\n`);
    await failNext("write", () => writeFileSync(join(folder, name), "more\n", { flag: "a" }));
    await expect(append(ground, [name], utf8("ours\n"))).rejects.toMatchObject({ code: "ENOSPC" });
    expect(readFileSync(join(folder, name), "utf8")).toBe(`${before}ours\ntheirs\nmore\n`);
  });

  it("makes no file through a link that leads nowhere, nor in the place of a folder", async () => {
    const folder = temporaryFolder();
    const mount = join(folder, "mount");
    mkdirSync(join(mount, "folder"), { recursive: true });
    symlinkSync("../outside", join(mount, "link"));
    const ground = makeGround(mount);
    await expect(append(ground, ["link"], utf8("x"))).rejects.toMatchObject({ code: "ELOOP" });
    await expect(append(ground, ["folder"], utf8("x"))).rejects.toMatchObject({ code: "EISDIR" });
    expect(readdirSync(folder)).toEqual(["mount"]);
  });
});
