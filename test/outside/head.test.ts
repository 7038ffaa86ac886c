import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Head } from "../../src/audit/checkpoint.ts";
import { sha256Hex } from "../../src/base/bytes.ts";
import { openHead, readHeads, removeHead } from "../../src/outside/head.ts";
import { temporaryFolder } from "../support/folder.ts";

const boot = "0123456789abcdef";
const other = "fedcba9876543210";
const store = sha256Hex("a file");
const headOf = (size: number, checkpoint: Head["checkpoint"] = null): Head => ({
  size,
  root: sha256Hex(`root ${size}`),
  checkpoint,
});

describe("a head", () => {
  it("is read as it was written last", () => {
    const folder = temporaryFolder();
    const writer = openHead(folder, boot, store);
    for (const size of [1, 2, 3]) writer.write(headOf(size));
    const last = headOf(4, { size: 3, note: sha256Hex("note") });
    writer.write(last);
    writer.sync();
    writer.close();
    expect(readHeads(folder)).toMatchObject([{ boot, store, head: last }]);
  });

  it.each([1, 2])("remembers a checkpoint that came after %i writes without a record", (writes) => {
    const folder = temporaryFolder();
    const writer = openHead(folder, boot, store);
    for (let i = 0; i < writes; i++) writer.write(headOf(4));
    const last = headOf(4, { size: 4, note: sha256Hex("note") });
    writer.write(last);
    writer.close();
    expect(readHeads(folder)).toMatchObject([{ boot, store, head: last }]);
  });

  it("makes no file before it is written", () => {
    const folder = temporaryFolder();
    openHead(folder, boot, store).close();
    expect(readHeads(folder)).toEqual([]);
  });

  it("stands beside those of other processes", () => {
    const folder = temporaryFolder();
    for (const [name, size] of [
      [boot, 5],
      [other, 9],
    ] as const) {
      const writer = openHead(folder, name, store);
      writer.write(headOf(size));
      writer.close();
    }
    expect(
      readHeads(folder)
        .map(({ head }) => head.size)
        .sort(),
    ).toEqual([5, 9]);
    removeHead(folder, boot);
    expect(readHeads(folder)).toMatchObject([{ boot: other, store, head: headOf(9) }]);
  });

  it("is the one before it where the last write was torn", () => {
    const folder = temporaryFolder();
    const writer = openHead(folder, boot, store);
    writer.write(headOf(7));
    writer.write(headOf(8));
    writer.close();
    const path = join(folder, "heads", boot);
    const bytes = readFileSync(path);
    bytes[512 + 70] = 0x39;
    writeFileSync(path, bytes);
    expect(readHeads(folder)).toMatchObject([{ boot, store, head: headOf(7) }]);
    writeFileSync(path, bytes.subarray(0, 100));
    expect(readHeads(folder)).toEqual([]);
  });
});
