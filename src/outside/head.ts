// The head of a log, outside its store: the last size and root that this user's processes have committed. A store that
// is behind it has lost records, whatever it says itself. Each process writes a slot of its own, named by its boot id,
// after each commit (synced at checkpoints); a reader takes them all. A slot never goes backwards: two blocks take turns,
// each with its own checksum, so that a torn write leaves the other. A slot says which file it vouches for: processes on
// a copy of the store share the log's name and key, and none of them may take away what another one's slot shows.

import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Head } from "../audit/checkpoint.ts";
import { type HexDigest, parseHexDigest, sha256Hex } from "../base/bytes.ts";
import { hostHasher } from "./crypto.ts";
import { makeFolder, syncFolder } from "./folders.ts";

export interface HeadSlot {
  readonly boot: string;
  /** The identity of the store's file that its process writes to. */
  readonly store: HexDigest;
  readonly head: Head;
  /** When it was last written, by the file system's clock. */
  readonly writtenMs: number;
}

/** Where a process writes its head. */
export interface HeadWriter {
  write(head: Head): void;
  sync(): void;
  close(): void;
}

const BLOCK_BYTES = 512;

/** The slot of a new boot id, on the file with the identity `store`. Its file is made with the first head. */
export function openHead(folder: string, boot: string, store: HexDigest): HeadWriter {
  const heads = join(folder, "heads");
  let file: number | undefined;
  let turn = 0;
  return {
    write: (head) => {
      file ??= makeSlot(heads, boot);
      writeSync(file, spellBlock(store, head), 0, BLOCK_BYTES, (turn++ % 2) * BLOCK_BYTES);
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
  makeFolder(heads);
  const file = openSync(join(heads, boot), "wx", 0o600);
  syncFolder(heads);
  return file;
}

/** All slots of a log; a block that is torn is passed over, and so is a slot without a whole one. */
export function readHeads(folder: string): readonly HeadSlot[] {
  const heads = join(folder, "heads");
  return listBoots(heads).flatMap((boot) => {
    const block = readSlot(join(heads, boot));
    return block === undefined ? [] : [{ boot, ...block }];
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

type Block = Pick<HeadSlot, "store" | "head">;

function readSlot(path: string): Omit<HeadSlot, "boot"> | undefined {
  let text: string;
  let writtenMs: number;
  try {
    text = readFileSync(path, "latin1");
    writtenMs = statSync(path).mtimeMs;
  } catch (error) {
    // Its process has ended in order meanwhile, and another slot covers it.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const blocks = [text.slice(0, BLOCK_BYTES), text.slice(BLOCK_BYTES)].flatMap(parseBlock);
  const block = blocks.reduce<Block | undefined>(
    (last, one) => (last && !isLater(one.head, last.head) ? last : one),
    undefined,
  );
  return block && { ...block, writtenMs };
}

/** A checkpoint comes to a log without making it longer. */
function isLater(one: Head, other: Head): boolean {
  if (one.size !== other.size) return one.size > other.size;
  return (one.checkpoint?.size ?? 0) > (other.checkpoint?.size ?? 0);
}

/** `<checksum> <identity of the file> <size> <root> [<checkpoint's size> <its note's SHA-256>]`, padded with spaces. */
function spellBlock(store: HexDigest, { size, root, checkpoint }: Head): Buffer {
  const text = `${store} ${size} ${root}${checkpoint === null ? "" : ` ${checkpoint.size} ${checkpoint.note}`}`;
  return Buffer.from(`${sha256Hex(text, hostHasher)} ${text}`.padEnd(BLOCK_BYTES - 1).concat("\n"), "latin1");
}

const BLOCK = /^([0-9a-f]{64}) ([0-9]+) ([0-9a-f]{64})(?: ([0-9]+) ([0-9a-f]{64}))?$/;

function parseBlock(block: string): Block[] {
  const text = block.slice(65).trimEnd();
  const match = BLOCK.exec(text);
  if (match === null || sha256Hex(text, hostHasher) !== block.slice(0, 64)) return [];
  const [, store, size, root, checkpointSize, note] = match as unknown as [
    string,
    string,
    string,
    string,
    string?,
    string?,
  ];
  const checkpoint =
    checkpointSize === undefined || note === undefined
      ? null
      : { size: Number(checkpointSize), note: parseHexDigest(note) };
  return [{ store: parseHexDigest(store), head: { size: Number(size), root: parseHexDigest(root), checkpoint } }];
}
