// The store in one SQLite file, shared by several processes. Each append is one BEGIN IMMEDIATE: it re-reads the head
// inside the transaction, folds in what other processes have appended, and commits with a sync.
// Invariant: a row, once committed, is never changed; the tree in memory only ever follows the file.

import type { Database, Statement } from "better-sqlite3";
import { fromHex, type HexDigest } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import type { CompactRange } from "../audit/merkle.ts";
import type { TreeHasher } from "../audit/powers.ts";
import type { AuditStore, Batch, Tip } from "../audit/store.ts";
import { checkFormat, createSchema, isBlank, schemaFaults } from "./schema.ts";
import { faultOf, openFile, setDurable, type Settings, type Waiting, whenFree } from "./sqlite-file.ts";
import { SqliteReads } from "./sqlite-reads.ts";

/** Leaves of others that are folded in one by one; more are read from the subtrees. */
const FOLD_MAX = 256;
/** Frames of the WAL that are carried over into the file when nothing waits … */
const WAL_FRAMES_IDLE = 1_000;
/** … and those at which they are in any case, looked at every so many commits. */
const WAL_FRAMES_MAX = 16_000;
const WAL_LOOK_COMMITS = 64;

export class SqliteStore extends SqliteReads implements AuditStore {
  readonly settings: Settings;
  readonly #path: string;
  readonly #waiting: Waiting;
  readonly #sql: ReturnType<typeof prepareWrites>;
  #range: CompactRange;
  #commits = 0;

  private constructor(db: Database, path: string, hasher: TreeHasher, waiting: Waiting, settings: Settings) {
    super(db, hasher);
    this.settings = settings;
    this.#path = path;
    this.#waiting = waiting;
    this.#sql = prepareWrites(db);
    this.#range = this.range(this.size());
  }

  /**
   * Opens the store for writing; makes it where there is none.
   * @throws EnclosureError STORE_FOREIGN, STORE_NEWER, STORE_BUSY, STORE_UNWRITABLE, STORE_DAMAGED, LOG_WRITE_FAILED
   */
  static async open(path: string, hasher: TreeHasher, waiting: Waiting): Promise<SqliteStore> {
    const db = openFile(path, false);
    try {
      return await whenFree(() => prepareFile(db, path, hasher, waiting), path, waiting);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Over a file that has been opened and set up. */
  static over(db: Database, path: string, hasher: TreeHasher, waiting: Waiting): SqliteStore {
    return new SqliteStore(db, path, hasher, waiting, setDurable(db, path));
  }

  async append(build: (tip: Tip) => Batch | undefined): Promise<void> {
    await whenFree(() => this.#transact(build), this.#path, this.#waiting);
    this.#commits++;
    if (this.#commits % WAL_LOOK_COMMITS === 0) this.#carryOver(WAL_FRAMES_MAX);
  }

  /** In one go: between beginning and commit nobody else's turn comes on this connection. */
  #transact(build: (tip: Tip) => Batch | undefined): void {
    this.#sql.begin.run();
    try {
      const batch = build(this.#tip());
      if (batch === undefined) {
        this.#sql.rollback.run();
        return;
      }
      this.#insert(batch);
      // The commit point.
      this.#sql.commit.run();
      this.#range = batch.range;
    } catch (error) {
      if (this.db.inTransaction) this.#sql.rollback.run();
      // Only beginning may be tried again: `build` is called once.
      throw faultOf(error, this.#path);
    }
  }

  tidy(): void {
    this.#carryOver(WAL_FRAMES_IDLE);
  }

  close(): void {
    this.db.close();
  }

  #tip(): Tip {
    const size = this.size();
    const known = this.#range.size;
    if (size < known) {
      throw new EnclosureError("LOG_BEHIND_HEAD", `${this.#path} has ${size} records, and had ${known} a moment ago`);
    }
    if (size - known > FOLD_MAX) this.#range = this.range(size);
    else if (size > known) for (const leaf of this.hashes(0, known, size)) this.#range.push(leaf);
    return { size, range: this.#range.clone(), reads: this };
  }

  #insert({ records, subtrees, payloads, dataKeys, artefacts, checkpoint }: Batch): void {
    const sql = this.#sql;
    for (const { seq, leaf, body, opening, n, prev } of records) {
      sql.record.run(seq, bytesOf(leaf), body, opening, n, prev === null ? null : bytesOf(prev));
    }
    for (const { level, index, hash } of subtrees) sql.subtree.run(level, index, hash);
    for (const { kid, wrapped } of dataKeys) sql.dataKey.run(fromHex(kid), wrapped);
    for (const { commit, kid, sealed } of payloads) sql.payload.run(fromHex(kid), bytesOf(commit), sealed);
    for (const { sha256, bytes } of artefacts) sql.artefact.run(bytesOf(sha256), bytes);
    if (checkpoint !== undefined) sql.checkpoint.run(checkpoint.size, checkpoint.note);
  }

  /** The WAL keeps its length: writing over what is there costs less than making it longer again. */
  #carryOver(framesMax: number): void {
    try {
      const [{ log, checkpointed }] = this.db.pragma("wal_checkpoint(NOOP)") as [WalState];
      if (log - checkpointed >= framesMax) this.db.pragma("wal_checkpoint(PASSIVE)");
    } catch {
      // Nothing hangs on it: the WAL is as durable as the file, and the next commit meets what is wrong.
    }
  }
}

interface WalState {
  readonly log: number;
  readonly checkpointed: number;
}

function prepareFile(db: Database, path: string, hasher: TreeHasher, waiting: Waiting): SqliteStore {
  if (isBlank(db)) makeSchema(db);
  checkFormat(db, path);
  const faults = schemaFaults(db);
  if (faults.length > 0) throw new EnclosureError("STORE_DAMAGED", `${path}: ${faults.join("; ")}`);
  return SqliteStore.over(db, path, hasher, waiting);
}

/** All of it or nothing; where another process is quicker, its schema is taken. */
function makeSchema(db: Database): void {
  db.pragma("journal_mode = WAL");
  db.exec("BEGIN IMMEDIATE");
  try {
    if (isBlank(db)) createSchema(db);
    db.exec("COMMIT");
  } finally {
    if (db.inTransaction) db.exec("ROLLBACK");
  }
}

function prepareWrites(db: Database) {
  const statement = (sql: string): Statement => db.prepare(sql);
  return {
    begin: statement("BEGIN IMMEDIATE"),
    commit: statement("COMMIT"),
    rollback: statement("ROLLBACK"),
    record: statement("INSERT INTO record (seq, leaf, body, opening, n, prev) VALUES (?, ?, ?, ?, ?, ?)"),
    subtree: statement("INSERT INTO subtree (level, idx, hash) VALUES (?, ?, ?)"),
    payload: statement("INSERT INTO payload (kid, commitment, sealed) VALUES (?, ?, ?)"),
    dataKey: statement("INSERT INTO data_key (kid, wrapped) VALUES (?, ?)"),
    artefact: statement("INSERT OR IGNORE INTO artefact (sha256, bytes) VALUES (?, ?)"),
    checkpoint: statement("INSERT INTO checkpoint (size, note) VALUES (?, ?)"),
  };
}

function bytesOf(digest: HexDigest): Uint8Array {
  return Buffer.from(digest, "hex");
}
