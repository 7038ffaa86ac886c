// Records beyond every head: verify says so while it is so, and the opening that finds them leaves a trace for ever.
import { describe, expect, it } from "vitest";
import { prepareRecord } from "../../src/audit/record.ts";
import { sha256Hex } from "../../src/base/bytes.ts";
import { systemClock, systemTimers } from "../../src/outside/clock.ts";
import { hostTreeHasher } from "../../src/outside/crypto.ts";
import { readHeads, removeHead } from "../../src/outside/head.ts";
import { logFolders } from "../../src/outside/keys.ts";
import { Assembly } from "../../src/store/assembly.ts";
import { countUnremembered } from "../../src/store/heads.ts";
import { Liveness } from "../../src/store/liveness.ts";
import { SqliteStore } from "../../src/store/sqlite.ts";
import { originOf } from "../../src/store/stored-record.ts";
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
import { logOver } from "./rig.ts";
import { heldTimers } from "./timers.ts";

const BOOT = "00000000000000ff";
const WHY = "a crash leaves some there, and so does whoever else appends";

/** Appends as someone can who writes the file and has no key. Returns the size of the log before. */
async function appendStrange({ path }: Place, count: number): Promise<number> {
  const store = await SqliteStore.open(path, hostTreeHasher, { clock: systemClock, timers: systemTimers });
  const before = store.size();
  const event = { log: originOf(store), boot: BOOT, evidence: "observed", timeMs: 0, monoUs: 0 } as const;
  await store.append((tip) => {
    const assembly = new Assembly(tip, hostTreeHasher);
    for (let i = 0; i < count; i++) {
      assembly.add(prepareRecord({ ...event, type: "log.failed", data: { code: "LOG_WRITE_FAILED" } }));
    }
    return assembly.batch();
  });
  store.close();
  return before;
}

async function closedPlace(): Promise<Place> {
  const place = newPlace();
  const writer = await openWriter(place);
  await runSession(writer, 1);
  await writer.close();
  return place;
}

const typesFrom = async (place: Place, from: number): Promise<readonly (string | undefined)[]> => {
  const reader = await openReader(place);
  return Array.from({ length: reader.size() - from }, (_, i) => reader.record(from + i)?.body.type);
};

describe("records beyond every head", () => {
  it.each([
    [1, (seq: number) => `record ${seq} stands beyond every head: ${WHY}`],
    [3, (seq: number) => `records ${seq} to ${seq + 2} stand beyond every head: ${WHY}`],
  ])("are named by verify, be it %i, and make the log incomplete", async (count, says) => {
    const place = await closedPlace();
    const seq = await appendStrange(place, count);
    const { verdicts } = await verify(place);
    expect(verdicts.completeness).toEqual({
      verdict: "incomplete",
      detail: says(seq),
      seqs: Array.from({ length: count }, (_, i) => seq + i),
    });
  });

  it("are counted by the next opening, before it signs for them, and verify names it for ever", async () => {
    const place = await closedPlace();
    const before = await appendStrange(place, 2);
    await (await openWriter(place)).close();
    expect(await typesFrom(place, before + 2)).toEqual(["log.opened", "log.checkpointed"]);
    const reader = await openReader(place);
    expect(reader.record(before + 2)?.body.data).toMatchObject({ unremembered: 2 });
    const later = await openWriter(place);
    await runSession(later, 1);
    await later.close();
    const report = await verify(place);
    expect(verdictsOf(report)).toEqual(ALL_OK);
    expect(report.verdicts.completeness).toEqual({
      verdict: "ok",
      detail:
        "every session is closed, and the log ends where it is remembered to end; " +
        `openings that found records beyond every head: record ${before + 2} (2): ${WHY}`,
      seqs: [before + 2],
    });
  });

  it("are counted before a recovery appends to them, and once", async () => {
    const live = newPlace();
    await openSession(await openWriter(live)).release();
    const place = copyStore(live);
    const before = await appendStrange(place, 1);
    await (await openWriter(place)).close();
    expect(await typesFrom(place, before + 1)).toEqual(["log.opened", "session.closed", "log.recovered"]);
    const session = openSession(await openWriter(place));
    await session.release();
    expect(await typesFrom(place, before + 4)).toEqual(["log.opened", "session.opened"]);
    expect((await openReader(place)).record(before + 4)?.body.data).toMatchObject({ unremembered: 0 });
  });

  it("are all there are where every head is gone", async () => {
    const place = await closedPlace();
    for (const folder of logFolders(place.home)) {
      for (const { boot } of readHeads(folder)) removeHead(folder, boot);
    }
    const { records } = await verify(place);
    await (await openWriter(place)).close();
    const { verdicts } = await verify(place);
    expect(verdicts.completeness).toMatchObject({ verdict: "ok", seqs: [records] });
    expect(verdicts.completeness.detail).toContain(`record ${records} (${records}): ${WHY}`);
  });

  it("are named up to five openings, and the rest counted", async () => {
    const place = await closedPlace();
    for (let opening = 0; opening < 7; opening++) {
      await appendStrange(place, 1);
      await (await openWriter(place)).close();
    }
    const { detail, seqs } = (await verify(place)).verdicts.completeness;
    expect(seqs).toHaveLength(5);
    expect(detail).toMatch(/: (record \d+ \(1\)(, )?){5} and 2 more: /);
  });
});

describe("a process that has committed and not written its head yet", () => {
  it("is waited for by whoever verifies or opens the store", async () => {
    const place = await closedPlace();
    const { log, end } = await logOver(place, BOOT, ({ head }) => ({
      head: { ...head, write: (one) => void systemTimers.after(80, () => head.write(one)) },
    }));
    const append = (): Promise<number> =>
      log.write((assembly) => void assembly.add(log.prepareOwn("log.failed", { code: "LOG_WRITE_FAILED" })));
    await append();
    expect((await verify(place)).verdicts.completeness.verdict).toBe("ok");
    const size = await append();
    await (await openWriter(place)).close();
    expect(await typesFrom(place, size)).toEqual(["log.checkpointed"]);
    await end();
  });

  it("is not waited for without end, nor where nobody lives, nor for oneself", async () => {
    const timers = heldTimers();
    const slots = [
      {
        boot: BOOT,
        store: sha256Hex("a file"),
        head: { size: 7, root: sha256Hex("7"), checkpoint: null },
        writtenMs: 0,
      },
    ];
    const place = await closedPlace();
    const { boot } = await openWriter(place);
    const liveness = new Liveness(place.path);
    const count = (size: number, self?: string): Promise<number> =>
      countUnremembered(size, () => slots, { liveness, timers, ...(self !== undefined && { boot: self }) });
    expect(await count(7)).toBe(0);
    expect(await count(9, boot)).toBe(2);
    const counted = count(9);
    let looks = 1;
    for (; timers.waiting() > 0; looks++) {
      timers.run(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([await counted, looks]).toEqual([2, 20]);
    expect(await countUnremembered(9, () => [], { liveness: new Liveness(newPlace().path), timers })).toBe(9);
  });
});
