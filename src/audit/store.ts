// The audit store's contract: what keeps the log's rows. Back ends answer to one conformance suite.
//
// Durability: when `append` resolves, its batch is on the disk and survives a power cut. Compare-and-swap: `build` is
// called once, with the exclusive right to append; the batch lands on the very head that `build` was shown, or nothing
// lands. Order: `seq` counts from 0 without gaps, whoever appends. After a failure: `append` rejects, and its batch has
// landed whole or not at all (which of the two, the next `append` sees in its tip); the store can be used again.

import type { HexDigest } from "../base/bytes.ts";
import type { SessionId } from "../base/ids.ts";
import type { CompactRange, Subtree } from "./merkle.ts";
import type { SealedPayload } from "./payload.ts";

export interface RecordRow {
  readonly seq: number;
  readonly leaf: HexDigest;
  readonly body: string;
  /** The `seq` of the session's first record; null for the store's own records, and so are `n` and `prev`. */
  readonly opening: number | null;
  readonly n: number | null;
  /** Null in a session's first record too. */
  readonly prev: HexDigest | null;
}

export interface CheckpointRow {
  readonly size: number;
  /** The signed note. */
  readonly note: string;
}

export interface DataKeyRow {
  readonly kid: string;
  readonly wrapped: Uint8Array;
}

export interface ArtefactRow {
  readonly sha256: HexDigest;
  readonly bytes: Uint8Array;
}

/** What one `append` adds. */
export interface Batch {
  /** From the tip's size on, without gaps. */
  readonly records: readonly RecordRow[];
  /** The tree after them, and the subtrees that they completed. */
  readonly range: CompactRange;
  readonly subtrees: readonly Subtree[];
  readonly payloads: readonly SealedPayload[];
  readonly dataKeys: readonly DataKeyRow[];
  /** Those that are there already are passed over. */
  readonly artefacts: readonly ArtefactRow[];
  readonly checkpoint?: CheckpointRow;
}

/** The head as `build` is shown it, under the exclusive right to append. */
export interface Tip {
  readonly size: number;
  /** The tree over all that is stored. The caller owns it and may push to it. */
  readonly range: CompactRange;
  /** Reads that see this very head. */
  readonly reads: AuditReads;
}

export interface OpeningFilter {
  /** UTC as in a body, both included. */
  readonly since?: string;
  readonly until?: string;
}

export interface RowCounts {
  readonly records: number;
  readonly checkpoints: number;
  readonly subtrees: number;
  readonly payloads: number;
  readonly artefacts: number;
  /** Data keys under which no payload is kept. */
  readonly idleDataKeys: number;
}

/** What can be asked of a store. Each answer is as of what was committed when it was asked. */
export interface AuditReads {
  size(): number;
  row(seq: number): RecordRow | undefined;
  /** In the order of `seq`, from `from` on, at most `limit`. A gap in what is stored is a gap in the answer. */
  rows(from: number, limit: number): readonly RecordRow[];
  /** The very bytes of a body: text is decoded, and damage could hide in that. */
  bodyBytes(seq: number): Uint8Array | undefined;
  /** The tree over the first `size` records, by what is kept of it. @throws where subtrees are missing. */
  range(size: number): CompactRange;
  /**
   * Hashes of the tree's level (0: the leaves; 1: perfect subtrees of 256 of them, and so on) from index `from` up to and
   * without `to`. Of those that are not kept, none: the answer is shorter then.
   */
  hashes(level: number, from: number, to: number): readonly Uint8Array[];

  sessionRows(opening: number): readonly RecordRow[];
  sessionRow(opening: number, n: number): RecordRow | undefined;
  sessionLast(opening: number): RecordRow | undefined;
  openingOf(session: SessionId): RecordRow | undefined;
  openingsByPrefix(prefix: string, limit: number): readonly RecordRow[];
  openingsOfJob(job: HexDigest): readonly RecordRow[];
  openingsOfBoot(boot: string): readonly RecordRow[];
  /** A page of openings after (or, newest first, before) `from`, which is not in it. */
  openings(filter: OpeningFilter, newestFirst: boolean, from: number, limit: number): readonly RecordRow[];

  payload(kid: string, commit: HexDigest): SealedPayload | undefined;
  dataKey(kid: string): DataKeyRow | undefined;
  artefact(sha256: HexDigest): Uint8Array | undefined;
  artefactLength(sha256: HexDigest): number | undefined;
  lastCheckpoint(): CheckpointRow | undefined;
  /** Those of a size above `after`, by size. */
  checkpoints(after: number, limit: number): readonly CheckpointRow[];

  // For the verifier, which must have seen every value of every table.
  artefacts(after: string, limit: number): readonly ArtefactRow[];
  dataKeys(after: string, limit: number): readonly DataKeyRow[];
  /** All rows, wherever they stand: a page may pass by what lies outside its bounds. */
  counts(): RowCounts;
  /** What is wrong with the store's own form, apart from what stands in it. */
  faults(): readonly string[];
}

export interface AuditStore extends AuditReads {
  /**
   * `build` returning undefined appends nothing.
   * @throws EnclosureError STORE_BUSY, LOG_WRITE_FAILED, STORE_DAMAGED; whatever `build` throws.
   */
  append(build: (tip: Tip) => Batch | undefined): Promise<void>;
  /** Housekeeping that would slow a commit down; called when nothing waits. Never throws. */
  tidy(): void;
  close(): void;
}
