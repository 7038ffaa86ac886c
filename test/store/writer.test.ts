import Database from "better-sqlite3";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isFault } from "../../src/base/errors.ts";
import { STORE_BUSY_MS_MAX } from "../../src/base/limits.ts";
import type { Timers } from "../../src/base/powers.ts";
import { heldTimers } from "./timers.ts";
import { systemClock, systemRandom, systemTimers } from "../../src/outside/clock.ts";
import { logFolder } from "../../src/outside/keys.ts";
import { temporaryFolder } from "../support/folder.ts";
import { watchSyncs } from "../support/syncs.ts";
import { closedDraft, intendedDraft, openedDraft, settledDraft } from "./drafts.ts";
import {
  ALL_OK,
  copyStore,
  newPlace,
  openReader,
  openSession,
  openWriter,
  type Place,
  runSession,
  verdictsOf,
  verify,
} from "./logs.ts";
import { changeStore } from "./tamper.ts";

const codeOf = async (run: () => Promise<unknown>): Promise<string | undefined> => {
  try {
    await run();
  } catch (error) {
    return isFault(error) ? error.code : String(error);
  }
  return undefined;
};

describe("openLogWriter()", () => {
  it("makes store, folder and keys at first use, and says so", async () => {
    const place = newPlace();
    const first = await openWriter(place);
    expect(first.made).toEqual({ store: true, key: true });
    expect(first.origin).toMatch(/^enclosure\.local\/[0-9a-f]{16}$/);
    expect(statSync(place.home).mode & 0o077).toBe(0);
    await first.close();
    const second = await openWriter(place);
    expect(second.made).toEqual({ store: false, key: false });
    expect(second.origin).toBe(first.origin);
    expect(second.boot).not.toBe(first.boot);
    await second.close();
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
  });

  it("makes a store that is for nobody but its owner, whatever the umask leaves to others", async () => {
    const place = newPlace();
    const folder = dirname(place.path);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    const writer = await openWriter(place);
    await runSession(writer, 1);
    for (const end of ["", "-wal", "-shm"])
      expect([end, statSync(place.path + end).mode & 0o777]).toEqual([end, 0o600]);
  });

  it("holds its lock before it writes the first record, and frees it where that fails", async () => {
    const place = newPlace();
    const locks = (): readonly string[] => readdirSync(`${place.path}.live`);
    const held: (readonly string[])[] = [];
    // The record's time is asked within its transaction.
    const failing = { ...systemClock, nowMs: () => expect.unreachable(`${held.push(locks())} asked`) };
    const powers = { random: systemRandom, timers: systemTimers };
    await expect(openWriter(place, { ...powers, clock: failing })).rejects.toThrow("1 asked");
    const clock = { ...systemClock, nowMs: () => (held.push(locks()), systemClock.nowMs()) };
    expect(locks()).toEqual([]);
    const { boot } = await openWriter(place, { ...powers, clock });
    expect(held).toEqual([[expect.stringMatching(/^[0-9a-f]{16}$/)], [boot]]);
  });

  it("makes its folder so that a power cut does not take it, nor the lock beside the store", async () => {
    const place = newPlace();
    const synced = watchSyncs();
    await openWriter(place);
    const folder = dirname(place.path);
    expect(synced()).toEqual(expect.arrayContaining([folder, dirname(folder), `${place.path}.live`]));
  });

  it("keeps WAL with full synchronisation, whatever the file says, and records what it found", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    await runSession(writer, 1);
    const reader = await openReader(place);
    expect(reader.record(0)?.body.data).toMatchObject({
      journal: "wal",
      synchronous: expect.stringMatching(/^FULL/) as string,
    });
  });

  it("refuses a file that is no store, one of a newer format, and one that it may not write", async () => {
    const place = newPlace();
    await (await openWriter(place)).close();
    const folder = temporaryFolder();
    const at = (name: string): Place => ({ ...place, path: join(folder, name) });
    writeFileSync(at("text").path, "not a database, and long enough to be looked at".repeat(30));
    expect(await codeOf(() => openWriter(at("text")))).toBe("STORE_FOREIGN");
    const other = new Database(at("other").path);
    other.exec("CREATE TABLE t (a)");
    other.close();
    expect(await codeOf(() => openWriter(at("other")))).toBe("STORE_FOREIGN");
    cpSync(place.path, at("newer").path);
    changeStore(at("newer").path, (db) => db.pragma("user_version = 2"));
    expect(await codeOf(() => openWriter(at("newer")))).toBe("STORE_NEWER");
    cpSync(place.path, at("changed").path);
    const changed = new Database(at("changed").path);
    changed.exec("DROP TRIGGER record_no_update");
    changed.close();
    expect(await codeOf(() => openWriter(at("changed")))).toBe("STORE_DAMAGED");
    expect(await codeOf(() => openWriter({ ...place, path: join(folder, "text", "audit.db") }))).toBe(
      "STORE_UNWRITABLE",
    );
    expect(await codeOf(() => openWriter({ ...place, path: folder }))).toBe("STORE_FOREIGN");
  });

  it("refuses where the keys are missing or open to others", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    await writer.close();
    const folder = logFolder(place.home, writer.origin);
    chmodSync(join(folder, "log.key"), 0o644);
    expect(await codeOf(() => openWriter(place))).toBe("KEY_EXPOSED");
    rmSync(folder, { recursive: true });
    expect(await codeOf(() => openWriter(place))).toBe("KEY_MISSING");
  });

  it("refuses a store that is behind its head: cut, or put back from an older copy", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    await runSession(writer, 2);
    const snapshot = copyStore(place);
    await runSession(writer, 2);
    await writer.close();
    expect(await codeOf(() => openWriter(snapshot))).toBe("LOG_BEHIND_HEAD");
    const cut = copyStore(place);
    changeStore(cut.path, (db) => db.exec("DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)"));
    expect(await codeOf(() => openWriter(cut))).toBe("LOG_BEHIND_HEAD");
  });

  it("refuses a store whose beginning is another than its head vouches for", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    await runSession(writer, 2);
    await writer.close();
    const copy = copyStore(place);
    changeStore(copy.path, (db) => db.exec("UPDATE record SET leaf = randomblob(32) WHERE seq = 3"));
    expect(await codeOf(() => openWriter(copy))).toBe("LOG_BEHIND_HEAD");
  });

  it("refuses to sign after a checkpoint that is not the log's own", async () => {
    const place = newPlace();
    await (await openWriter(place)).close();
    const copy = copyStore(place);
    changeStore(copy.path, (db) =>
      db.exec("UPDATE checkpoint SET note = replace(note, 'enclosure.local', 'enclosure.other')"),
    );
    const writer = await openWriter(copy);
    const session = openSession(writer);
    expect(await codeOf(() => session.checkpoint())).toBe("LOG_INVALID");
    expect(await codeOf(() => session.release())).toBe("LOG_INVALID");
  });

  it("gives up on a store that another process holds for too long", async () => {
    const place = newPlace();
    await (await openWriter(place)).close();
    let nowUs = 0;
    const clock = { ...systemClock, monotonicUs: () => (nowUs += (STORE_BUSY_MS_MAX * 1000) / 20) };
    const timers: Timers = { after: (_, fn) => systemTimers.after(0, fn) };
    const writer = await openWriter(place, { clock, random: systemRandom, timers });
    const holder = new Database(place.path);
    onTestFinished(() => void holder.close());
    holder.exec("BEGIN IMMEDIATE");
    const session = openSession(writer);
    expect(await codeOf(() => session.release())).toBe("STORE_BUSY");
    expect(await session.failed).toMatchObject({ code: "STORE_BUSY" });
  });

  it("waits for another process without standing still", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const holder = new Database(place.path);
    holder.exec("BEGIN IMMEDIATE");
    const session = openSession(writer);
    let isReleased = false;
    const released = session.release().then(() => (isReleased = true));
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(isReleased).toBe(false);
    holder.exec("COMMIT");
    holder.close();
    await released;
  });

  it("gives pseudonyms that stay, and that tell nothing", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const id = writer.pseudonym("os_user", "ada");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(writer.pseudonym("named", "ada")).not.toBe(id);
    await writer.close();
    expect((await openWriter(place)).pseudonym("os_user", "ada")).toBe(id);
    expect((await openWriter(newPlace())).pseudonym("os_user", "ada")).not.toBe(id);
  });

  it("is made once, though two processes make it at once", async () => {
    const place = newPlace();
    const [one, other] = await Promise.all([openWriter(place), openWriter(place)]);
    expect(one.origin).toBe(other.origin);
    expect([one.made.store, other.made.store].sort()).toEqual([false, true]);
    expect(readdirSync(join(place.home, "logs"))).toEqual([one.origin.slice(-16)]);
    await Promise.all([runSession(one, 3), runSession(other, 3)]);
    await Promise.all([one.close(), other.close()]);
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
  });
});

describe("a session's end of the log", () => {
  it("tells its id once the first record is durable, and where each record stands", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const session = openSession(writer);
    expect(session.id()).toBeUndefined();
    const tickets = [1, 2, 3].map((call) => session.append(intendedDraft(call)));
    expect(tickets.map(({ n }) => n)).toEqual([1, 2, 3]);
    const middle = await session.release(tickets[1]);
    expect(middle).toMatchObject({ seq: 3, n: 2 });
    expect(session.id()).toMatch(/^[0-9a-f]{64}$/);
    expect(await session.release(tickets[0])).toMatchObject({ seq: 2, n: 1 });
    expect(await session.release()).toMatchObject({ seq: 4, n: 3 });
    const reader = await openReader(place);
    expect(reader.record(3)?.leaf).toBe(middle.leaf);
  });

  it("shares one transaction with all that is appended in the same turn", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const sessions = [openSession(writer), openSession(writer), openSession(writer)];
    const before = readFileSync(`${place.path}-wal`).length;
    await Promise.all(sessions.map((session) => session.release()));
    const together = readFileSync(`${place.path}-wal`).length - before;
    const reader = await openReader(place);
    expect([...reader.sessions()].map(({ seq }) => seq)).toEqual([1, 2, 3]);
    // Three sessions alone would each write the same pages again.
    const alone = openSession(writer);
    await alone.release();
    expect(together).toBeLessThan(2 * (readFileSync(`${place.path}-wal`).length - before - together));
  });

  it("commits what nobody asks to release after a few milliseconds", async () => {
    const place = newPlace();
    const timers = heldTimers();
    const writer = await openWriter(place, { clock: systemClock, random: systemRandom, timers });
    const session = openSession(writer);
    await session.release();
    session.append(intendedDraft(1));
    const reader = await openReader(place);
    const size = reader.size();
    timers.run(4);
    await session.release();
    expect(reader.size()).toBe(size + 1);
  });

  it("never lets a session's time go backwards", async () => {
    let nowMs = 1_000;
    const clock = { ...systemClock, nowMs: () => nowMs };
    const place = newPlace();
    const writer = await openWriter(place, { clock, random: systemRandom, timers: systemTimers });
    const session = openSession(writer);
    nowMs = 5_000;
    expect(session.append(intendedDraft(1)).timeMs).toBe(5_000);
    nowMs = 2_000;
    expect(session.append(intendedDraft(2)).timeMs).toBe(5_000);
  });

  it("refuses what a body may not hold, and with it everything after", async () => {
    const writer = await openWriter(newPlace());
    const session = openSession(writer);
    await session.release();
    const bad = { ...settledDraft(1), data: { ...settledDraft(1).data, code: "it was Ada's fault" } };
    expect(() => session.append(bad)).toThrow(expect.objectContaining({ code: "RECORD_REFUSED" }) as Error);
    expect(() => session.append(intendedDraft(1))).toThrow(
      expect.objectContaining({ code: "RECORD_REFUSED" }) as Error,
    );
    expect(await codeOf(() => session.release())).toBe("RECORD_REFUSED");
    expect(await session.failed).toMatchObject({ code: "RECORD_REFUSED" });
    await openSession(writer).release();
  });

  it("takes nothing after its closing record", async () => {
    const writer = await openWriter(newPlace());
    const session = openSession(writer);
    session.append(closedDraft(0));
    expect(() => session.append(intendedDraft(1))).toThrow(/after its closing record/);
  });

  it("keeps an artefact once, and with the next record", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const session = openSession(writer);
    const bytes = new TextEncoder().encode("a script");
    const kept = session.keep(bytes);
    expect(session.keep(bytes)).toEqual(kept);
    expect(kept.bytes).toBe(8);
    await session.release();
    const reader = await openReader(place);
    expect(Buffer.from(reader.artefact(kept.sha256) ?? []).toString()).toBe("a script");
  });
});

describe("what a person may see of a store", () => {
  it("holds no name and no argument in the clear", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const session = writer.openSession(openedDraft({ name: "Ada Lovelace of Marylebone" }));
    session.append(intendedDraft(1, '{"card":"4111-1111-1111-1111"}'));
    session.append(settledDraft(1));
    session.append(closedDraft(1));
    await session.release();
    const wal = readFileSync(`${place.path}-wal`);
    await writer.close();
    const whole = Buffer.concat([wal, readFileSync(place.path)]);
    for (const text of ["Lovelace", "Marylebone", "4111"]) expect(whole.includes(text)).toBe(false);
  });
});
