// Inclusion and consistency proofs over the log's tree: RFC 6962, sections 2.1.1 and 2.1.2, verified as RFC 9162,
// sections 2.1.3.2 and 2.1.4.2 say. Pure. A size of 0 on the left of a consistency proof is an error: it would
// "prove" that anything grew out of nothing.

import { equalBytes } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import type { TreeHasher } from "./powers.ts";

const HASH_BYTES = 32;

/** The Merkle tree hash of the leaves from `from` up to and without `to`. */
export type RangeHash = (from: number, to: number) => Uint8Array;

/** The audit path of leaf `index` in the tree of the first `size` leaves, from the leaf upward. */
export function makeInclusionProof(hashOf: RangeHash, index: number, size: number): Uint8Array[] {
  if (!isCount(index) || !isCount(size) || index >= size) throw refused(`no leaf ${index} in a tree of ${size}`);
  const proof: Uint8Array[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    const goLeft = index < middle;
    proof.push(goLeft ? hashOf(middle, to) : hashOf(from, middle));
    if (goLeft) to = middle;
    else from = middle;
  }
  return proof.reverse();
}

/** That the tree of the first `newSize` leaves begins with that of the first `oldSize`. */
export function makeConsistencyProof(hashOf: RangeHash, oldSize: number, newSize: number): Uint8Array[] {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize === 0 || oldSize > newSize) {
    throw refused(`no consistency between sizes ${oldSize} and ${newSize}`);
  }
  const proof: Uint8Array[] = [];
  let [from, to] = [0, newSize];
  while (to > oldSize) {
    const middle = from + splitOf(to - from);
    const goLeft = oldSize <= middle;
    proof.push(goLeft ? hashOf(middle, to) : hashOf(from, middle));
    if (goLeft) to = middle;
    else from = middle;
  }
  if (from > 0) proof.push(hashOf(from, to));
  return proof.reverse();
}

export interface InclusionClaim {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
}

/** @throws EnclosureError LOG_INVALID unless the proof shows that the leaf is in the tree. */
export function verifyInclusion(hasher: TreeHasher, claim: InclusionClaim, proof: readonly Uint8Array[]): void {
  const { index, size } = claim;
  checkHashes(claim.leaf, claim.root, ...proof);
  if (!isCount(index) || !isCount(size) || index >= size) throw refused(`no leaf ${index} in a tree of ${size}`);
  let node = claim.leaf;
  let [at, last] = [index, size - 1];
  for (const sibling of proof) {
    if (last === 0) throw refused("the inclusion proof is too long");
    if (isOdd(at) || at === last) {
      node = hasher.node(sibling, node);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else node = hasher.node(node, sibling);
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0) throw refused("the inclusion proof is too short");
  if (!equalBytes(node, claim.root)) throw refused("the inclusion proof leads to another root");
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly newSize: number;
  readonly newRoot: Uint8Array;
}

/** @throws EnclosureError LOG_INVALID unless the proof shows that the newer tree begins with the older one. */
export function verifyConsistency(hasher: TreeHasher, claim: ConsistencyClaim, proof: readonly Uint8Array[]): void {
  const { oldSize, oldRoot, newSize, newRoot } = claim;
  if (!isCount(oldSize) || !isCount(newSize) || oldSize === 0 || oldSize > newSize) {
    throw refused(`no consistency between sizes ${oldSize} and ${newSize}`);
  }
  if (oldSize === newSize) {
    if (proof.length > 0) throw refused("the consistency proof is too long");
    if (!equalBytes(oldRoot, newRoot)) throw refused("two roots for one size");
    return;
  }
  checkHashes(oldRoot, newRoot, ...proof);
  let [at, last] = [oldSize - 1, newSize - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  // A complete old tree is a node of the new one, and the proof does not repeat it.
  const path = at === 0 ? [oldRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) throw refused("the consistency proof is too short");
  let [older, newer] = [first, first];
  for (const sibling of path) {
    if (last === 0) throw refused("the consistency proof is too long");
    if (isOdd(at) || at === last) {
      older = hasher.node(sibling, older);
      newer = hasher.node(sibling, newer);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else newer = hasher.node(newer, sibling);
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0) throw refused("the consistency proof is too short");
  if (!equalBytes(older, oldRoot)) throw refused("the consistency proof leads to another old root");
  if (!equalBytes(newer, newRoot)) throw refused("the consistency proof leads to another new root");
}

/** Something of another length would be compared, and hashed, all the same. */
function checkHashes(...hashes: readonly Uint8Array[]): void {
  if (hashes.some(({ length }) => length !== HASH_BYTES)) throw refused("something in the proof is not a hash");
}

/** The largest power of two smaller than `width` (at least 2). */
function splitOf(width: number): number {
  let split = 1;
  while (split * 2 < width) split *= 2;
  return split;
}

// Sizes go beyond 32 bits, where the bitwise operators stop.
function half(value: number): number {
  return Math.floor(value / 2);
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function refused(what: string): EnclosureError {
  return new EnclosureError("LOG_INVALID", what);
}
