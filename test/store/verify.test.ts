import Database from "better-sqlite3";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseCheckpoint, signCheckpoint } from "../../src/audit/checkpoint.ts";
import { spellVerifierKey, verifierKey } from "../../src/audit/note.ts";
import { makeDataKey, wrapDataKey } from "../../src/audit/payload.ts";
import { systemRandom } from "../../src/outside/clock.ts";
import { findVerifierKey, loadLogKeys, logFolder } from "../../src/outside/keys.ts";
import { hostHasher, hostSealer, hostTreeHasher, makeSigningKey, signerOf } from "../../src/outside/crypto.ts";
import { SqliteReads } from "../../src/store/sqlite-reads.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { isFault } from "../../src/base/errors.ts";
import { temporaryFolder } from "../support/folder.ts";
import { intendedDraft, openedDraft } from "./drafts.ts";
import {
  ALL_OK,
  copyStore,
  newPlace,
  openSession,
  openWriter,
  type Place,
  runSession,
  verdictsOf,
  verify,
} from "./logs.ts";
import { changeStore, placesOf, tamperings, verifyChanged } from "./tamper.ts";

/** Three sessions, a subtree, several checkpoints, every level of payload; closed in order. */
async function filledPlace(): Promise<Place & { readonly origin: string }> {
  const place = newPlace();
  const writer = await openWriter(place);
  await runSession(writer, 60);
  const session = openSession(writer);
  for (const level of ["digest", "none"] as const) {
    const { data, ...draft } = intendedDraft(1);
    session.append({
      ...draft,
      type: "session.noted",
      data: { note: { text: "a note", media: "text/plain", level } },
    });
    expect(data.call).toBe(1);
  }
  await session.checkpoint();
  await session.release(
    session.append({
      type: "session.closed",
      evidence: "observed",
      turn: 1,
      data: {
        status: "completed",
        code: null,
        error: null,
        calls: { admitted: 0, denied: 0, failed: 0, unknown: 0 },
        refusedInside: 0,
      },
    }),
  );
  await runSession(writer, 80);
  await session.checkpoint();
  await writer.close();
  return { ...place, origin: writer.origin };
}

const codeOf = async (run: () => Promise<unknown>): Promise<string | undefined> => {
  try {
    await run();
  } catch (error) {
    return isFault(error) ? error.code : String(error);
  }
  return undefined;
};

describe("verifyStore()", () => {
  it("finds nothing wrong with a log that was closed in order", async () => {
    const place = await filledPlace();
    const told: number[] = [];
    const report = await verifyStore({ ...place, onProgress: (records) => told.push(records) });
    expect(verdictsOf(report)).toEqual(ALL_OK);
    expect(report).toMatchObject({ version: 1, valid: true, sessions: 3, unanchored: { records: 0, seconds: 0 } });
    expect(report.records).toBeGreaterThan(256);
    const { checkpoint } = parseCheckpoint(report.checkpoint ?? "");
    expect([checkpoint.origin, checkpoint.size]).toEqual([place.origin, report.records]);
    expect(report.key).toBe(readFileSync(join(logFolder(place.home, place.origin), "log.vkey"), "utf8").trim());
    expect(told.at(-1)).toBe(report.records);
    expect(report.verdicts.payloads.detail).toMatch(/286 opened, 1 kept as digests/);
  });

  it("finds any changed value in any table, and any row that was taken away, and says where", async () => {
    const place = await filledPlace();
    const some = tamperings(place.path, (i, count) => i === 0 || i === count - 1 || i === count >> 1);
    const tables = new Set(some.map(({ name }) => name.split(" ")[0]));
    expect([...tables].sort()).toEqual(["artefact", "checkpoint", "data_key", "payload", "record", "subtree"]);
    for (const one of some) {
      const report = await verifyChanged(place, one);
      expect({ name: one.name, valid: report.valid }).toEqual({ name: one.name, valid: false });
      expect({ name: one.name, where: placesOf(report) }).not.toEqual({ name: one.name, where: [] });
    }
  });

  it("finds rows that were put in, in any table and at any place, and says so", async () => {
    const place = await filledPlace();
    const record = (seq: string): string =>
      `INSERT INTO record (seq, leaf, body) SELECT ${seq}, leaf, body FROM record`;
    const inserts: readonly (readonly [sql: string, says: RegExp])[] = [
      [`${record("-5")} WHERE seq = 3`, /tree: the store keeps 1 record outside 0 to \d+/],
      [`${record("-seq - 1")} WHERE seq < 3`, /tree: the store keeps 3 records outside/],
      [`${record("-9223372036854775807 - 1")} WHERE seq = 3`, /tree: the store keeps 1 record outside/],
      [`${record("(SELECT max(seq) + 1 FROM record)")} WHERE seq = 3`, /bytes: record \d+: says that it is record 3/],
      [`${record("seq + 1000")} WHERE seq = 3`, /tree: records \d+ to 1002 are missing/],
      [`${record("9223372036854775807")} WHERE seq = 3`, /tree: records \d+ to \d+ are missing/],
      [
        "INSERT INTO record SELECT seq + 1000, leaf, body, opening, n + 1000, randomblob(32) FROM record WHERE seq = 9",
        /tree: records \d+ to 1008 are missing/,
      ],
      ["INSERT INTO subtree SELECT level, idx + 1, hash FROM subtree", /tree: the store keeps 2 subtrees/],
      ["INSERT INTO subtree SELECT level, -1, hash FROM subtree", /tree: the store keeps 2 subtrees/],
      [
        "INSERT INTO payload SELECT kid, randomblob(32), sealed FROM payload LIMIT 1",
        /payloads: .*keeps 1 payload that/,
      ],
      [
        "INSERT INTO payload SELECT randomblob(16), commitment, sealed FROM payload LIMIT 1",
        /payloads: .*1 payload that/,
      ],
      ["INSERT INTO artefact VALUES (randomblob(32), x'00')", /payloads: the artefact \w+ is not what its digest says/],
      ["INSERT INTO artefact VALUES (x'', x'00')", /payloads: the store keeps 1 artefact that no record refers to/],
      [
        "INSERT INTO data_key SELECT randomblob(16), wrapped FROM data_key LIMIT 1",
        /payloads: .*keeps 1 data key that/,
      ],
      ["INSERT INTO data_key SELECT x'', wrapped FROM data_key LIMIT 1", /payloads: the store keeps 1 data key that/],
      ["INSERT INTO checkpoint SELECT size + 1, note FROM checkpoint LIMIT 1", /tree: the checkpoint filed under size/],
      [
        "INSERT INTO checkpoint SELECT max(size) + 1, note FROM checkpoint",
        /tree: a checkpoint of size \d+ stands over/,
      ],
      ["INSERT INTO checkpoint SELECT -1, note FROM checkpoint LIMIT 1", /tree: the checkpoint filed under size -1/],
      [
        "INSERT INTO checkpoint SELECT -9223372036854775807, note FROM checkpoint LIMIT 1",
        /tree: checkpoints that cover no part of the log: 1/,
      ],
    ];
    for (const [sql, says] of inserts) {
      const report = await verifyChanged(place, {
        name: sql,
        change: (db) => {
          db.pragma("ignore_check_constraints = ON");
          expect(db.prepare(sql).run().changes, sql).toBeGreaterThan(0);
        },
      });
      const found = Object.entries(report.verdicts).filter(([, { verdict }]) => verdict === "invalid");
      expect(found.map(([aspect, { detail }]) => `${aspect}: ${detail}`).join("\n"), sql).toMatch(says);
      expect(report.valid, sql).toBe(false);
    }
  });

  it("finds an artefact and a data key that are whole and that no record refers to, and has no need of keys for it", async () => {
    const place = await filledPlace();
    const bytes = Buffer.from("planted");
    const { wrapping } = loadLogKeys(place.home, place.origin);
    const key = makeDataKey(systemRandom, 0);
    const plants: readonly (readonly [what: string, change: (db: Database.Database) => void])[] = [
      ["artefact", (db) => db.prepare("INSERT INTO artefact VALUES (?, ?)").run(hostHasher.sha256(bytes), bytes)],
      [
        "data key",
        (db) =>
          db
            .prepare("INSERT INTO data_key VALUES (?, ?)")
            .run(Buffer.from(key.kid, "hex"), wrapDataKey(hostSealer, wrapping, key)),
      ],
    ];
    for (const [what, change] of plants) {
      const { path, home } = copyStore(place);
      changeStore(path, change);
      const detail = `the store keeps 1 ${what} that no record refers to`;
      expect((await verify({ path, home })).verdicts.payloads).toEqual({ verdict: "invalid", detail });
      const keyless = (await verifyStore({ path })).verdicts.payloads;
      expect(keyless).toMatchObject({ verdict: "invalid", detail: expect.stringContaining(detail) as string });
    }
  });

  it("finds a negative record though the schema was rewritten to let it in, and the rewriting too", async () => {
    const place = copyStore(await filledPlace());
    const db = new Database(place.path);
    expect(() => db.exec("INSERT INTO record (seq, leaf, body) VALUES (-1, x'', '{}')")).toThrow(/CHECK/);
    db.unsafeMode(true);
    db.pragma("writable_schema = ON");
    db.exec("UPDATE sqlite_schema SET sql = replace(sql, ' CHECK (seq >= 0)', '') WHERE name = 'record'");
    db.close();
    const rewritten = new Database(place.path);
    rewritten.exec("INSERT INTO record (seq, leaf, body) SELECT -5, leaf, body FROM record WHERE seq = 3");
    rewritten.close();
    const { verdicts } = await verify(place);
    expect(verdicts.bytes.detail).toMatch(/the schema has been added to: CREATE TABLE record/);
    expect(verdicts.tree.detail).toMatch(/1 record outside/);
  });

  it("has nothing against the statistics that ANALYZE leaves, nor has the writer", async () => {
    const place = await filledPlace();
    const db = new Database(place.path);
    db.exec("ANALYZE");
    expect(db.prepare("SELECT count(*) FROM sqlite_stat1").pluck().get()).not.toBe(0);
    db.close();
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
    const writer = await openWriter(place);
    await runSession(writer, 1);
    await writer.close();
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
  });

  it("finds a schema that was changed", async () => {
    for (const sql of ["DROP TRIGGER record_no_delete", "CREATE TABLE more (a)", "DROP INDEX opening_by_job"]) {
      const place = copyStore(await filledPlace());
      const db = new Database(place.path);
      db.exec(sql);
      db.close();
      const report = await verify(place);
      expect(report.verdicts.bytes).toMatchObject({ verdict: "invalid" });
    }
  });

  it("finds a body that is spelled otherwise, though every hash was made anew", async () => {
    const place = await filledPlace();
    const report = await verifyChanged(place, {
      name: "respelled",
      change: (db) => {
        const body = db.prepare<[], string>("SELECT body FROM record WHERE seq = 5").pluck().get() as string;
        db.prepare("UPDATE record SET body = ? WHERE seq = 5").run(body.replace('"seq":5', '"seq": 5'));
      },
    });
    expect(report.verdicts.bytes.detail).toMatch(/record 5.*canonical/);
    expect(report.verdicts.bytes.seqs).toEqual([5]);
    expect(report.verdicts.tree.verdict).toBe("invalid");
  });

  it("finds bytes that decode to the same text", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const draft = openedDraft();
    const session = writer.openSession({
      ...draft,
      data: { ...draft.data, agent: { ...draft.data.agent, name: "\ufffd" } },
    });
    await session.release();
    await writer.close();
    const report = await verifyChanged(place, {
      name: "damaged",
      // EF BF BD, the character itself, against F0 9F 92, half of another: both read as U+FFFD.
      change: (db) =>
        db.exec("UPDATE record SET body = CAST(unhex(replace(hex(body), 'EFBFBD', 'F09F92')) AS TEXT) WHERE n = 0"),
    });
    expect(report.verdicts.bytes).toMatchObject({ verdict: "invalid", seqs: [1] });
    expect(report.verdicts.bytes.detail).toMatch(/not UTF-8/);
    expect(report.verdicts.tree.verdict).toBe("ok");
  });

  it("names the records that are missing from the middle", async () => {
    const place = await filledPlace();
    const report = await verifyChanged(place, {
      name: "cut out",
      change: (db) => db.exec("DELETE FROM record WHERE seq IN (20, 21)"),
    });
    expect(report.verdicts.tree.detail).toMatch(/records 20 to 21 are missing/);
    expect(report.verdicts.tree.seqs).toEqual([20, 21]);
    expect(report.verdicts.chains.seqs).toEqual([22]);
  });

  it("names the records that a cut tail has lost, with everything that spoke of them", async () => {
    const place = await filledPlace();
    const last = (await verify(place)).records - 1;
    const report = await verifyChanged(place, {
      name: "cut off",
      change: (db) => {
        db.exec(`DELETE FROM record WHERE seq >= ${last - 1}`);
        db.exec(`DELETE FROM checkpoint WHERE size > ${last - 1}`);
      },
    });
    expect(report.verdicts.completeness.detail).toMatch(`records ${last - 1} to ${last} are lost`);
    expect(report.verdicts.completeness.seqs).toContain(last - 1);
  });

  it("finds an older copy that was put back", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    await runSession(writer, 2);
    const snapshot = copyStore(place);
    expect((await verify(snapshot)).valid).toBe(false);
    await runSession(writer, 1);
    const report = await verify(snapshot);
    expect(report.verdicts.completeness).toMatchObject({ verdict: "invalid", seqs: [7, 8, 9, 10] });
    expect(report.verdicts.completeness.detail).toMatch(/lost/);
  });

  it("finds a WAL whose tail was damaged or cut", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    await runSession(writer, 30);
    const damages: ((wal: string) => void)[] = [
      (wal) => truncateSync(wal, statSync(wal).size - 100),
      (wal) => {
        const bytes = readFileSync(wal);
        bytes[bytes.length - 2_000] = (bytes[bytes.length - 2_000] ?? 0) ^ 1;
        writeFileSync(wal, bytes);
      },
      (wal) => rmSync(wal),
    ];
    for (const damage of damages) {
      const copy = copyStore(place);
      rmSync(`${copy.path}-shm`);
      damage(`${copy.path}-wal`);
      const { completeness } = (await verify(copy)).verdicts;
      expect(completeness).toMatchObject({ verdict: "invalid", detail: expect.stringMatching(/lost/) as string });
    }
  });

  it("says what a file that cannot be read is: invalid, and the rest unknown", async () => {
    const place = copyStore(await filledPlace());
    const bytes = readFileSync(place.path);
    bytes.fill(0x41, 8192, 8192 + 4096 * 20);
    writeFileSync(place.path, bytes);
    const report = await verify(place);
    expect(report.valid).toBe(false);
    expect(report.verdicts.bytes.verdict).toBe("invalid");
  });

  it("says that a session is open, which intents have no outcome, and whether anyone is at it", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const session = openSession(writer);
    const { seq } = await session.release(session.append(intendedDraft(1)));
    await session.checkpoint();
    const report = await verify(place);
    expect(report.verdicts.completeness).toMatchObject({ verdict: "incomplete", seqs: [1, seq] });
    expect(report.verdicts.completeness.detail).toMatch(/still running/);
    const dead = await verify(copyStore(place));
    expect(dead.verdicts.completeness.detail).toMatch(/was cut off, and waits for its recovery/);
    const copy = copyStore(place);
    rmSync(`${copy.path}.live`, { recursive: true });
    const untold = (await verify(copy)).verdicts.completeness;
    expect(untold).toMatchObject({ verdict: "incomplete", seqs: [1, seq] });
    expect(untold.detail).toMatch(/nobody can tell whether its process still runs: its lock beside the store is gone/);
    expect(untold.detail).not.toMatch(/waits for its recovery/);
  });

  it("tells how much stands after the last checkpoint", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const session = openSession(writer);
    await session.checkpoint();
    session.append(intendedDraft(1));
    await session.release(session.append(intendedDraft(2)));
    const report = await verify(place);
    expect(report.unanchored.records).toBe(2);
    expect(report.verdicts.anchors).toMatchObject({ verdict: "ok" });
    expect(report.verdicts.anchors.detail).toMatch(/^L1.*2 records/);
  });
});

describe("trust", () => {
  it("comes from outside: without a key nothing is said of signatures, sealed payloads or the tail", async () => {
    const place = await filledPlace();
    const report = await verifyStore({ path: place.path });
    expect(verdictsOf(report)).toEqual({
      ...ALL_OK,
      signatures: "cannot-check",
      anchors: "cannot-check",
      payloads: "cannot-check",
    });
    expect([report.checkpoint, report.key]).toEqual([null, null]);
    const elsewhere = await verifyStore({ path: place.path, home: temporaryFolder() });
    expect(verdictsOf(elsewhere)).toEqual(verdictsOf(report));
  });

  it("is given to the keys that are named, and no others", async () => {
    const place = await filledPlace();
    const own = spellVerifierKey(findVerifierKey(place.home, place.origin) as never);
    const stranger = spellVerifierKey(verifierKey(place.origin, signerOf(makeSigningKey()).publicKey));
    const verdictWith = async (...vkeys: readonly string[]): Promise<string> =>
      (await verifyStore({ ...place, vkeys })).verdicts.signatures.verdict;
    expect(await verdictWith(own)).toBe("ok");
    expect(await verdictWith(stranger, `${own}\n`)).toBe("ok");
    expect(await verdictWith(stranger)).toBe("cannot-check");
    expect(await codeOf(() => verdictWith("nonsense"))).toBe("KEY_INVALID");
  });

  it("is not given to a checkpoint that somebody else has signed in the log's name", async () => {
    const place = await filledPlace();
    const last = new Database(place.path, { readonly: true });
    const note = last
      .prepare<[], string>("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
      .pluck()
      .get() as string;
    last.close();
    const forged = note.replace(
      /(— \S+ .{6}).(.*)/u,
      (_, head: string, tail: string) => `${head}${tail[0] === "A" ? "B" : "A"}${tail}`,
    );
    const report = await verifyChanged(place, {
      name: "forged",
      change: (db) => db.prepare("UPDATE checkpoint SET note = ? WHERE note = ?").run(forged, note),
    });
    expect(report.verdicts.signatures.verdict).toBe("invalid");
  });

  it("is not given to a checkpoint that no record names, though the log's own key has signed it", async () => {
    const place = await filledPlace();
    const keys = loadLogKeys(place.home, place.origin);
    const db = new Database(place.path, { readonly: true });
    const root = new SqliteReads(db, hostTreeHasher).range(9).root();
    db.close();
    const note = signCheckpoint({ origin: place.origin, size: 9, root }, keys.signer);
    const report = await verifyChanged(place, {
      name: "slipped in",
      change: (copy) => copy.prepare("INSERT INTO checkpoint VALUES (9, ?)").run(note),
    });
    expect(report.verdicts.signatures).toMatchObject({ verdict: "invalid" });
    expect(report.verdicts.signatures.detail).toMatch(/no record names the checkpoint of size 9/);
    expect(report.verdicts.tree.verdict).toBe("ok");
  });

  it("cannot tell a cut tail where the head is gone", async () => {
    const place = await filledPlace();
    rmSync(join(logFolder(place.home, place.origin), "heads"), { recursive: true });
    const report = await verify(place);
    expect(report.verdicts.completeness).toMatchObject({ verdict: "cannot-check" });
  });
});

describe("an older checkpoint", () => {
  const firstNote = (place: Place): string => {
    const db = new Database(place.path, { readonly: true });
    const note = db.prepare<[], string>("SELECT note FROM checkpoint ORDER BY size LIMIT 1").pluck().get();
    db.close();
    return note as string;
  };

  it("is what the log begins with", async () => {
    const place = await filledPlace();
    const report = await verifyStore({ ...place, oldCheckpoint: firstNote(place) });
    expect(verdictsOf(report)).toEqual({ ...ALL_OK, consistency: "ok" });
  });

  it("is not what another log begins with, nor one that was cut before it, nor anything at all", async () => {
    const [place, other] = [await filledPlace(), await filledPlace()];
    const oldCheckpoint = firstNote(place);
    const consistency = async (where: Place, note = oldCheckpoint): Promise<string> =>
      (await verifyStore({ ...where, oldCheckpoint: note })).verdicts.consistency.verdict;
    expect(await consistency(other)).toBe("invalid");
    expect(await consistency(place, "nonsense")).toBe("invalid");
    expect(await consistency(place, oldCheckpoint.replace(/\n\d+\n/, "\n0\n"))).toBe("invalid");
    const cut = copyStore(place);
    changeStore(cut.path, (db) => db.exec("DELETE FROM record WHERE seq > 3"));
    expect(await consistency(cut)).toBe("invalid");
    const rewritten = copyStore(place);
    changeStore(rewritten.path, (db) => db.exec("UPDATE record SET body = replace(body, 'observed', 'agent_claimed')"));
    expect(await consistency(rewritten)).toBe("invalid");
  });

  it("that no trusted key has signed proves nothing", async () => {
    const place = await filledPlace();
    const report = await verifyStore({ path: place.path, oldCheckpoint: firstNote(place) });
    expect(report.verdicts.consistency.verdict).toBe("cannot-check");
  });
});

describe("a file", () => {
  it("that is no store is refused by its kind", async () => {
    const { path, home } = newPlace();
    const folder = temporaryFolder();
    const at = (name: string): string => join(folder, name);
    writeFileSync(at("text"), "no database at all, but long enough to be looked at as one".repeat(20));
    const other = new Database(at("other"));
    other.exec("CREATE TABLE t (a)");
    other.close();
    expect(await codeOf(() => verifyStore({ path: at("text"), home }))).toBe("STORE_FOREIGN");
    expect(await codeOf(() => verifyStore({ path: at("other"), home }))).toBe("STORE_FOREIGN");
    expect(await codeOf(() => verifyStore({ path, home }))).toBe("STORE_MISSING");
    const place = await filledPlace();
    cpSync(place.path, at("newer"));
    const newer = new Database(at("newer"));
    newer.pragma("user_version = 2");
    newer.close();
    expect(await codeOf(() => verifyStore({ path: at("newer"), home }))).toBe("STORE_NEWER");
    expect(readdirSync(folder)).toContain("newer");
  });
});
