// The fault table: each point at which the log writes × {failed, failed but persisted}. Whatever fails, nothing is
// released that is not durable, the session is told, and the store opens, recovers and verifies afterwards.
import Database from "better-sqlite3";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { SessionLog } from "../../src/audit/contract.ts";
import { isFault } from "../../src/base/errors.ts";
import { systemRandom } from "../../src/outside/clock.ts";
import { hostHasher, hostSealer, hostTreeHasher } from "../../src/outside/crypto.ts";
import type { HeadWriter } from "../../src/outside/head.ts";
import { ballastOf } from "../../src/store/ballast.ts";
import type { LogPorts } from "../../src/store/log.ts";
import { SessionEnd } from "../../src/store/session-log.ts";
import { SqliteStore } from "../../src/store/sqlite.ts";
import { intendedDraft, openedDraft, ARTEFACT } from "./drafts.ts";
import { ALL_OK, newPlace, openReader, openWriter, type Place, verdictsOf, verify } from "./logs.ts";
import { logOver, withAppend } from "./rig.ts";

const BOOT = "00000000000000ff";
const broken = new Error("the disk says no");

interface Rig {
  readonly session: SessionLog;
  /** From now on the named point fails. */
  arm(): void;
  /** The process dies. */
  die(): Promise<void>;
}

type Change = (ports: LogPorts, isArmed: () => boolean) => Partial<LogPorts>;

/** A session over a log of which one part fails once it is armed. */
async function rig(place: Place, change: Change): Promise<Rig> {
  await (await openWriter(place)).close();
  let isArmed = false;
  const { log, store, keys, end } = await logOver(place, BOOT, (whole) => change(whole, () => isArmed));
  const seal = { hasher: hostHasher, sealer: hostSealer, random: systemRandom };
  const session = new SessionEnd({ log, reads: store, seal, wrapping: keys.wrapping });
  log.members.add(session);
  session.append(openedDraft());
  session.keep(ARTEFACT);
  return { session, arm: () => (isArmed = true), die: end };
}

/** The store, whose append number `at` after arming fails, before or after it has landed. */
function failingStore(persisted: boolean, at: number): Change {
  return ({ store }, isArmed) => {
    let count = 0;
    const failing = withAppend(store, async (build) => {
      const fails = isArmed() && count++ === at;
      if (fails && !persisted) throw broken;
      await store.append(build);
      if (fails) throw broken;
    });
    return { store: failing };
  };
}

function failingHead(what: keyof HeadWriter, persisted: boolean): Change {
  return ({ head }, isArmed) => ({
    head: {
      ...head,
      [what]: (one: never) => {
        if (!isArmed()) return head[what](one);
        if (persisted) head[what](one);
        throw broken;
      },
    },
  });
}

const failingSigner: Change = ({ signer }, isArmed) => ({
  signer: {
    ...signer,
    sign: (message) => {
      if (isArmed()) throw broken;
      return signer.sign(message);
    },
  },
});

const points: readonly (readonly [string, Change, "release" | "checkpoint"])[] = [
  ["the commit fails", failingStore(false, 0), "release"],
  ["the commit fails but persists", failingStore(true, 0), "release"],
  ["the head's write fails", failingHead("write", false), "release"],
  ["the head's write fails but persists", failingHead("write", true), "release"],
  ["the commit before a checkpoint fails", failingStore(false, 0), "checkpoint"],
  ["the commit before a checkpoint fails but persists", failingStore(true, 0), "checkpoint"],
  ["signing fails", failingSigner, "checkpoint"],
  ["keeping the note fails", failingStore(false, 1), "checkpoint"],
  ["keeping the note fails but persists", failingStore(true, 1), "checkpoint"],
  ["the head's sync fails", failingHead("sync", false), "checkpoint"],
  ["the head's sync fails but persists", failingHead("sync", true), "checkpoint"],
];

describe("a write that fails", () => {
  it.each(points)("%s: the session is told, nothing is released, and the log holds", async (_, change, what) => {
    const place = newPlace();
    const { session, arm, die } = await rig(place, change);
    const released = await session.release(session.append(intendedDraft(1)));
    arm();
    session.append(intendedDraft(2));
    const failure = await (what === "release" ? session.release() : session.checkpoint()).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "LOG_WRITE_FAILED" });
    expect(await session.failed).toBe(failure);
    expect(() => session.append(intendedDraft(3))).toThrow(broken.message);
    await expect(session.release()).rejects.toBe(failure);
    await expect(session.checkpoint()).rejects.toBe(failure);
    await die();

    await (await openWriter(place)).close();
    expect(verdictsOf(await verify(place))).toEqual(ALL_OK);
    const reader = await openReader(place);
    expect(reader.record(released.seq)).toMatchObject({ leaf: released.leaf, body: { type: "call.intended" } });
    expect(reader.closing(session.id() as never)?.body.data).toMatchObject({ status: "interrupted" });
  });

  it("is on the record, as far as the log can still be written", async () => {
    const place = newPlace();
    const { session, arm, die } = await rig(place, failingStore(false, 0));
    await session.release();
    arm();
    session.append(intendedDraft(1));
    await expect(session.release()).rejects.toThrow(broken.message);
    await die();
    const reader = await openReader(place);
    const types = Array.from({ length: reader.size() }, (_, seq) => reader.record(seq)?.body);
    expect(types.find((body) => body?.type === "log.failed")?.data).toEqual({ code: "LOG_WRITE_FAILED" });
    const report = await verify(place);
    expect(report.unanchored.records).toBe(0);
    expect(report.verdicts.tree.verdict).toBe("ok");
  });
});

describe("a full disk", () => {
  it("ends the session with a mend, and the ballast's room takes the last words", async () => {
    const place = newPlace();
    let room: (() => void) | undefined;
    const { session, arm, die } = await rig(place, ({ clock, timers }, isArmed) => {
      const db = new Database(place.path);
      const store = SqliteStore.over(db, place.path, hostTreeHasher, { clock, timers });
      const pages = (): number => Number(db.pragma("page_count", { simple: true }));
      const limit = (count: number): void => void db.pragma(`max_page_count = ${count}`);
      const filled = withAppend(store, (build) => {
        if (isArmed() && room === undefined) {
          limit(pages());
          room = () => limit(pages() + 1_000);
        }
        return store.append(build);
      });
      return { store: filled, freeRoom: () => room?.() };
    });
    await session.release();
    arm();
    for (let call = 1; call <= 30; call++) session.append(intendedDraft(call));
    const failure = await session.release().catch((error: unknown) => error);
    expect(isFault(failure, "LOG_WRITE_FAILED")).toBe(true);
    expect(failure).toMatchObject({ mend: expect.stringMatching(/room/) as string });
    expect(room).toBeDefined();
    await die();
    const reader = await openReader(place);
    expect(reader.session(session.id() as never)).toHaveLength(1);
    const last = Array.from({ length: reader.size() }, (_, seq) => reader.record(seq)?.body.type);
    expect(last).toContain("log.failed");
    expect((await verify(place)).unanchored.records).toBe(0);
  });
});

describe("the ballast", () => {
  it("lies beside the store, takes room, and gives it back", async () => {
    const place = newPlace();
    await (await openWriter(place)).close();
    expect(existsSync(`${place.path}.ballast`)).toBe(true);
    const ballast = ballastOf(place.path);
    ballast.drop();
    expect(existsSync(`${place.path}.ballast`)).toBe(false);
    ballast.drop();
    writeFileSync(`${place.path}.ballast`, "too small");
    ballast.load();
    rmSync(`${place.path}.ballast`);
    await (await openWriter(place)).close();
    expect(existsSync(`${place.path}.ballast`)).toBe(true);
  });
});
