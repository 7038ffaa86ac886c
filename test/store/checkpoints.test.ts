import Database from "better-sqlite3";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseRecord } from "../../src/audit/record.ts";
import { CHECKPOINT_MS, CHECKPOINT_RECORDS } from "../../src/base/limits.ts";
import { systemClock, systemRandom } from "../../src/outside/clock.ts";
import { logFolder } from "../../src/outside/keys.ts";
import { closedDraft, intendedDraft, settledDraft } from "./drafts.ts";
import { ALL_OK, newPlace, openSession, openWriter, type Place, verdictsOf, verify } from "./logs.ts";
import { heldTimers } from "./timers.ts";

const typesOf = (place: Place): string[] => {
  const db = new Database(place.path, { readonly: true });
  const bodies = db.prepare<[], string>("SELECT body FROM record ORDER BY seq").pluck().all();
  db.close();
  return bodies.map((body) => parseRecord(body).body.type);
};

describe("checkpoints", () => {
  const notes = (place: Place): { readonly size: number; readonly note: string }[] => {
    const db = new Database(place.path, { readonly: true });
    const rows = db
      .prepare<[], { size: number; note: string }>("SELECT size, note FROM checkpoint ORDER BY size")
      .all();
    db.close();
    return rows;
  };

  it("are signed when asked for, over all that is durable, each naming the one before it", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const session = openSession(writer);
    const first = await session.checkpoint();
    expect(first.size).toBe(2);
    session.append(intendedDraft(1));
    const second = await session.checkpoint();
    expect(second.size).toBe(4);
    expect(typesOf(place)).toEqual(["log.opened", "session.opened", "call.intended", "log.checkpointed"]);
    expect(notes(place).map(({ size }) => size)).toEqual([2, 4]);
    expect(notes(place)[1]?.note.split("\n").slice(0, 3)).toEqual([
      writer.origin,
      "4",
      Buffer.from(second.root, "hex").toString("base64"),
    ]);
  });

  it("are not signed twice over the same records", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const session = openSession(writer);
    const [one, other] = await Promise.all([session.checkpoint(), session.checkpoint()]);
    expect(await session.checkpoint()).toEqual(one);
    expect(other).toEqual(one);
    await writer.close();
    expect(notes(place)).toHaveLength(1);
  });

  it("are signed after so many records, and after so long", async () => {
    const place = newPlace();
    const timers = heldTimers();
    const writer = await openWriter(place, { clock: systemClock, random: systemRandom, timers });
    const session = openSession(writer);
    for (let call = 1; call <= CHECKPOINT_RECORDS; call++) session.append(intendedDraft(call));
    await session.release();
    // The signature comes after the commit that makes it due, and before the next but one.
    for (const call of [1_000, 1_001]) await session.release(session.append(intendedDraft(call)));
    expect(notes(place)).toHaveLength(1);
    session.append(intendedDraft(1_002));
    await session.release();
    timers.run(CHECKPOINT_MS);
    await session.checkpoint();
    expect(notes(place)).toHaveLength(2);
  });

  it("are signed when the writer closes, which it does once", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    openSession(writer);
    await Promise.all([writer.close(), writer.close()]);
    expect(existsSync(`${place.path}-wal`)).toBe(false);
    expect(notes(place).map(({ size }) => size)).toEqual([typesOf(place).length]);
  });

  it("stand in one line, though several processes sign", async () => {
    const place = newPlace();
    const writers = [await openWriter(place), await openWriter(place)];
    const sessions = writers.map(openSession);
    for (let round = 1; round <= 10; round++) {
      await Promise.all(
        sessions.map(async (session) => {
          session.append(intendedDraft(round));
          session.append(settledDraft(round));
          await session.checkpoint();
        }),
      );
    }
    for (const session of sessions) session.append(closedDraft(10));
    await Promise.all(writers.map((writer) => writer.close()));
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
    expect(readdirSync(join(logFolder(place.home, writers[0]?.origin as string), "heads")).length).toBeLessThanOrEqual(
      2,
    );
    await (await openWriter(place)).close();
    expect(readdirSync(join(logFolder(place.home, writers[0]?.origin as string), "heads"))).toHaveLength(1);
  });
});
