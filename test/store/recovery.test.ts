import { readdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StoredRecord } from "../../src/audit/contract.ts";
import type { SessionId } from "../../src/base/ids.ts";
import { intendedDraft, openedDraft, settledDraft } from "./drafts.ts";
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
import { temporaryFolder } from "../support/folder.ts";
import { Liveness } from "../../src/store/liveness.ts";
import { openSessions, recover } from "../../src/store/recovery.ts";
import { killAndRecover } from "./kills.ts";
import { logOver, withAppend } from "./rig.ts";
import { runChild } from "./processes.ts";

/** A store whose process is dead: three calls intended, one of them settled. */
async function cutOff(): Promise<{ readonly place: Place; readonly id: SessionId; readonly live: Place }> {
  const live = newPlace();
  const writer = await openWriter(live);
  await runSession(writer, 2);
  const session = openSession(writer);
  session.append(intendedDraft(1));
  session.append(intendedDraft(2));
  session.append(settledDraft(1));
  session.append(intendedDraft(3));
  await session.release();
  return { place: copyStore(live), id: session.id() as SessionId, live };
}

const typesOf = (records: readonly StoredRecord[]): string[] => records.map(({ body }) => body.type);

describe("recovery", () => {
  it("says of each intent without an outcome that it is unknown, and of its session that it was interrupted", async () => {
    const { place, id } = await cutOff();
    const writer = await openWriter(place);
    const reader = await openReader(place);
    const records = reader.session(id).slice(5);
    expect(typesOf(records)).toEqual(["call.settled", "call.settled", "session.closed"]);
    for (const [i, call] of [2, 3].entries()) {
      expect(records[i]?.body.data).toEqual({
        call,
        effectState: "unknown",
        code: "INTERRUPTED",
        result: null,
        error: null,
        durationMs: 0,
        delivered: "late",
      });
    }
    expect(reader.closing(id)?.body.data).toMatchObject({
      status: "interrupted",
      code: "SESSION_INTERRUPTED",
      calls: { admitted: 3, denied: 0, failed: 0, unknown: 2 },
      refusedInside: null,
    });
    const last = reader.record(reader.size() - 1);
    expect(last?.body.type).toBe("log.recovered");
    expect(last?.body.data).toEqual({ boot: writer.boot, sessions: [{ session: id, unknown: [2, 3] }] });
    await writer.close();
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
  });

  it("is done once, though it is tried again, or by two at once", async () => {
    const { place, id } = await cutOff();
    const writers = await Promise.all([openWriter(place), openWriter(place)]);
    const size = (await openReader(place)).session(id).length;
    for (const writer of writers) await writer.close();
    await (await openWriter(place)).close();
    const reader = await openReader(place);
    expect(reader.session(id)).toHaveLength(size);
    const recovered = Array.from({ length: reader.size() }, (_, seq) => reader.record(seq)?.body.type);
    expect(recovered.filter((type) => type === "log.recovered")).toHaveLength(1);
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
  });

  it("is not done again by one who saw the session open before another closed it", async () => {
    const { place, id } = await cutOff();
    const { log, store, end } = await logOver(place, "00000000000000ee", ({ store: whole }) => {
      const first = withAppend(whole, async (build) => {
        await (await openWriter(place)).close();
        return whole.append(build);
      });
      return { store: first };
    });
    const boots = new Liveness(place.path).dead();
    expect(openSessions(store, boots)).toHaveLength(1);
    await recover(log, store, boots);
    await end();
    const closings = (await openReader(place)).session(id).filter(({ body }) => body.type === "session.closed");
    expect(closings).toHaveLength(1);
  });

  it("leaves the sessions of a live process alone", async () => {
    const { live, id } = await cutOff();
    const other = await openWriter(live);
    const reader = await openReader(live);
    expect(reader.isLive(id)).toBe(true);
    expect(reader.closing(id)).toBeUndefined();
    await other.close();
    expect(reader.closing(id)).toBeUndefined();
  });

  it("closes what a writer left open when it was closed in order", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const session = openSession(writer);
    await session.release();
    await writer.close();
    const reader = await openReader(place);
    expect(reader.isLive(session.id() as SessionId)).toBe(false);
    await (await openWriter(place)).close();
    expect(reader.closing(session.id() as SessionId)?.body.data).toMatchObject({ status: "interrupted" });
    expect(readdirSync(`${place.path}.live`)).toEqual([]);
  });

  it("closes what could not go on, for a record of it was refused, once its process has ended in order", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    const session = openSession(writer);
    await session.release(session.append(intendedDraft(1)));
    session.append(intendedDraft(2));
    const bad = { ...settledDraft(1), data: { ...settledDraft(1).data, code: "not a code" } };
    const refused = expect.objectContaining({ code: "RECORD_REFUSED" }) as Error;
    expect(() => session.append(bad)).toThrow(refused);
    const unopened = openedDraft();
    expect(() => writer.openSession({ ...unopened, data: { ...unopened.data, seed: "é" } })).toThrow(refused);
    await runSession(writer, 1);
    await writer.close();
    expect((await verify(place)).verdicts.completeness.detail).toMatch(/was cut off, and waits for its recovery/);
    await (await openWriter(place)).close();
    const reader = await openReader(place);
    const id = session.id() as SessionId;
    expect(typesOf(reader.session(id)).slice(1)).toEqual([
      "call.intended",
      "call.intended",
      "call.settled",
      "call.settled",
      "session.closed",
    ]);
    expect(reader.closing(id)?.body.data).toMatchObject({
      status: "interrupted",
      calls: { admitted: 2, denied: 0, failed: 0, unknown: 2 },
    });
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
    expect(readdirSync(`${place.path}.live`)).toEqual([]);
  });

  it("takes nobody for dead where nothing says who is alive", async () => {
    const { place, id } = await cutOff();
    rmSync(`${place.path}.live`, { recursive: true });
    for (let opening = 0; opening < 2; opening++) await (await openWriter(place)).close();
    expect((await openReader(place)).closing(id)).toBeUndefined();
    expect(verdictsOf(await verify(place))).toEqual({ ...ALL_OK, completeness: "incomplete" });
  });

  it("leaves the sessions of a live process alone that came by another name", async () => {
    const { live, id } = await cutOff();
    const folder = temporaryFolder();
    symlinkSync(live.path, join(folder, "file.db"));
    symlinkSync(dirname(live.path), join(folder, "links"));
    for (const path of [join(folder, "file.db"), join(folder, "links", "audit.db")]) {
      await (await openWriter({ ...live, path })).close();
      const reader = await openReader({ ...live, path });
      expect(reader.isLive(id)).toBe(true);
      expect(reader.closing(id)).toBeUndefined();
    }
    expect(readdirSync(folder).sort()).toEqual(["file.db", "links"]);
  });

  it("names more unknown outcomes than one body can hold", async () => {
    const live = newPlace();
    const session = openSession(await openWriter(live));
    for (let call = 1; call <= 4_500; call++) {
      const { data, ...draft } = intendedDraft(call);
      session.append({ ...draft, data: { ...data, arguments: { ...data.arguments, level: "none" } } });
    }
    // Signed for before it is copied: else the live process would go on to sign for what the copy lacks.
    await session.checkpoint();
    const place = copyStore(live);
    await (await openWriter(place)).close();
    const report = await verify(place);
    expect(verdictsOf(report)).toEqual(ALL_OK);
  });
});

describe("kill -9 of a writer", () => {
  it.each([1, 9, 26])(
    "after %i records were told loses none of them, and leaves a log that recovers",
    async (killAfter) => {
      const place = newPlace();
      await killAndRecover(place, { sessions: 2, calls: 500, killAfter });
      expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
    },
  );
});

describe("several processes on one store", () => {
  it("may all be the first to open it", async () => {
    const place = newPlace();
    const children = await Promise.all(Array.from({ length: 8 }, () => runChild(place, { sessions: 1, calls: 1 })));
    for (const { code, stderr } of children) expect([code, stderr]).toEqual([0, ""]);
    expect(readdirSync(`${place.path}.live`)).toEqual([]);
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
  });

  it("append at once without an error or a fork, beside readers, and leave each other's sessions alone", async () => {
    const place = newPlace();
    const own = await openWriter(place);
    const session = openSession(own);
    await session.release();
    const reader = await openReader(place);
    let seen = 0;
    const look = (): void => {
      expect(reader.size()).toBeGreaterThanOrEqual(seen);
      seen = reader.size();
    };
    const children = await Promise.all([0, 1].map(() => runChild(place, { sessions: 3, calls: 15 }, look)));
    for (const { code, stderr, told } of children) {
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(told.filter(({ closed }) => closed !== undefined)).toHaveLength(3);
    }
    expect(reader.closing(session.id() as SessionId)).toBeUndefined();
    await runSession(own, 1);
    await own.close();
    await (await openWriter(place)).close();
    const report = await verify(place);
    expect(verdictsOf(report)).toEqual(ALL_OK);
    expect(report.sessions).toBe(8);
    const statuses = [...reader.sessions()].map(({ session }) => reader.closing(session as SessionId)?.body.data);
    expect(statuses.filter((one) => one !== undefined && "status" in one && one.status === "completed")).toHaveLength(
      7,
    );
  });
});
