// Verifying the tree: recomputed leaf by leaf, and held, at each size that anyone vouches for, against the roots of
// checkpoints, of heads and of an older checkpoint that the verifier kept; and against the subtrees that the store keeps.
// Every checkpoint but the last is named by a record, the last by the head, so that none can be taken away unseen.

import { base64, equalBytes, hex, type Hasher, sha256Hex } from "../base/bytes.ts";
import { isFault } from "../base/errors.ts";
import { type Checkpoint, type Head, parseCheckpoint } from "./checkpoint.ts";
import type { EventData } from "./events.ts";
import { CompactRange } from "./merkle.ts";
import { type Note, verifyNote, type VerifierKey } from "./note.ts";
import type { SignatureChecker, TreeHasher } from "./powers.ts";
import type { AuditReads, CheckpointRow } from "./store.ts";
import type { Findings } from "./verdict.ts";

const PAGE = 500;

export interface TreePorts {
  readonly reads: AuditReads;
  readonly hasher: TreeHasher;
  readonly digest: Hasher;
  readonly checker: SignatureChecker;
  readonly keys: readonly VerifierKey[];
  readonly origin: string;
}

export interface TreeFindings {
  readonly tree: Findings;
  readonly signatures: Findings;
  readonly consistency: Findings;
  readonly completeness: Findings;
}

/** A root that someone vouches for, to be compared when the tree has that size. */
interface Expected {
  readonly size: number;
  readonly root: string;
  readonly who: string;
  readonly findings: Findings;
}

/** A checkpoint, as far as it can be read. */
interface Covered {
  readonly size: number;
  readonly note: string;
  /** The trusted key that has signed it; undefined where none has. */
  readonly key: VerifierKey | undefined;
}

export class TreeCheck {
  readonly #ports: TreePorts;
  readonly #findings: TreeFindings;
  readonly #range: CompactRange;
  readonly #expected: Expected[];
  /** Checkpoints that have been passed and that no record has named yet, by size: the SHA-256 of their notes. */
  readonly #unnamed = new Map<number, string>();
  #page: CheckpointRow[] = [];
  #afterPage = Number.MIN_SAFE_INTEGER;
  #subtrees = 0;
  #checkpoints = 0;
  #missing = 0;
  #last: Covered | undefined;
  #lastRow: CheckpointRow | undefined;

  constructor(ports: TreePorts, findings: TreeFindings, expected: readonly Omit<Expected, "findings">[]) {
    this.#ports = ports;
    this.#findings = findings;
    this.#range = new CompactRange(ports.hasher);
    this.#expected = expected
      .map((one) => ({ ...one, findings: findings.completeness }))
      .sort((a, b) => a.size - b.size);
    this.#passSize();
  }

  /** Records so far, those that are missing among them. */
  get size(): number {
    return this.#range.size + this.#missing;
  }

  get #isWhole(): boolean {
    return this.#missing === 0;
  }

  /** The largest checkpoint that can be read. */
  get last(): Covered | undefined {
    return this.#last;
  }

  /** Also compares an older checkpoint, whose finding belongs to consistency. */
  expectOld({ size, root }: Checkpoint): void {
    const one = { size, root: hex(root), who: "the older checkpoint", findings: this.#findings.consistency };
    this.#expected.push(one);
    this.#expected.sort((a, b) => a.size - b.size);
  }

  push(leaf: Uint8Array): void {
    this.#range.push(leaf, ({ level, index, hash }) => {
      this.#subtrees++;
      const kept = this.#ports.reads.hashes(level, index, index + 1)[0];
      if (this.#isWhole && (kept === undefined || !equalBytes(kept, hash))) {
        const what = kept === undefined ? "is missing" : "is not that of its records";
        this.#findings.tree.add("invalid", `the subtree ${index} of level ${level} ${what}`);
      }
    });
    this.#passSize();
  }

  /** So many records are missing here: no root can be told from now on. */
  miss(count: number): void {
    this.#missing += count;
    this.#passSize();
  }

  /** A record that names the checkpoint before it. */
  named({ size, note }: EventData["log.checkpointed"], seq: number): void {
    const known = this.#unnamed.get(size) ?? this.#noteOf(size);
    this.#unnamed.delete(size);
    if (known === undefined) {
      const what = `the checkpoint of size ${size}, which record ${seq} names, is missing`;
      this.#findings.signatures.add("invalid", what, seq);
    } else if (known !== note) {
      const what = `the checkpoint of size ${size} is not the one that record ${seq} names`;
      this.#findings.signatures.add("invalid", what, seq);
    }
  }

  /** The end of the log. `heads`: what is remembered outside, where that was asked. */
  end(heads: readonly Head[]): void {
    const { tree, signatures, completeness } = this.#findings;
    for (const { size, findings, who } of this.#expected.splice(0)) {
      const lost = Array.from({ length: Math.min(size - this.size, 100) }, (_, i) => this.size + i);
      const which = lost.length === 1 ? `record ${this.size} is` : `records ${this.size} to ${size - 1} are`;
      findings.add("invalid", `${which} lost: ${who} covers ${size} records`, ...lost);
    }
    for (let row = this.#nextRow(); row !== undefined; row = this.#nextRow()) {
      tree.add("invalid", `a checkpoint of size ${row.size} stands over ${this.size} records`);
    }
    for (const size of this.#unnamed.keys()) {
      if (size !== this.#lastRow?.size) signatures.add("invalid", `no record names the checkpoint of size ${size}`);
    }
    for (const { checkpoint } of heads) {
      if (checkpoint !== null && this.#noteOf(checkpoint.size) !== checkpoint.note) {
        completeness.add("invalid", `the checkpoint of size ${checkpoint.size}, which the head remembers, is missing`);
      }
    }
    const kept = this.#ports.reads.counts();
    if (kept.checkpoints !== this.#checkpoints) {
      tree.add("invalid", `checkpoints that cover no part of the log: ${kept.checkpoints - this.#checkpoints}`);
    }
    if (this.#isWhole && kept.subtrees !== this.#subtrees) {
      tree.add("invalid", `the store keeps ${kept.subtrees} subtrees, and its records make ${this.#subtrees}`);
    }
  }

  /** Compares what is vouched for at the size that the tree has now. */
  #passSize(): void {
    const size = this.size;
    for (let next = this.#expected[0]; next !== undefined && next.size <= size; next = this.#expected[0]) {
      const { root, who, findings } = next;
      this.#expected.shift();
      if (this.#isWhole && root !== hex(this.#range.root())) {
        findings.add("invalid", `the first ${size} records are not those that ${who} covers`);
      }
    }
    if (this.#page.length === 0 && this.#afterPage < size) this.#fetchPage();
    while (this.#page[0] !== undefined && this.#page[0].size <= size)
      this.#checkpoint(this.#nextRow() as CheckpointRow);
  }

  #nextRow(): CheckpointRow | undefined {
    if (this.#page.length === 0) this.#fetchPage();
    const row = this.#page.shift();
    if (row !== undefined) this.#checkpoints++;
    return row;
  }

  #fetchPage(): void {
    const page = this.#ports.reads.checkpoints(this.#afterPage, PAGE);
    this.#page = [...page];
    this.#afterPage = page.length < PAGE ? Infinity : (page.at(-1) as CheckpointRow).size;
  }

  #checkpoint(row: CheckpointRow): void {
    const { tree, signatures } = this.#findings;
    this.#lastRow = row;
    this.#unnamed.set(row.size, sha256Hex(row.note, this.#ports.digest));
    let parsed: { readonly checkpoint: Checkpoint; readonly note: Note };
    try {
      parsed = parseCheckpoint(row.note);
    } catch (error) {
      if (!isFault(error)) throw error;
      signatures.add("invalid", `the checkpoint of size ${row.size}: ${error.message}`);
      return;
    }
    const { checkpoint, note } = parsed;
    if (checkpoint.origin !== this.#ports.origin) {
      signatures.add("invalid", `the checkpoint of size ${row.size} is of another log, ${checkpoint.origin}`);
    }
    if (checkpoint.size !== row.size || (this.#isWhole && row.size !== this.size)) {
      tree.add("invalid", `the checkpoint filed under size ${row.size} covers ${checkpoint.size}`);
    } else if (this.#isWhole && !equalBytes(checkpoint.root, this.#range.root())) {
      const said = base64(checkpoint.root);
      tree.add("invalid", `the first ${row.size} records do not have the root that was signed for them, ${said}`);
    }
    this.#last = { size: row.size, note: row.note, key: this.#signedBy(row.size, note) };
  }

  #signedBy(size: number, note: Note): VerifierKey | undefined {
    const { keys, checker } = this.#ports;
    const { signatures } = this.#findings;
    try {
      const [key] = verifyNote(note, keys, checker);
      if (key !== undefined) return key;
      signatures.add("cannot-check", "no key that is trusted here has signed the checkpoints");
    } catch (error) {
      if (!isFault(error)) throw error;
      signatures.add("invalid", `the checkpoint of size ${size}: ${error.message}`);
    }
    return undefined;
  }

  #noteOf(size: number): string | undefined {
    const row = this.#ports.reads.checkpoints(size - 1, 1)[0];
    return row?.size === size ? sha256Hex(row.note, this.#ports.digest) : undefined;
  }
}
