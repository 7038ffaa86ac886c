import Database from "better-sqlite3";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LogReader } from "../../src/audit/contract.ts";
import type { PayloadRef } from "../../src/audit/events.ts";
import { sha256Hex } from "../../src/base/bytes.ts";
import { isFault } from "../../src/base/errors.ts";
import { type SessionId, sessionIdOf } from "../../src/base/ids.ts";
import { systemClock, systemRandom, systemTimers } from "../../src/outside/clock.ts";
import { hostTreeHasher } from "../../src/outside/crypto.ts";
import { logFolder } from "../../src/outside/keys.ts";
import { openLogReader } from "../../src/store/reader.ts";
import { createSchema } from "../../src/store/schema.ts";
import { SqliteReads } from "../../src/store/sqlite-reads.ts";
import { temporaryFolder } from "../support/folder.ts";
import { closedDraft, openedDraft } from "./drafts.ts";
import { copyStore, newPlace, openReader, openWriter, type Place, runSession, verify } from "./logs.ts";
import { changeStore } from "./tamper.ts";

/** Changes bodies and files them under their new hashes. */
function relabel(db: Database.Database, change: (body: string) => string, where = "true"): void {
  const rows = db.prepare<[], { seq: number; body: string }>(`SELECT seq, body FROM record WHERE ${where}`).all();
  const update = db.prepare("UPDATE record SET body = ?, leaf = ? WHERE seq = ?");
  for (const { seq, body } of rows) {
    const changed = change(body);
    if (changed !== body) update.run(changed, hostTreeHasher.leaf(changed), seq);
  }
}

/** A file as a program leaves it that is killed in a transaction: with its rollback journal. */
function cutOff({ path }: Place, sql: string): void {
  const file = join(temporaryFolder(), "cut.db");
  const db = new Database(file);
  db.exec(`PRAGMA synchronous = OFF; ${sql}`);
  mkdirSync(dirname(path));
  for (const end of ["", "-journal"]) cpSync(file + end, path + end);
  db.close();
}

describe("a reader", () => {
  it("reads sessions, their records and their ends", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const reader = await openReader(place);
    const ids = [await runSession(writer, 1), await runSession(writer, 2)];
    expect(reader.origin).toBe(writer.origin);
    expect([...reader.sessions()].map(({ session }) => session)).toEqual(ids);
    expect([...reader.sessions({ newestFirst: true, limit: 1 })].map(({ session }) => session)).toEqual([ids[1]]);
    const records = reader.session(ids[1] as never);
    expect(records.map(({ body }) => body.session?.n)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(records.every(({ session }) => session === ids[1])).toBe(true);
    expect(reader.closing(ids[1] as never)).toEqual(records.at(-1));
    expect(reader.record(records[2]?.seq as number)).toEqual(records[2]);
    expect(reader.record(0)).toMatchObject({ session: null, body: { type: "log.opened" } });
    expect(reader.record(10_000)).toBeUndefined();
    expect(reader.session(sessionIdOf(sha256Hex("none")))).toEqual([]);
    expect(reader.isLive(ids[0] as never)).toBe(true);
    expect(reader.isLive(sessionIdOf(sha256Hex("none")))).toBe(false);
  });

  it("finds the first checkpoint that covers a record", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const reader = await openReader(place);
    const sign = async (): Promise<void> => {
      const session = writer.openSession(openedDraft());
      await session.release();
      await session.checkpoint();
    };
    await sign();
    const covered = reader.checkpointOver(0);
    expect(covered).toMatchObject({ root: expect.stringMatching(/^[0-9a-f]{64}$/) });
    await sign();
    expect(reader.checkpointOver(0)).toEqual(covered);
    expect(reader.checkpointOver(covered?.size as number)?.size).toBeGreaterThan(covered?.size as number);
    expect(reader.checkpointOver(reader.size())).toBeUndefined();
  });

  it("finds sessions by the beginning of their id, from four digits on", async () => {
    const place = newPlace();
    const id = await runSession(await openWriter(place), 0);
    const reader = await openReader(place);
    expect(reader.sessionsByPrefix(id.slice(0, 4), 5)).toEqual([id]);
    expect(reader.sessionsByPrefix(id.slice(0, 7), 5)).toEqual([id]);
    expect(reader.sessionsByPrefix(id.slice(0, 3), 5)).toEqual([]);
    expect(reader.sessionsByPrefix("%%%%", 5)).toEqual([]);
  });

  it("finds sessions by time and by job", async () => {
    const place = newPlace();
    let nowMs = 0;
    const clock = { ...systemClock, nowMs: () => nowMs };
    const writer = await openWriter(place, { clock, random: systemRandom, timers: systemTimers });
    const batchJob = sha256Hex("job");
    const ids = [];
    for (const time of [1_000, 2_000, 3_000]) {
      nowMs = time;
      const session = writer.openSession(openedDraft(time === 2_000 ? { batchJob } : {}));
      await session.release();
      ids.push(session.id());
    }
    const reader = await openReader(place);
    const found = [...reader.sessions({ sinceMs: 2_000, untilMs: 2_999 })];
    expect(found.map(({ session }) => session)).toEqual([ids[1]]);
    expect(reader.sessionsOfJob(batchJob)).toEqual([ids[1]]);
    expect(reader.sessionsOfJob(sha256Hex("other"))).toEqual([]);
  });

  it("pages through more sessions than one page holds", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const sessions = Array.from({ length: 450 }, () => writer.openSession(openedDraft()));
    await Promise.all(sessions.map((session) => session.release()));
    const reader = await openReader(place);
    expect([...reader.sessions()]).toHaveLength(450);
    expect([...reader.sessions({ newestFirst: true })].map(({ seq }) => seq)).toEqual(
      Array.from({ length: 450 }, (_, i) => 450 - i),
    );
  });

  it("opens payloads where it has the key, and says why where it cannot", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const id = await runSession(writer, 1);
    const reader = await openReader(place);
    const intent = reader.session(id)[1]?.body;
    const ref = (intent?.type === "call.intended" ? intent.data.arguments : undefined) as PayloadRef;
    expect(reader.payload(ref)).toEqual({ state: "shown", text: '{"call":1}' });
    expect(reader.payload({ bytes: 3, media: "text/plain", level: "none" })).toEqual({ state: "not-kept" });
    expect(reader.payload({ ...ref, commit: sha256Hex("other") })).toEqual({ state: "missing" });
    expect(reader.payload({ ...ref, kid: "0".repeat(32) })).toEqual({ state: "missing" });
    const stranger = await openReader({ ...place, home: temporaryFolder() });
    expect(stranger.payload(ref)).toEqual({ state: "sealed" });
    await writer.close();
    changeStore(place.path, (db) => db.exec("UPDATE payload SET sealed = zeroblob(80)"));
    expect(reader.payload(ref)).toMatchObject({ state: "invalid" });
  });

  it("says of a store without a record that it holds none: a process may have died while it made it", async () => {
    const place = newPlace();
    const path = join(temporaryFolder(), "empty.db");
    writeFileSync(path, "");
    await expect(openReader({ ...place, path })).rejects.toMatchObject({ code: "STORE_MISSING" });
    const made = new Database(path);
    createSchema(made);
    made.close();
    await expect(openReader({ ...place, path })).rejects.toMatchObject({ code: "STORE_MISSING" });
  });

  it("says so too of one whose maker was killed before it was a WAL, and it can be made again", async () => {
    const place = newPlace();
    cutOff(place, "PRAGMA user_version = 1; BEGIN IMMEDIATE; PRAGMA user_version = 2");
    await expect(openReader(place)).rejects.toMatchObject({ code: "STORE_MISSING" });
    await expect(verify(place)).rejects.toMatchObject({ code: "STORE_MISSING" });
    expect((await openWriter(place)).made.store).toBe(true);
  });

  it("says of a file that another program left in the middle of a change what it is, and not that it is empty", async () => {
    const place = newPlace();
    cutOff(place, "CREATE TABLE t (a); BEGIN IMMEDIATE; CREATE TABLE u (a)");
    for (const open of [openReader, openWriter])
      await expect(open(place)).rejects.toMatchObject({
        code: "STORE_DAMAGED",
        mend: expect.stringContaining("sqlite3"),
      });
  });

  it("does not pass on an artefact that is not what its digest says, nor a record that is none", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const id = await runSession(writer, 1);
    await writer.close();
    changeStore(place.path, (db) => {
      db.exec("UPDATE artefact SET bytes = x'00'");
      relabel(db, (body) => body.replace("call.intended", "call.invented"));
    });
    const reader = await openReader(place);
    const opened = reader.session.bind(reader);
    expect(() => reader.artefact(sha256Hex("an artefact\n"))).toThrow(/not what its digest says/);
    expect(opened(id)[1]?.body.type).toBe("call.invented");
    changeStore(place.path, (db) => relabel(db, () => "{}", "n = 2"));
    expect(() => opened(id)).toThrow(expect.objectContaining({ code: "LOG_INVALID" }) as Error);
  });

  it("sees no record before record 0, whichever way it is asked", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const batchJob = sha256Hex("job");
    const session = writer.openSession(openedDraft({ batchJob }));
    session.append(closedDraft(0));
    await session.release();
    await writer.close();
    const id = session.id() as SessionId;
    // A copy of a finished job's session, filed before the beginning; the session itself is taken away.
    changeStore(place.path, (db) => {
      db.pragma("ignore_check_constraints = ON");
      db.exec("UPDATE record SET seq = seq - 10, opening = opening - 10 WHERE opening IS NOT NULL");
    });
    const reader = await openReader(place);
    expect(reader.size()).toBe(1);
    expect(reader.sessionsOfJob(batchJob)).toEqual([]);
    expect(reader.sessionsByPrefix(id.slice(0, 8), 5)).toEqual([]);
    expect([...reader.sessions()]).toEqual([]);
    expect([...reader.sessions({ newestFirst: true })]).toEqual([]);
    expect(reader.session(id)).toEqual([]);
    expect(reader.closing(id)).toBeUndefined();
    expect(reader.record(-9)).toBeUndefined();
    const db = new Database(place.path, { readonly: true });
    const reads = new SqliteReads(db, hostTreeHasher);
    expect([reads.openingsOfBoot(writer.boot), reads.sessionRows(-9)]).toEqual([[], []]);
    expect([reads.rows(-99, 9).length, reads.bodyBytes(-9), reads.sessionLast(-9)]).toEqual([1, undefined, undefined]);
    db.close();
  });

  it("does not pass on a record that is filed as what it is not, and names verify", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const batchJob = sha256Hex("job");
    const session = writer.openSession(openedDraft({ batchJob }));
    session.append(closedDraft(0));
    await session.release();
    const [one, other] = [session.id() as SessionId, await runSession(writer, 1)];
    await writer.close();
    const changes: readonly (readonly [sql: string, read: (reader: LogReader) => unknown, says: RegExp])[] = [
      [
        "INSERT INTO record (seq, leaf, body, opening, n) SELECT 50, leaf, body, 50, 0 FROM record WHERE seq = 1",
        (reader) => reader.sessionsOfJob(batchJob),
        /record 50 says that it is record 1;.*enclosure verify/,
      ],
      [
        "UPDATE record SET leaf = zeroblob(32) WHERE seq = 1",
        (reader) => [...reader.sessions()],
        /record 1 does not have the hash/,
      ],
      [
        "UPDATE record SET leaf = unhex('aaaa' || substr(hex(leaf), 5)) WHERE seq = 1",
        (reader) => reader.sessionsByPrefix("aaaa", 5),
        /record 1 does not have the hash/,
      ],
      ["UPDATE record SET opening = 3, n = 9 WHERE seq = 2", (reader) => reader.closing(other), /record 2 is filed at/],
      [
        "UPDATE record SET opening = 99 WHERE seq = 2; UPDATE record SET opening = 1 WHERE seq = 4",
        (reader) => reader.session(one),
        /record 4 is filed under another session/,
      ],
      ["UPDATE record SET n = 7 WHERE seq = 2", (reader) => reader.record(2), /record 2 is filed at another place/],
    ];
    for (const [sql, read, says] of changes) {
      const copy = copyStore(place);
      changeStore(copy.path, (db) => db.exec(sql));
      const reader = await openReader(copy);
      const fault = expect.objectContaining({
        code: "STORE_DAMAGED",
        message: expect.stringMatching(says) as string,
      }) as Error;
      expect(() => read(reader), sql).toThrow(fault);
    }
  });

  it("refuses a file that is no store, and keys that are open to others", async () => {
    const place = newPlace();
    const codeOf = (home: string, path: string): Promise<string | undefined> =>
      openLogReader({ path, home }).then(
        () => undefined,
        (error: unknown) => (isFault(error) ? error.code : String(error)),
      );
    expect(await codeOf(place.home, join(temporaryFolder(), "none.db"))).toBe("STORE_MISSING");
    const writer = await openWriter(place);
    await writer.close();
    rmSync(logFolder(place.home, writer.origin), { recursive: true });
    expect(await codeOf(place.home, place.path)).toBeUndefined();
  });
});
