import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PayloadRef } from "../../src/audit/events.ts";
import { sha256Hex } from "../../src/base/bytes.ts";
import { isFault } from "../../src/base/errors.ts";
import { sessionIdOf } from "../../src/base/ids.ts";
import { systemClock, systemRandom, systemTimers } from "../../src/outside/clock.ts";
import { logFolder } from "../../src/outside/keys.ts";
import { openLogReader } from "../../src/store/reader.ts";
import { temporaryFolder } from "../support/folder.ts";
import { openedDraft } from "./drafts.ts";
import { newPlace, openReader, openWriter, runSession } from "./logs.ts";
import { changeStore } from "./tamper.ts";

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

  it("does not pass on an artefact that is not what its digest says, nor a record that is none", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const id = await runSession(writer, 1);
    await writer.close();
    changeStore(place.path, (db) => {
      db.exec("UPDATE artefact SET bytes = x'00'");
      db.exec("UPDATE record SET body = replace(body, 'call.intended', 'call.invented')");
    });
    const reader = await openReader(place);
    const opened = reader.session.bind(reader);
    expect(() => reader.artefact(sha256Hex("an artefact\n"))).toThrow(/not what its digest says/);
    expect(opened(id)[1]?.body.type).toBe("call.invented");
    changeStore(place.path, (db) => db.exec("UPDATE record SET body = '{}' WHERE n = 2"));
    expect(() => opened(id)).toThrow(expect.objectContaining({ code: "LOG_INVALID" }) as Error);
  });

  it("refuses a file that is no store, and keys that are open to others", async () => {
    const place = newPlace();
    const codeOf = (home: string, path: string): Promise<string | undefined> =>
      openLogReader({ path, home }).then(
        () => undefined,
        (error: unknown) => (isFault(error) ? error.code : String(error)),
      );
    expect(await codeOf(place.home, join(temporaryFolder(), "none.db"))).toBe("STORE_UNWRITABLE");
    const writer = await openWriter(place);
    await writer.close();
    rmSync(logFolder(place.home, writer.origin), { recursive: true });
    expect(await codeOf(place.home, place.path)).toBeUndefined();
  });
});
