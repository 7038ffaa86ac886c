import { describe, expect, it } from "vitest";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { rangeHasher } from "../../src/audit/merkle.ts";
import { treeHasher } from "../../src/audit/powers.ts";
import { makeInclusionProof } from "../../src/audit/proofs.ts";
import { parseTlogProof, spellTlogProof, verifyTlogProof } from "../../src/audit/tlog-proof.ts";
import { base64 } from "../../src/base/bytes.ts";
import { makeSigningKey, signerOf } from "../../src/outside/crypto.ts";

const hasher = treeHasher();
const leaves = Array.from({ length: 11 }, (_, i) => hasher.leaf(`record ${i}`));
const hashOf = rangeHasher(hasher, (_, from, to) => leaves.slice(from, to));
const note = signCheckpoint({ origin: "log.example/a", size: 11, root: hashOf(0, 11) }, signerOf(makeSigningKey()));
const proof = { index: 6, hashes: makeInclusionProof(hashOf, 6, 11), checkpoint: note };
const text = spellTlogProof(proof);

describe("a tlog-proof", () => {
  it("is spelled as the specification says, and read back", () => {
    const lines = ["c2sp.org/tlog-proof@v1", "index 6", ...proof.hashes.map(base64), "", note];
    expect(text).toBe(lines.join("\n"));
    expect(parseTlogProof(text)).toEqual(proof);
    expect(parseTlogProof(text.replace("\n", "\nextra YQ==\n"))).toEqual(proof);
  });

  it("of a log of one record has no hashes", () => {
    const one = signCheckpoint({ origin: "log.example/a", size: 1, root: hashOf(0, 1) }, signerOf(makeSigningKey()));
    const alone = parseTlogProof(spellTlogProof({ index: 0, hashes: [], checkpoint: one }));
    expect(verifyTlogProof(hasher, leaves[0] as Uint8Array, alone).checkpoint.size).toBe(1);
  });

  it("shows its own record, and no other", () => {
    const { checkpoint } = verifyTlogProof(hasher, leaves[6] as Uint8Array, proof);
    expect(checkpoint.origin).toBe("log.example/a");
    expect(() => verifyTlogProof(hasher, leaves[5] as Uint8Array, proof)).toThrow(/leads to another root/);
    expect(() => verifyTlogProof(hasher, leaves[6] as Uint8Array, { ...proof, index: 7 })).toThrow(/another root/);
    expect(() => verifyTlogProof(hasher, leaves[6] as Uint8Array, { ...proof, index: 11 })).toThrow(/no leaf 11/);
  });

  it.each([
    ["of another version", text.replace("@v1", "@v2"), "it is not a tlog-proof of version 1"],
    ["without an index", text.replace("index 6\n", ""), "the proof names no index"],
    ["with an index of two spellings", text.replace("index 6", "index 06"), "the proof names no index"],
    [
      "with an index beyond all counting",
      text.replace("index 6", `index ${"9".repeat(16)}`),
      "the proof names no index",
    ],
    ["with a line that is no base64", text.replace(/\n[^\n]{44}\n/, "\n!\n"), "a line of the proof is not a hash"],
    ["with a hash cut short", text.replace(/\n[^\n]{44}\n/, "\nYQ==\n"), "a line of the proof is not a hash"],
    [
      "with hashes without end",
      text.replace("index 6", `index 6${`\n${base64(hashOf(0, 1))}`.repeat(54)}`),
      "too many",
    ],
    ["without a checkpoint", text.slice(0, text.indexOf("\n\n")), "it is not a tlog-proof of version 1"],
  ])("%s is refused", (_, damaged, why) => {
    expect(() => parseTlogProof(damaged)).toThrow(why);
  });
});
