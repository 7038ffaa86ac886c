// What can be asked of a SQLite store. Statements are prepared when they are first used, and kept.
// Digests are read as hexadecimal made by SQLite: half the cost of a buffer for each (measured).

import type { Database, Statement } from "better-sqlite3";
import type { HexDigest } from "../base/bytes.ts";
import { EnclosureError, isFault } from "../base/errors.ts";
import type { SessionId } from "../base/ids.ts";
import { CompactRange } from "../audit/merkle.ts";
import type { SealedPayload } from "../audit/payload.ts";
import type { TreeHasher } from "../audit/powers.ts";
import type { ArtefactRow, AuditReads, CheckpointRow, DataKeyRow, OpeningFilter, RecordRow } from "../audit/store.ts";
import { schemaFaults } from "./schema.ts";
import { faultOf, isBusy } from "./sqlite-file.ts";

type Value = string | number | Uint8Array;
type RawRecord = [
  seq: number,
  leaf: HexDigest,
  body: string,
  opening: number | null,
  n: number | null,
  prev: HexDigest | null,
];

// hex() says the same of no digest and of an empty one, which no writer of ours leaves.
const PREV = "CASE WHEN prev IS NULL THEN NULL ELSE lower(hex(prev)) END";
// No read sees a row before record 0, which no page of verify comes by. The sign keeps the bound out of the choice of index.
const RECORD = `SELECT seq, lower(hex(leaf)), body, opening, n, ${PREV} FROM record WHERE +seq >= 0`;
const PAYLOAD = "SELECT lower(hex(commitment)) AS 'commit', lower(hex(kid)) AS kid, sealed FROM payload";
const LEAVES = "SELECT leaf AS hash FROM record WHERE seq >= ? AND seq < ? ORDER BY seq";
const SUBTREES = "SELECT hash FROM subtree WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx";
const DATA_KEY = "SELECT lower(hex(kid)) AS kid, wrapped FROM data_key";
const FAULTS_MAX = 20;

export class SqliteReads implements AuditReads {
  protected readonly db: Database;
  protected readonly hasher: TreeHasher;
  readonly #statements = new Map<string, Statement<Value[]>>();

  constructor(db: Database, hasher: TreeHasher) {
    this.db = db;
    this.hasher = hasher;
  }

  size(): number {
    const { size } = this.#one("SELECT ifnull(max(seq) + 1, 0) AS size FROM record WHERE seq >= 0") as { size: number };
    return size;
  }

  row(seq: number): RecordRow | undefined {
    return this.#records("seq = ?", seq)[0];
  }

  rows(from: number, limit: number): readonly RecordRow[] {
    return this.#records("seq >= ? ORDER BY seq LIMIT ?", from, limit);
  }

  bodyBytes(seq: number): Uint8Array | undefined {
    return (
      this.#one("SELECT CAST(body AS BLOB) AS bytes FROM record WHERE seq = ? AND seq >= 0", seq) as
        | { bytes: Uint8Array }
        | undefined
    )?.bytes;
  }

  range(size: number): CompactRange {
    return CompactRange.load(this.hasher, size, (level, from, to) => {
      const hashes = this.hashes(level, from, to);
      if (hashes.length === to - from) return hashes;
      throw new EnclosureError(
        "STORE_DAMAGED",
        `hashes of the tree are missing at level ${level}, from ${from} to ${to}`,
      );
    });
  }

  hashes(level: number, from: number, to: number): Uint8Array[] {
    const rows =
      level === 0
        ? this.#all<{ hash: Uint8Array }>(LEAVES, from, to)
        : this.#all<{ hash: Uint8Array }>(SUBTREES, level, from, to);
    return rows.map(({ hash }) => hash);
  }

  sessionRows(opening: number): readonly RecordRow[] {
    return this.#records("opening = ? ORDER BY n", opening);
  }

  sessionRow(opening: number, n: number): RecordRow | undefined {
    return this.#records("opening = ? AND n = ?", opening, n)[0];
  }

  sessionLast(opening: number): RecordRow | undefined {
    return this.#records("opening = ? ORDER BY n DESC LIMIT 1", opening)[0];
  }

  openingOf(session: SessionId): RecordRow | undefined {
    return this.#records("n = 0 AND leaf = unhex(?)", session)[0];
  }

  openingsByPrefix(prefix: string, limit: number): readonly RecordRow[] {
    // An even number of digits is a range of the index; what is left over is sifted.
    const even = prefix.slice(0, prefix.length - (prefix.length % 2));
    const within = "leaf BETWEEN unhex(?) AND unhex(?) AND lower(hex(leaf)) LIKE ?";
    return this.#records(`n = 0 AND ${within} ORDER BY leaf LIMIT ?`, even, even.padEnd(64, "f"), `${prefix}%`, limit);
  }

  openingsOfJob(job: HexDigest): readonly RecordRow[] {
    return this.#records("n = 0 AND body ->> '$.data.batchJob' = ? ORDER BY seq", job);
  }

  openingsOfBoot(boot: string): readonly RecordRow[] {
    return this.#records("n = 0 AND body ->> '$.boot' = ? ORDER BY seq", boot);
  }

  openings({ since, until }: OpeningFilter, newestFirst: boolean, from: number, limit: number): readonly RecordRow[] {
    const within =
      (since === undefined ? "" : " AND body ->> '$.time' >= ?") +
      (until === undefined ? "" : " AND body ->> '$.time' <= ?");
    const times = [since, until].filter((time) => time !== undefined);
    const order = newestFirst ? "AND seq < ?" : "AND seq > ?";
    return this.#records(
      `n = 0 ${order}${within} ORDER BY seq ${newestFirst ? "DESC" : "ASC"} LIMIT ?`,
      Number.isFinite(from) ? from : Number.MAX_SAFE_INTEGER,
      ...times,
      limit,
    );
  }

  payload(kid: string, commit: HexDigest): SealedPayload | undefined {
    return this.#one(`${PAYLOAD} WHERE kid = unhex(?) AND commitment = unhex(?)`, kid, commit) as
      | SealedPayload
      | undefined;
  }

  dataKey(kid: string): DataKeyRow | undefined {
    return this.#one(`${DATA_KEY} WHERE kid = unhex(?)`, kid) as DataKeyRow | undefined;
  }

  artefact(sha256: HexDigest): Uint8Array | undefined {
    return (
      this.#one("SELECT bytes FROM artefact WHERE sha256 = unhex(?)", sha256) as { bytes: Uint8Array } | undefined
    )?.bytes;
  }

  artefactLength(sha256: HexDigest): number | undefined {
    const sql = "SELECT length(bytes) AS length FROM artefact WHERE sha256 = unhex(?)";
    return (this.#one(sql, sha256) as { length: number } | undefined)?.length;
  }

  lastCheckpoint(): CheckpointRow | undefined {
    return this.#one("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1") as CheckpointRow | undefined;
  }

  checkpoints(after: number, limit: number): readonly CheckpointRow[] {
    return this.#all<CheckpointRow>(
      "SELECT size, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT ?",
      after,
      limit,
    );
  }

  artefacts(after: string, limit: number): readonly ArtefactRow[] {
    const sql =
      "SELECT lower(hex(sha256)) AS sha256, bytes FROM artefact WHERE sha256 > unhex(?) ORDER BY sha256 LIMIT ?";
    return this.#all<ArtefactRow>(sql, after, limit);
  }

  dataKeys(after: string, limit: number): readonly DataKeyRow[] {
    return this.#all<DataKeyRow>(`${DATA_KEY} WHERE kid > unhex(?) ORDER BY kid LIMIT ?`, after, limit);
  }

  counts(): ReturnType<AuditReads["counts"]> {
    const tables = ["record", "checkpoint", "subtree", "payload", "artefact"];
    const counts = tables.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}s`);
    const isUsed = "EXISTS (SELECT 1 FROM payload WHERE payload.kid = data_key.kid)";
    const sql = `SELECT ${counts.join(", ")}, (SELECT count(*) FROM data_key WHERE NOT ${isUsed}) AS idleDataKeys`;
    return this.#one(sql) as ReturnType<AuditReads["counts"]>;
  }

  faults(): readonly string[] {
    return [...schemaFaults(this.db), ...this.#integrity().filter((line) => line !== "ok")];
  }

  #integrity(): readonly string[] {
    try {
      const found = this.#all<{ integrity_check: string }>(`PRAGMA integrity_check(${FAULTS_MAX})`);
      return found.map((row) => row.integrity_check);
    } catch (error) {
      // SQLite gives up at a body that an index cannot read. Which one it is, the records tell.
      if (isFault(error, "STORE_DAMAGED")) return [error.message];
      throw error;
    }
  }

  #records(where: string, ...values: readonly Value[]): RecordRow[] {
    const sql = `${RECORD} AND ${where}`;
    const rows = this.#asked(() => this.#statement(sql, true).all(...values)) as RawRecord[];
    return rows.map(([seq, leaf, body, opening, n, prev]) => ({ seq, leaf, body, opening, n, prev }));
  }

  #one(sql: string, ...values: readonly Value[]): unknown {
    return this.#asked(() => this.#statement(sql).get(...values));
  }

  #all<Row>(sql: string, ...values: readonly Value[]): Row[] {
    return this.#asked(() => this.#statement(sql).all(...values)) as Row[];
  }

  /** A file that is locked is for whoever asks to wait for; all else that SQLite cannot read is told as what it means. */
  #asked<Result>(ask: () => Result): Result {
    try {
      return ask();
    } catch (error) {
      throw isBusy(error) ? error : faultOf(error, this.db.name);
    }
  }

  #statement(sql: string, raw = false): Statement<Value[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare<Value[]>(sql);
      if (raw) statement.raw(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
