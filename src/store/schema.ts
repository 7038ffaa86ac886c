// The SQLite schema of the store, format 1. A store is told from other SQLite files by `application_id`, its format by
// `user_version`; what its schema must be is held against the file at every opening, word for word.
// Every column is answered for by verify: record's by its body, subtrees by the tree, payloads by GCM and commitment,
// data keys by their wrapping, artefacts by SHA-256, checkpoints by signature and by the record or head that names them;
// rows by their number, so that none stands where no page of reads comes by.
// The triggers are a belt: they keep a slip from changing the log. The proof against intent is the tree.

import type { Database } from "better-sqlite3";
import { EnclosureError } from "../base/errors.ts";

/** "Encl" in ASCII. */
export const APPLICATION_ID = 0x456e636c;
export const STORE_FORMAT = 1;

const TABLES = {
  // `opening` is the seq of the session's first record; its leaf is the session's id.
  record: `(
    seq INTEGER PRIMARY KEY CHECK (seq >= 0),
    leaf BLOB NOT NULL,
    body TEXT NOT NULL,
    opening INTEGER,
    n INTEGER,
    prev BLOB,
    UNIQUE (opening, n),
    UNIQUE (opening, prev)
  ) STRICT`,
  subtree: `(
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, idx)
  ) STRICT, WITHOUT ROWID`,
  // By key first: a session's payloads lie together, and a commit writes few pages.
  payload: `(
    kid BLOB NOT NULL,
    commitment BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (kid, commitment)
  ) STRICT`,
  data_key: `(
    kid BLOB PRIMARY KEY,
    wrapped BLOB NOT NULL
  ) STRICT, WITHOUT ROWID`,
  artefact: `(
    sha256 BLOB PRIMARY KEY,
    bytes BLOB NOT NULL
  ) STRICT`,
  checkpoint: `(
    size INTEGER PRIMARY KEY,
    note TEXT NOT NULL
  ) STRICT`,
} as const;

// Indexes over openings alone: they cost nothing on the way of a call.
const INDEXES = {
  opening_by_seq: "ON record (seq) WHERE n = 0",
  opening_by_leaf: "ON record (leaf) WHERE n = 0",
  opening_by_boot: "ON record (body ->> '$.boot') WHERE n = 0",
  opening_by_job: "ON record (body ->> '$.data.batchJob') WHERE n = 0",
} as const;

// What ANALYZE leaves: SQLite's own statistics, which steer how rows are found and never which.
const STATISTICS: ReadonlySet<string> = new Set([
  "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
  "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
]);

export const TABLE_NAMES: readonly string[] = Object.keys(TABLES);

function statements(): readonly string[] {
  return [
    ...Object.entries(TABLES).map(([name, form]) => `CREATE TABLE ${name} ${form}`),
    ...Object.entries(INDEXES).map(([name, form]) => `CREATE INDEX ${name} ${form}`),
    ...Object.keys(TABLES).flatMap((table) =>
      ["UPDATE", "DELETE"].map(
        (verb) =>
          `CREATE TRIGGER ${table}_no_${verb.toLowerCase()} BEFORE ${verb} ON ${table} ` +
          `BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END`,
      ),
    ),
  ];
}

/** Inside a transaction, on an empty file. */
export function createSchema(db: Database): void {
  for (const statement of statements()) db.exec(statement);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${STORE_FORMAT}`);
}

/** Nothing has been made in the file yet. */
export function isBlank(db: Database): boolean {
  const made = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  return made === 0 && db.pragma("application_id", { simple: true }) === 0;
}

/** For a file that a process has begun to make into a store, and has not come to its first record, or never will. */
export function nothingIn(path: string): EnclosureError {
  return new EnclosureError("STORE_MISSING", `${path} holds no record`, {
    mend: "If it held some, bring back the newest copy; else run an agent with this store, which makes it ready.",
  });
}

/** @throws EnclosureError STORE_MISSING, STORE_FOREIGN, STORE_NEWER */
export function checkFormat(db: Database, path: string): void {
  if (isBlank(db)) throw nothingIn(path);
  if (db.pragma("application_id", { simple: true }) !== APPLICATION_ID) {
    throw new EnclosureError("STORE_FOREIGN", `${path} is not a store of records`);
  }
  const format = Number(db.pragma("user_version", { simple: true }));
  if (format > STORE_FORMAT) {
    throw new EnclosureError("STORE_NEWER", `${path} has format ${format}, this program knows ${STORE_FORMAT}`);
  }
  if (format < STORE_FORMAT) throw new EnclosureError("STORE_FOREIGN", `${path} has no format that ever was`);
}

/** Where the file's schema is not, word for word, the one above; SQLite's own statistics apart. */
export function schemaFaults(db: Database): string[] {
  const kept = db.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").pluck().all();
  const wanted = new Set(statements());
  const strange = kept.filter((sql) => !wanted.delete(sql) && !STATISTICS.has(sql));
  return [
    ...strange.map((sql) => `the schema has been added to: ${firstWords(sql)}`),
    ...[...wanted].map((sql) => `the schema lacks: ${firstWords(sql)}`),
  ];
}

function firstWords(sql: string): string {
  return sql.split(/\s+/).slice(0, 3).join(" ");
}
