// The head of a log, outside its store: the last size and root that this user's processes have committed. A store that
// is behind it has lost records, whatever it says itself. Each process writes a slot of its own, named by its boot id,
// after each commit (synced at checkpoints); a reader takes them all. A slot never goes backwards: two blocks take turns,
// each with its own checksum, so that a torn write leaves the other.

import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Head } from "../audit/checkpoint.ts";
import { parseHexDigest, sha256Hex } from "../base/bytes.ts";
import { hostHasher } from "./crypto.ts";
import { syncFolder } from "./keys.ts";

export interface HeadSlot {
  readonly boot: string;
  readonly head: Head;
}

/** Where a process writes its head. */
export interface HeadWriter {
  write(head: Head): void;
  sync(): void;
  close(): void;
}

const BLOCK_BYTES = 512;

/** The slot of a new boot id. Its file is made with the first head. */
export function openHead(folder: string, boot: string): HeadWriter {
  const heads = join(folder, "heads");
  let file: number | undefined;
  let turn = 0;
  return {
    write: (head) => {
      file ??= makeSlot(heads, boot);
      writeSync(file, spellBlock(head), 0, BLOCK_BYTES, (turn++ % 2) * BLOCK_BYTES);
    },
    sync: () => {
      if (file !== undefined) fsyncSync(file);
    },
    close: () => {
      if (file !== undefined) closeSync(file);
    },
  };
}

function makeSlot(heads: string, boot: string): number {
  mkdirSync(heads, { recursive: true, mode: 0o700 });
  const file = openSync(join(heads, boot), "wx", 0o600);
  syncFolder(heads);
  return file;
}

/** All slots of a log; a block that is torn is passed over, and so is a slot without a whole one. */
export function readHeads(folder: string): readonly HeadSlot[] {
  const heads = join(folder, "heads");
  return listBoots(heads).flatMap((boot) => {
    const head = readSlot(join(heads, boot));
    return head === undefined ? [] : [{ boot, head }];
  });
}

/** Removes the slot of a process that has ended, once its head is covered by another. */
export function removeHead(folder: string, boot: string): void {
  rmSync(join(folder, "heads", boot), { force: true });
}

function listBoots(heads: string): string[] {
  try {
    return readdirSync(heads).filter((name) => /^[0-9a-f]{16}$/.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function readSlot(path: string): Head | undefined {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    // Its process has ended in order meanwhile, and another slot covers it.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const blocks = [text.slice(0, BLOCK_BYTES), text.slice(BLOCK_BYTES)].flatMap(parseBlock);
  return blocks.reduce<Head | undefined>((last, one) => (last && !isLater(one, last) ? last : one), undefined);
}

/** A checkpoint comes to a log without making it longer. */
function isLater(one: Head, other: Head): boolean {
  if (one.size !== other.size) return one.size > other.size;
  return (one.checkpoint?.size ?? 0) > (other.checkpoint?.size ?? 0);
}

/** `<checksum> <size> <root> [<checkpoint's size> <its note's SHA-256>]`, padded with spaces. */
function spellBlock({ size, root, checkpoint }: Head): Buffer {
  const text = `${size} ${root}${checkpoint === null ? "" : ` ${checkpoint.size} ${checkpoint.note}`}`;
  return Buffer.from(`${sha256Hex(text, hostHasher)} ${text}`.padEnd(BLOCK_BYTES - 1).concat("\n"), "latin1");
}

function parseBlock(block: string): Head[] {
  const text = block.slice(65).trimEnd();
  if (text === "" || sha256Hex(text, hostHasher) !== block.slice(0, 64)) return [];
  const [size, root, checkpointSize, note] = text.split(" ") as [string, string, string?, string?];
  return [
    {
      size: Number(size),
      root: parseHexDigest(root),
      checkpoint:
        checkpointSize === undefined || note === undefined
          ? null
          : { size: Number(checkpointSize), note: parseHexDigest(note) },
    },
  ];
}
