// The store in memory: for tests and for whoever wants a log that is gone afterwards. Same contract, nothing durable.

import { equalBytes, fromHex, type HexDigest, utf8 } from "../base/bytes.ts";
import type { SessionId } from "../base/ids.ts";
import type { JsonObject } from "../base/json.ts";
import { CompactRange, type Subtree } from "../audit/merkle.ts";
import type { SealedPayload } from "../audit/payload.ts";
import type { TreeHasher } from "../audit/powers.ts";
import type {
  ArtefactRow,
  AuditReads,
  AuditStore,
  Batch,
  CheckpointRow,
  DataKeyRow,
  OpeningFilter,
  RecordRow,
  Tip,
} from "../audit/store.ts";
import { assert } from "../base/assert.ts";

export class MemoryStore implements AuditStore {
  readonly #hasher: TreeHasher;
  readonly #records: RecordRow[] = [];
  readonly #subtrees = new Map<string, Subtree>();
  readonly #payloads = new Map<string, SealedPayload>();
  readonly #dataKeys = new Map<string, DataKeyRow>();
  readonly #artefacts = new Map<string, ArtefactRow>();
  readonly #checkpoints: CheckpointRow[] = [];
  #range: CompactRange;

  constructor(hasher: TreeHasher) {
    this.#hasher = hasher;
    this.#range = new CompactRange(hasher);
  }

  async append(build: (tip: Tip) => Batch | undefined): Promise<void> {
    const batch = build({ size: this.size(), range: this.#range.clone(), reads: this });
    if (batch === undefined) return;
    assert(batch.range.size === this.size() + batch.records.length, "a batch must land on the tip that it was shown");
    this.#records.push(...batch.records);
    for (const one of batch.subtrees) this.#subtrees.set(`${one.level}/${one.index}`, one);
    for (const one of batch.payloads) this.#payloads.set(`${one.kid}/${one.commit}`, one);
    for (const one of batch.dataKeys) this.#dataKeys.set(one.kid, one);
    for (const one of batch.artefacts) this.#artefacts.set(one.sha256, one);
    if (batch.checkpoint !== undefined) this.#checkpoints.push(batch.checkpoint);
    this.#range = batch.range;
  }

  tidy(): void {}
  close(): void {}

  size(): number {
    return this.#records.length;
  }

  row(seq: number): RecordRow | undefined {
    return this.#records[seq];
  }

  rows(from: number, limit: number): readonly RecordRow[] {
    return this.#records.slice(Math.max(from, 0), Math.max(from, 0) + limit);
  }

  bodyBytes(seq: number): Uint8Array | undefined {
    const row = this.#records[seq];
    return row && utf8(row.body);
  }

  range(size: number): CompactRange {
    return CompactRange.load(this.#hasher, size, (level, from, to) => this.hashes(level, from, to));
  }

  hashes(level: number, from: number, to: number): readonly Uint8Array[] {
    if (level === 0) return this.#records.slice(from, to).map(({ leaf }) => fromHex(leaf));
    const subtrees = Array.from({ length: to - from }, (_, i) => this.#subtrees.get(`${level}/${from + i}`));
    return subtrees.flatMap((subtree) => (subtree === undefined ? [] : [subtree.hash]));
  }

  sessionRows(opening: number): readonly RecordRow[] {
    return this.#records.filter((row) => row.opening === opening);
  }

  sessionRow(opening: number, n: number): RecordRow | undefined {
    return this.#records.find((row) => row.opening === opening && row.n === n);
  }

  sessionLast(opening: number): RecordRow | undefined {
    return this.#records.findLast((row) => row.opening === opening);
  }

  openingOf(session: SessionId): RecordRow | undefined {
    return this.#openings().find(({ leaf }) => leaf === session);
  }

  openingsByPrefix(prefix: string, limit: number): readonly RecordRow[] {
    return this.#openings()
      .filter(({ leaf }) => leaf.startsWith(prefix))
      .slice(0, limit);
  }

  openingsOfJob(job: HexDigest): readonly RecordRow[] {
    return this.#openings().filter(({ body }) => (bodyOf(body)["data"] as JsonObject)["batchJob"] === job);
  }

  openingsOfBoot(boot: string): readonly RecordRow[] {
    return this.#openings().filter(({ body }) => bodyOf(body)["boot"] === boot);
  }

  openings({ since, until }: OpeningFilter, newestFirst: boolean, from: number, limit: number): readonly RecordRow[] {
    const within = this.#openings().filter(({ seq, body }) => {
      const time = bodyOf(body)["time"] as string;
      if ((since !== undefined && time < since) || (until !== undefined && time > until)) return false;
      return newestFirst ? seq < from : seq > from;
    });
    return (newestFirst ? within.reverse() : within).slice(0, limit);
  }

  payload(kid: string, commit: HexDigest): SealedPayload | undefined {
    return this.#payloads.get(`${kid}/${commit}`);
  }

  dataKey(kid: string): DataKeyRow | undefined {
    return this.#dataKeys.get(kid);
  }

  artefact(sha256: HexDigest): Uint8Array | undefined {
    return this.#artefacts.get(sha256)?.bytes;
  }

  artefactLength(sha256: HexDigest): number | undefined {
    return this.artefact(sha256)?.length;
  }

  lastCheckpoint(): CheckpointRow | undefined {
    return this.#checkpoints.at(-1);
  }

  checkpoints(after: number, limit: number): readonly CheckpointRow[] {
    return this.#checkpoints.filter(({ size }) => size > after).slice(0, limit);
  }

  artefacts(after: string, limit: number): readonly ArtefactRow[] {
    return pageOf(this.#artefacts, after, limit);
  }

  dataKeys(after: string, limit: number): readonly DataKeyRow[] {
    return pageOf(this.#dataKeys, after, limit);
  }

  counts(): ReturnType<AuditReads["counts"]> {
    const used = new Set([...this.#payloads.values()].map(({ kid }) => kid));
    return {
      records: this.#records.length,
      checkpoints: this.#checkpoints.length,
      subtrees: this.#subtrees.size,
      payloads: this.#payloads.size,
      artefacts: this.#artefacts.size,
      idleDataKeys: [...this.#dataKeys.keys()].filter((kid) => !used.has(kid)).length,
    };
  }

  faults(): readonly string[] {
    const kept = this.#range.size === this.size() && equalBytes(this.#range.root(), this.range(this.size()).root());
    return kept ? [] : ["the tree does not answer to its subtrees"];
  }

  #openings(): RecordRow[] {
    return this.#records.filter(({ n }) => n === 0);
  }
}

function bodyOf(body: string): JsonObject {
  return JSON.parse(body) as JsonObject;
}

function pageOf<Row>(rows: ReadonlyMap<string, Row>, after: string, limit: number): Row[] {
  const keys = [...rows.keys()].sort().filter((key) => key > after);
  return keys.slice(0, limit).map((key) => rows.get(key) as Row);
}
