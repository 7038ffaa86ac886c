// The tree's state: a compact range (RFC 6962, section 2.1): the roots of the perfect subtrees that the first `size`
// leaves fall into, largest first. Enough to append and to tell the root; at most 53 hashes.
// Complete subtrees of 256, 65,536, … leaves are told to whoever keeps them, so that a range can be rebuilt from a few
// hundred hashes instead of all leaves.

import { assert } from "../base/assert.ts";
import { EnclosureError } from "../base/errors.ts";
import type { TreeHasher } from "./powers.ts";
import type { RangeHash } from "./proofs.ts";

/** The base-2 logarithm of a kept subtree's width in subtrees of the level below. */
const LEVEL_BITS = 8;
/** Subtrees of one level that make up one of the next. */
export const SUBTREE_WIDTH = 2 ** LEVEL_BITS;
/** Levels above the leaves that a tree of 2^53 leaves can have. */
const LEVELS_MAX = 6;

/** A complete subtree: `index` counts those of its level from the left; level 1 covers 256 leaves. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** Hashes that are kept: those of `level` (0: the leaves) from index `from` up to and without `to`. */
export type KeptHashes = (level: number, from: number, to: number) => readonly Uint8Array[];

export class CompactRange {
  readonly #hasher: TreeHasher;
  readonly #heights: number[] = [];
  readonly #hashes: Uint8Array[] = [];
  #size = 0;

  constructor(hasher: TreeHasher) {
    this.#hasher = hasher;
  }

  get size(): number {
    return this.#size;
  }

  clone(): CompactRange {
    const copy = new CompactRange(this.#hasher);
    copy.#heights.push(...this.#heights);
    copy.#hashes.push(...this.#hashes);
    copy.#size = this.#size;
    return copy;
  }

  /** Appends a leaf hash; `onSubtree` is told of each subtree that it completes. */
  push(leaf: Uint8Array, onSubtree?: (subtree: Subtree) => void): void {
    this.#pushNode(leaf, 0, onSubtree);
  }

  /** The Merkle tree hash of all leaves. */
  root(): Uint8Array {
    let root = this.#hashes.at(-1);
    if (root === undefined) return this.#hasher.empty();
    for (let i = this.#hashes.length - 2; i >= 0; i--) root = this.#hasher.node(this.#hashes[i] as Uint8Array, root);
    return root;
  }

  #pushNode(hash: Uint8Array, height: number, onSubtree?: (subtree: Subtree) => void): void {
    const heights = this.#heights;
    const hashes = this.#hashes;
    this.#size += 2 ** height;
    let node = hash;
    let at = height;
    while (heights.at(-1) === at) {
      heights.pop();
      node = this.#hasher.node(hashes.pop() as Uint8Array, node);
      at++;
      if (onSubtree !== undefined && at % LEVEL_BITS === 0) {
        onSubtree({ level: at / LEVEL_BITS, index: this.#size / 2 ** at - 1, hash: node });
      }
    }
    heights.push(at);
    hashes.push(node);
  }

  /** The range over the first `size` leaves. Reads at most 255 hashes of each level, however large the tree is. */
  static load(hasher: TreeHasher, size: number, fetch: KeptHashes): CompactRange {
    const range = new CompactRange(hasher);
    for (let level = LEVELS_MAX; level >= 0; level--) {
      const from = Math.floor(size / SUBTREE_WIDTH ** (level + 1)) * SUBTREE_WIDTH;
      const to = Math.floor(size / SUBTREE_WIDTH ** level);
      if (from === to) continue;
      const hashes = fetch(level, from, to);
      assert(hashes.length === to - from, `level ${level} of the tree has a gap between ${from} and ${to}`);
      for (const hash of hashes) range.#pushNode(hash, level * LEVEL_BITS);
    }
    return range;
  }
}

/**
 * What proofs are made of, from hashes that are kept. For ranges as RFC 6962, section 2.1, divides a tree: they begin
 * at a multiple of the largest power of two below their width. A whole proof reads at most 510 hashes of each
 * level: 255 along its path, and as many at the tree's uneven end.
 * What it makes throws EnclosureError STORE_DAMAGED where hashes are missing.
 */
export function rangeHasher(hasher: TreeHasher, fetch: KeptHashes): RangeHash {
  const hashOf: RangeHash = (from, to) => {
    let width = 1;
    while (width * 2 <= to - from) width *= 2;
    const left = perfectHash(hasher, fetch, from, width);
    return from + width === to ? left : hasher.node(left, hashOf(from + width, to));
  };
  return hashOf;
}

/** The root of a perfect subtree, out of the hashes of the highest kept level within it. */
function perfectHash(hasher: TreeHasher, fetch: KeptHashes, from: number, width: number): Uint8Array {
  const level = Math.floor(Math.log2(width) / LEVEL_BITS);
  const covered = SUBTREE_WIDTH ** level;
  let hashes = fetch(level, from / covered, (from + width) / covered);
  if (hashes.length !== width / covered) {
    throw new EnclosureError(
      "STORE_DAMAGED",
      `hashes of the tree are missing at level ${level}, for the leaves after ${from}`,
    );
  }
  while (hashes.length > 1) {
    hashes = Array.from({ length: hashes.length / 2 }, (_, i) =>
      hasher.node(hashes[2 * i] as Uint8Array, hashes[2 * i + 1] as Uint8Array),
    );
  }
  return hashes[0] as Uint8Array;
}
