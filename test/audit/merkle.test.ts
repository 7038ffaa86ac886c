import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CompactRange, rangeHasher, type Subtree } from "../../src/audit/merkle.ts";
import { treeHasher } from "../../src/audit/powers.ts";
import {
  makeConsistencyProof,
  makeInclusionProof,
  verifyConsistency,
  verifyInclusion,
} from "../../src/audit/proofs.ts";
import { fromBase64, hex } from "../../src/base/bytes.ts";
import { hasVectors, vectorPath } from "../support/vectors.ts";

const hasher = treeHasher();

/** The definition of RFC 6962, section 2.1, word for word. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return hasher.empty();
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return hasher.node(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

function leavesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => hasher.leaf(`record ${i}`));
}

function rangeOf(leaves: readonly Uint8Array[], onSubtree?: (subtree: Subtree) => void): CompactRange {
  const range = new CompactRange(hasher);
  for (const leaf of leaves) range.push(leaf, onSubtree);
  return range;
}

describe("CompactRange", () => {
  it("has the root that RFC 6962 defines, at every size", () => {
    const leaves = leavesOf(130);
    const range = new CompactRange(hasher);
    expect(hex(range.root())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (const [i, leaf] of leaves.entries()) {
      range.push(leaf);
      expect(range.size).toBe(i + 1);
      expect(range.root()).toEqual(rootOf(leaves.slice(0, i + 1)));
    }
  });

  it("is loaded from kept subtrees as if it had been grown", () => {
    const leaves = leavesOf(2_000);
    const kept = new Map<string, Uint8Array>();
    rangeOf(leaves, ({ level, index, hash }) => kept.set(`${level}/${index}`, hash));
    expect([...kept.keys()]).toEqual(["1/0", "1/1", "1/2", "1/3", "1/4", "1/5", "1/6"]);
    fc.assert(
      fc.property(fc.nat({ max: leaves.length }), (size) => {
        const asked: number[] = [];
        const range = CompactRange.load(hasher, size, (level, from, to) => {
          asked.push(to - from);
          if (level === 0) return leaves.slice(from, to);
          return Array.from({ length: to - from }, (_, i) => kept.get(`${level}/${from + i}`) as Uint8Array);
        });
        expect(Math.max(0, ...asked)).toBeLessThan(256);
        expect(range.size).toBe(size);
        expect(range.root()).toEqual(rangeOf(leaves.slice(0, size)).root());
        range.push(hasher.leaf("more"));
        expect(range.root()).toEqual(rootOf([...leaves.slice(0, size), hasher.leaf("more")]));
      }),
      { numRuns: 30 },
    );
  });

  it("tells of subtrees of higher levels", () => {
    const leaf = hasher.leaf("the same");
    const told: string[] = [];
    const range = new CompactRange(hasher);
    for (let i = 0; i < 65_536; i++) {
      range.push(leaf, ({ level, index }) => {
        if (level > 1 || index === 255) told.push(`${level}/${index}`);
      });
    }
    expect(told).toEqual(["1/255", "2/0"]);
  });

  it("leaves the original alone when a clone grows", () => {
    const range = rangeOf(leavesOf(5));
    const before = range.root();
    range.clone().push(hasher.leaf("more"));
    expect(range.root()).toEqual(before);
  });
});

describe("proofs", () => {
  const leaves = leavesOf(70);
  const hashOf = (from: number, to: number): Uint8Array => rootOf(leaves.slice(from, to));

  it("prove inclusion of every leaf, and of no other", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (size, a, b) => {
        const index = a % size;
        const claim = { leaf: leaves[index] as Uint8Array, index, size, root: hashOf(0, size) };
        const proof = makeInclusionProof(hashOf, index, size);
        verifyInclusion(hasher, claim, proof);
        const other = b % size;
        if (other !== index)
          expect(() => verifyInclusion(hasher, { ...claim, index: other }, proof)).toThrow(
            /inclusion proof|consistency proof|two roots/,
          );
        expect(() => verifyInclusion(hasher, { ...claim, leaf: hasher.leaf("x") }, proof)).toThrow(
          /inclusion proof|consistency proof|two roots/,
        );
        expect(() => verifyInclusion(hasher, claim, [...proof, claim.leaf])).toThrow(
          /inclusion proof|consistency proof|two roots/,
        );
      }),
    );
  });

  it("prove consistency of every two sizes, and of no other root", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (newSize, a) => {
        const oldSize = 1 + (a % newSize);
        const [oldRoot, newRoot] = [hashOf(0, oldSize), hashOf(0, newSize)];
        const claim = { oldSize, oldRoot, newSize, newRoot };
        const proof = makeConsistencyProof(hashOf, oldSize, newSize);
        verifyConsistency(hasher, claim, proof);
        expect(() => verifyConsistency(hasher, { ...claim, oldRoot: hasher.leaf("x") }, proof)).toThrow(
          /inclusion proof|consistency proof|two roots/,
        );
        expect(() => verifyConsistency(hasher, { ...claim, newRoot: hasher.leaf("x") }, proof)).toThrow(
          /inclusion proof|consistency proof|two roots/,
        );
        expect(() => verifyConsistency(hasher, claim, [...proof, newRoot])).toThrow(
          /inclusion proof|consistency proof|two roots/,
        );
      }),
    );
  });

  it("are made out of kept subtrees as out of all leaves, by few reads", () => {
    const many = leavesOf(1_300);
    const kept = new Map<string, Uint8Array>();
    rangeOf(many, ({ level, index, hash }) => kept.set(`${level}/${index}`, hash));
    const read = [0, 0];
    const hashOfKept = rangeHasher(hasher, (level, from, to) => {
      read[level] = (read[level] ?? 0) + to - from;
      if (level === 0) return many.slice(from, to);
      return Array.from({ length: to - from }, (_, i) => kept.get(`${level}/${from + i}`) as Uint8Array);
    });
    const hashOfAll = (from: number, to: number): Uint8Array => rootOf(many.slice(from, to));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: many.length }), fc.nat(), (size, a) => {
        read.fill(0);
        const proof = makeInclusionProof(hashOfKept, a % size, size);
        expect(Math.max(...read)).toBeLessThanOrEqual(510);
        expect(proof).toEqual(makeInclusionProof(hashOfAll, a % size, size));
        const old = 1 + (a % size);
        expect(makeConsistencyProof(hashOfKept, old, size)).toEqual(makeConsistencyProof(hashOfAll, old, size));
      }),
      { numRuns: 30 },
    );
    // The worst that there is: a whole path, and an uneven end as long as can be.
    read.fill(0);
    makeInclusionProof(hashOfKept, 0, 4 * 256 + 255);
    expect(read).toEqual([510, 3]);
    expect(() =>
      makeInclusionProof(
        rangeHasher(hasher, () => []),
        3,
        9,
      ),
    ).toThrow(/hashes of the tree are missing/);
  });

  it("refuse what has no proof", () => {
    expect(() => makeInclusionProof(hashOf, 3, 3)).toThrow(/no leaf/);
    expect(() => makeConsistencyProof(hashOf, 0, 3)).toThrow(/no consistency/);
    expect(() => makeConsistencyProof(hashOf, 4, 3)).toThrow(/no consistency/);
  });
});

interface InclusionCase {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string;
  readonly leafHash: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

interface ConsistencyCase {
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

function casesOf<Case>(kind: string): Case[] {
  const paths = globSync(vectorPath("rfc6962", kind, "**", "*.json"));
  return paths.map((path) => JSON.parse(readFileSync(path, "utf8")) as Case);
}

function passes(verify: () => void): boolean {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasVectors)("the vectors of transparency-dev/merkle", () => {
  it("are all judged as they say, for inclusion", () => {
    const cases = casesOf<InclusionCase>("inclusion");
    expect(cases.length).toBeGreaterThan(90);
    for (const one of cases) {
      const { leafIdx: index, treeSize: size, root, leafHash, proof } = one;
      const claim = { index, size, root: fromBase64(root), leaf: fromBase64(leafHash) };
      const isPassed = passes(() => verifyInclusion(hasher, claim, (proof ?? []).map(fromBase64)));
      expect({ ...one, isPassed }).toEqual({ ...one, isPassed: !one.wantErr });
    }
  });

  it("are all judged as they say, for consistency", () => {
    const cases = casesOf<ConsistencyCase>("consistency");
    expect(cases.length).toBeGreaterThan(90);
    for (const one of cases) {
      const { size1, size2, root1, root2, proof } = one;
      const claim = { oldSize: size1, oldRoot: fromBase64(root1), newSize: size2, newRoot: fromBase64(root2) };
      const isPassed = passes(() => verifyConsistency(hasher, claim, (proof ?? []).map(fromBase64)));
      expect({ ...one, isPassed }).toEqual({ ...one, isPassed: !one.wantErr });
    }
  });
});
