// Assembling a batch on a tip: gives each record its place in the log and in its session, spells it, hashes it, and
// grows the tree. Runs inside the transaction, so that no place is given twice.

import { digestOf, type HexDigest } from "../base/bytes.ts";
import type { CompactRange, Subtree } from "../audit/merkle.ts";
import type { SealedPayload } from "../audit/payload.ts";
import type { TreeHasher } from "../audit/powers.ts";
import type { Place, PreparedRecord } from "../audit/record.ts";
import type { ArtefactRow, Batch, DataKeyRow, RecordRow, Tip } from "../audit/store.ts";

/** Where a session's chain stands: what its next record must say. */
export class Chain {
  /** The seq of the session's first record; null before it has one. */
  opening: number | null = null;
  id: HexDigest | null = null;
  prev: HexDigest | null = null;
  n = 0;

  /** The chain of a session as its last row leaves it. */
  static after(last: RecordRow, id: HexDigest): Chain {
    const chain = new Chain();
    chain.opening = last.opening;
    chain.id = id;
    chain.prev = last.leaf;
    chain.n = (last.n ?? 0) + 1;
    return chain;
  }

  advance(seq: number, leaf: HexDigest): void {
    this.opening ??= seq;
    this.id ??= leaf;
    this.prev = leaf;
    this.n++;
  }
}

/** Where a record has come to stand; `n` is 0 for the store's own. */
export interface Placed {
  readonly seq: number;
  readonly leaf: HexDigest;
  readonly n: number;
}

export class Assembly {
  readonly range: CompactRange;
  readonly payloads: SealedPayload[] = [];
  readonly dataKeys: DataKeyRow[] = [];
  readonly artefacts: ArtefactRow[] = [];
  readonly #hasher: TreeHasher;
  readonly #records: RecordRow[] = [];
  readonly #subtrees: Subtree[] = [];

  constructor(tip: Tip, hasher: TreeHasher) {
    this.range = tip.range;
    this.#hasher = hasher;
  }

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  /** Adds a record of a session, or, without a chain, one of the store's own. */
  add(record: PreparedRecord, chain?: Chain): Placed {
    const seq = this.range.size;
    const place: Place | undefined = chain && { n: chain.n, id: chain.id, prev: chain.prev };
    const n = place?.n ?? null;
    const body = record.spell(seq, place);
    const hash = this.#hasher.leaf(body);
    const leaf = digestOf(hash);
    this.range.push(hash, (subtree) => this.#subtrees.push(subtree));
    this.#records.push({
      seq,
      leaf,
      body,
      opening: chain === undefined ? null : (chain.opening ?? seq),
      n,
      prev: chain?.prev ?? null,
    });
    chain?.advance(seq, leaf);
    return { seq, leaf, n: n ?? 0 };
  }

  batch(): Batch {
    const { range, payloads, dataKeys, artefacts } = this;
    return { records: this.#records, range, subtrees: this.#subtrees, payloads, dataKeys, artefacts };
  }
}
