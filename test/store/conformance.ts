// What every back end of the store must do, in one suite: see AuditStore in src/audit/store.ts.
import { describe, expect, it } from "vitest";
import { prepareRecord, type PreparedRecord } from "../../src/audit/record.ts";
import type { AuditStore, Batch, Tip } from "../../src/audit/store.ts";
import { hex, type HexDigest, sha256Hex, utf8 } from "../../src/base/bytes.ts";
import { sessionIdOf } from "../../src/base/ids.ts";
import type { JsonObject } from "../../src/base/json.ts";
import { CompactRange } from "../../src/audit/merkle.ts";
import { hostTreeHasher } from "../../src/outside/crypto.ts";
import { Assembly, Chain } from "../../src/store/assembly.ts";
import { artefactRef, openedData } from "./drafts.ts";

const boot = "0123456789abcdef";
const log = "enclosure.local/0123456789abcdef";

export function timerRecord(timer: number): PreparedRecord {
  const event = { log, boot, type: "timer.fired", evidence: "observed", timeMs: timer, monoUs: 0 } as const;
  return prepareRecord({ ...event, turn: timer, data: { timer } });
}

function openedRecord(change: { readonly job?: HexDigest; readonly boot?: string; readonly timeMs?: number } = {}) {
  const data = { ...openedData, batchJob: change.job ?? null } as unknown as JsonObject;
  const event = { log, type: "session.opened", evidence: "observed", monoUs: 0, turn: 0 } as const;
  return prepareRecord({ ...event, boot: change.boot ?? boot, timeMs: change.timeMs ?? 0, data });
}

function failedRecord(): PreparedRecord {
  const event = { log, boot, type: "log.failed", evidence: "observed", timeMs: 0, monoUs: 0 } as const;
  return prepareRecord({ ...event, data: { code: "STORE_BUSY" } });
}

/** Appends what `fill` adds, and returns the tip's size before. */
async function add(store: AuditStore, fill: (assembly: Assembly) => void): Promise<number> {
  let size = -1;
  await store.append((tip) => {
    size = tip.size;
    const assembly = new Assembly(tip, hostTreeHasher);
    fill(assembly);
    return assembly.batch();
  });
  return size;
}

const many = (store: AuditStore, count: number): Promise<number> =>
  add(store, (assembly) => {
    for (let i = 0; i < count; i++) assembly.add(failedRecord());
  });

const emptyBatch = (tip: Tip): Batch => new Assembly(tip, hostTreeHasher).batch();

/** `open` gives an empty store; `again` another door to the same store, as another process would have. */
export function conforms(
  name: string,
  open: () => Promise<{ store: AuditStore; again: () => Promise<AuditStore> }>,
): void {
  describe(`${name} conforms`, () => {
    it("is empty at first", async () => {
      const { store } = await open();
      expect(store.size()).toBe(0);
      expect(store.rows(0, 10)).toEqual([]);
      expect(store.row(0)).toBeUndefined();
      expect(store.lastCheckpoint()).toBeUndefined();
      expect(hex(store.range(0).root())).toBe(hex(hostTreeHasher.empty()));
      expect(store.faults()).toEqual([]);
    });

    it("keeps records in their order, with their places", async () => {
      const { store } = await open();
      const chain = new Chain();
      await add(store, (assembly) => {
        assembly.add(failedRecord());
        assembly.add(openedRecord(), chain);
      });
      await add(store, (assembly) => void assembly.add(timerRecord(1), chain));
      const rows = store.rows(0, 10);
      expect(rows.map(({ seq, opening, n }) => ({ seq, opening, n }))).toEqual([
        { seq: 0, opening: null, n: null },
        { seq: 1, opening: 1, n: 0 },
        { seq: 2, opening: 1, n: 1 },
      ]);
      for (const row of rows) {
        expect(row.leaf).toBe(hex(hostTreeHasher.leaf(row.body)));
        expect(row.prev).toBe(row.n === null || row.n === 0 ? null : rows[row.seq - 1]?.leaf);
        expect(store.row(row.seq)).toEqual(row);
        expect(store.bodyBytes(row.seq)).toEqual(expect.objectContaining({ length: utf8(row.body).length }));
      }
      expect(store.rows(1, 1)).toEqual([rows[1]]);
      expect(store.rows(-1, 9)).toEqual(rows);
      expect(store.row(-1)).toBeUndefined();
    });

    it("shows each append the head that the one before it has left, whichever door it came by", async () => {
      const { store, again } = await open();
      const other = await again();
      expect(await many(store, 3)).toBe(0);
      expect(await many(other, 300)).toBe(3);
      expect(await many(store, 1)).toBe(303);
      expect(await many(other, 1)).toBe(304);
      const whole = new CompactRange(hostTreeHasher);
      for (const row of store.rows(0, 400)) whole.push(hostTreeHasher.leaf(row.body));
      await store.append((tip) => {
        expect(tip.range.size).toBe(305);
        expect(hex(tip.range.root())).toBe(hex(whole.root()));
        return undefined;
      });
    });

    it("never gives a place twice to those who append at once", async () => {
      const { store, again } = await open();
      const other = await again();
      const sizes = await Promise.all(Array.from({ length: 40 }, (_, i) => many(i % 2 === 0 ? store : other, 2)));
      expect(sizes.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i * 2));
      expect(store.rows(0, 100).map(({ seq }) => seq)).toEqual(Array.from({ length: 80 }, (_, i) => i));
    });

    it("appends nothing where there is nothing to append", async () => {
      const { store } = await open();
      await store.append(() => undefined);
      expect(store.size()).toBe(0);
    });

    it("appends nothing where making the batch fails, and can be used again", async () => {
      const { store } = await open();
      const failing = store.append((tip) => {
        new Assembly(tip, hostTreeHasher).add(failedRecord());
        throw new Error("cannot be made");
      });
      await expect(failing).rejects.toThrow("cannot be made");
      expect(await many(store, 1)).toBe(0);
      expect(store.size()).toBe(1);
    });

    it("rebuilds the tree of any size from what it keeps", async () => {
      const { store } = await open();
      await many(store, 700);
      expect(store.counts().subtrees).toBe(2);
      expect(store.hashes(1, 0, 3)).toHaveLength(2);
      const range = new CompactRange(hostTreeHasher);
      for (const { seq, body } of store.rows(0, 700)) {
        range.push(hostTreeHasher.leaf(body));
        if ([0, 1, 254, 255, 256, 511, 600, 699].includes(seq)) {
          expect(hex(store.range(seq + 1).root())).toBe(hex(range.root()));
        }
      }
      expect(store.faults()).toEqual([]);
    });

    it("finds sessions by id, prefix, job and process, and pages through them", async () => {
      const { store } = await open();
      const job = sha256Hex("job");
      const chains = [new Chain(), new Chain(), new Chain()];
      await add(store, (assembly) => {
        assembly.add(openedRecord({ timeMs: 1_000 }), chains[0]);
        assembly.add(openedRecord({ timeMs: 2_000, job }), chains[1]);
        assembly.add(timerRecord(1), chains[0]);
        assembly.add(openedRecord({ timeMs: 3_000, boot: "fedcba9876543210", job }), chains[2]);
        assembly.add(timerRecord(2), chains[0]);
      });
      const seqs = (rows: readonly { readonly seq: number }[]): number[] => rows.map(({ seq }) => seq);
      const [first, second] = chains.map(({ id }) => sessionIdOf(id as HexDigest));
      expect(store.openingOf(second as never)?.seq).toBe(1);
      expect(store.openingOf(sessionIdOf(sha256Hex("none")))).toBeUndefined();
      for (const length of [4, 5, 11, 64]) {
        expect(seqs(store.openingsByPrefix((first as string).slice(0, length), 9))).toContain(0);
      }
      expect(store.openingsByPrefix("", 2)).toHaveLength(2);
      expect(seqs(store.openingsOfJob(job))).toEqual([1, 3]);
      expect(seqs(store.openingsOfBoot(boot))).toEqual([0, 1]);
      expect(seqs(store.sessionRows(0))).toEqual([0, 2, 4]);
      expect(store.sessionRow(0, 1)?.seq).toBe(2);
      expect(store.sessionRow(0, 3)).toBeUndefined();
      expect(store.sessionLast(0)?.seq).toBe(4);
      expect(seqs(store.openings({}, false, -1, 9))).toEqual([0, 1, 3]);
      expect(seqs(store.openings({}, false, 0, 1))).toEqual([1]);
      expect(seqs(store.openings({}, true, Infinity, 2))).toEqual([3, 1]);
      expect(seqs(store.openings({}, true, 1, 9))).toEqual([0]);
      const since = "1970-01-01T00:00:02.000Z";
      expect(seqs(store.openings({ since }, false, -1, 9))).toEqual([1, 3]);
      expect(seqs(store.openings({ until: since }, false, -1, 9))).toEqual([0, 1]);
    });

    it("keeps what stands outside the bodies", async () => {
      const { store } = await open();
      const payload = { commit: sha256Hex("commit"), kid: "ab".repeat(16), sealed: utf8("sealed") };
      const dataKey = { kid: "ab".repeat(16), wrapped: utf8("wrapped") };
      const artefact = { ...artefactRef, bytes: utf8("an artefact\n") };
      for (let i = 0; i < 2; i++) {
        const [payloads, dataKeys] = i === 0 ? [[payload], [dataKey]] : [[], []];
        await store.append((tip) => ({ ...emptyBatch(tip), payloads, dataKeys, artefacts: [artefact] }));
      }
      const plain = (value: object | undefined): unknown =>
        value &&
        Object.fromEntries(
          Object.entries(value).map(([key, one]) => [
            key,
            ArrayBuffer.isView(one) ? Buffer.from(one as Uint8Array).toString() : (one as unknown),
          ]),
        );
      expect(plain(store.payload(payload.kid, payload.commit))).toEqual(plain(payload));
      expect(plain(store.dataKey(dataKey.kid))).toEqual(plain(dataKey));
      expect(store.payload(payload.kid, sha256Hex("none"))).toBeUndefined();
      expect(store.dataKey("00".repeat(16))).toBeUndefined();
      expect(Buffer.from(store.artefact(artefact.sha256) ?? []).toString()).toBe("an artefact\n");
      expect(store.artefactLength(artefact.sha256)).toBe(12);
      expect(store.artefact(sha256Hex("none"))).toBeUndefined();
      expect(store.artefacts("", 9)).toHaveLength(1);
      expect(store.artefacts(artefact.sha256, 9)).toEqual([]);
      expect(store.dataKeys("", 9)).toHaveLength(1);
      const planted = { kid: "cd".repeat(16), wrapped: utf8("wrapped") };
      expect(store.counts()).toMatchObject({ records: 0, payloads: 1, artefacts: 1, idleDataKeys: 0 });
      await store.append((tip) => ({ ...emptyBatch(tip), dataKeys: [planted] }));
      expect(store.counts().idleDataKeys).toBe(1);
    });

    it("keeps checkpoints by size", async () => {
      const { store } = await open();
      await many(store, 3);
      for (const size of [1, 3]) {
        await store.append((tip) => ({ ...emptyBatch(tip), checkpoint: { size, note: `note ${size}` } }));
      }
      expect(store.lastCheckpoint()).toEqual({ size: 3, note: "note 3" });
      expect(store.checkpoints(0, 9).map(({ size }) => size)).toEqual([1, 3]);
      expect(store.checkpoints(1, 9).map(({ size }) => size)).toEqual([3]);
      expect(store.checkpoints(0, 1).map(({ size }) => size)).toEqual([1]);
      expect(store.counts()).toMatchObject({ records: 3, checkpoints: 2 });
    });
  });
}
