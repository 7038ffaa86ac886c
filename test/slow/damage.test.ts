// What a user sees of a store that was cut, damaged, put back or changed: a sample through the command line. What each
// column of each table means to the verdicts is tested beside the store.
import Database from "better-sqlite3";
import { copyFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { changeStore } from "../store/tamper.ts";
import { BATCH, type Desk, makeDesk, until, type Verified } from "../end-to-end/desk.ts";

const LONG = [{ id: "long", reads: 0, writes: 2_000 }];

test("the loss of the WAL's tail is found, and nothing more is written over it", async () => {
  const desk = makeDesk(LONG);
  const running = desk.start(...BATCH);
  await until(() => desk.paid().length >= 10, running);
  running.kill("SIGKILL");
  await running.ended;
  const wal = `${desk.store}-wal`;
  const whole = readFileSync(wal);
  const records = (await desk.verify()).report.records;

  // The third commit from the end: what comes after it was not acted upon, or the head may not tell of it yet.
  const place = commitFrames(whole).at(-3) as number;
  truncateSync(wal, place);
  const cut = await desk.verify();
  expect(cut.report.records).toBeLessThan(records);
  await expectBehind(desk);

  // One damaged byte in a frame, and SQLite takes this frame and all that follow for a tail that was never written.
  restore(desk, whole);
  const damaged = Buffer.from(whole);
  damaged.writeUInt8(damaged.readUInt8(place + 100) ^ 1, place + 100);
  restore(desk, damaged);
  await expectBehind(desk);

  restore(desk, whole);
  expect((await desk.verify()).exit).toBe(8);
  expect((await desk.run(...BATCH)).exit).toBe(1);
  expect((await desk.verify()).exit).toBe(0);
});

test("the loss of all that the first batch recorded is found, and none of its writes is done again", async () => {
  const desk = makeDesk(LONG);
  const running = desk.start(...BATCH);
  await until(() => desk.paid().length >= 10, running);
  running.kill("SIGKILL");
  await running.ended;
  const paid = desk.paid();
  const folder = dirname(desk.store);
  cpSync(folder, `${folder}.copy`, { recursive: true });
  const wal = `${desk.store}-wal`;
  const losses: readonly (() => void)[] = [
    () => writeFileSync(wal, readFileSync(wal).fill(0, 0, 1)),
    () => rmSync(wal),
    () => rmSync(desk.store),
    () => ["", "-wal", "-shm"].forEach((end) => rmSync(desk.store + end)),
    () => changeStore(desk.store, (db) => void db.exec("DELETE FROM record; DELETE FROM checkpoint")),
  ];
  for (const lose of losses) {
    lose();
    const { verdicts } = await expectBehind(desk);
    expect(verdicts["completeness"]?.detail).toMatch(/^records 0 to \d+ are lost/);
    const resumed = await desk.run(...BATCH);
    expect([resumed.exit, resumed.stderr]).toEqual([5, expect.stringContaining("[LOG_BEHIND_HEAD]")]);
    expect((await desk.run("sessions")).stderr).toContain("[LOG_BEHIND_HEAD]");
    expect(desk.paid()).toEqual(paid);
    rmSync(folder, { recursive: true });
    cpSync(`${folder}.copy`, folder, { recursive: true });
  }
  expect((await desk.run(...BATCH)).exit).toBe(1);
  expect((await desk.verify()).exit).toBe(0);
  expect(desk.paid()).toEqual(paid);
});

test("an older copy that is put back is found, with what it lacks, and refused for writing", async () => {
  const desk = makeDesk();
  const run = (): ReturnType<Desk["run"]> => desk.run("run", "agent.ts", "--input", '{"id":"a","reads":1,"writes":0}');
  await run();
  const copy = `${desk.store}.copy`;
  copyFileSync(desk.store, copy);
  await run();
  copyFileSync(copy, desk.store);
  const report = await expectBehind(desk);
  expect(report.verdicts["completeness"]).toMatchObject({ verdict: "invalid" });
});

test("a row that is taken away is found, and the place is named", async () => {
  const desk = makeDesk();
  await desk.run("run", "agent.ts", "--input", '{"id":"a","reads":3,"writes":1}');
  const copy = `${desk.store}.copy`;
  copyFileSync(desk.store, copy);
  const take = async (sql: string): Promise<string> => {
    copyFileSync(copy, desk.store);
    changeStore(desk.store, (db) => void db.exec(sql));
    const { exit, stdout } = await desk.run("verify");
    expect(exit, sql).toBe(5);
    return stdout;
  };
  expect(await take("DELETE FROM record WHERE seq = 5")).toMatch(/invalid .*\bseq 5\b/);
  expect(await take("DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)")).toMatch(/invalid .*record/);
  expect(await take("DELETE FROM checkpoint")).toMatch(/invalid .*checkpoint/);
  expect(await take("DELETE FROM payload WHERE rowid = (SELECT min(rowid) FROM payload)")).toMatch(/invalid .*payload/);
});

test("a changed byte in what a table holds is found, wherever it is", async () => {
  const desk = makeDesk();
  await desk.run("run", "agent.ts", "--input", '{"id":"a","reads":2,"writes":1}');
  const whole = readFileSync(desk.store);
  const values = lastValues(desk.store);
  expect(values.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["record.body", "record.leaf", "payload.sealed", "artefact.bytes", "checkpoint.note"]),
  );
  for (const { name, bytes } of values) {
    const changed = Buffer.from(whole);
    // SQLite leaves copies in pages that it has split: each place that holds the value is changed.
    let at = whole.indexOf(bytes);
    expect([name, at]).not.toEqual([name, -1]);
    for (; at !== -1; at = whole.indexOf(bytes, at + 1)) changed.writeUInt8(changed.readUInt8(at + 8) ^ 1, at + 8);
    writeFileSync(desk.store, changed);
    const { exit, report } = await desk.verify();
    expect([name, exit, report.valid]).toEqual([name, 5, false]);
  }
});

/** Of each column that holds bytes or text, the last row's: as much as stands in one page for certain. */
function lastValues(path: string): readonly { readonly name: string; readonly bytes: Buffer }[] {
  const db = new Database(path, { readonly: true });
  const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  const values = tables.flatMap((table) => {
    const row = db.prepare<[], Record<string, unknown>>(`SELECT * FROM ${table} ORDER BY 1 DESC LIMIT 1`).get() ?? {};
    return Object.entries(row).flatMap(([column, value]) => {
      if (typeof value !== "string" && !Buffer.isBuffer(value)) return [];
      return [{ name: `${table}.${column}`, bytes: Buffer.from(value).subarray(0, 400) }];
    });
  });
  // An opening is what SQLite itself reads as JSON, for its indexes: damaged, it is no JSON any more.
  const opening = db.prepare<[], string>("SELECT body FROM record WHERE n = 0").pluck().get() ?? "";
  db.close();
  return [...values, { name: "an opening", bytes: Buffer.from(opening).subarray(0, 400) }];
}

/** Where the frames that end a commit begin: of the file's present run of frames, not of what an earlier one left behind. */
function commitFrames(wal: Buffer): readonly number[] {
  const pageBytes = wal.readUInt32BE(8);
  const salts = wal.subarray(16, 24);
  const places: number[] = [];
  for (
    let at = 32;
    at + 24 + pageBytes <= wal.length && wal.subarray(at + 8, at + 16).equals(salts);
    at += 24 + pageBytes
  ) {
    if (wal.readUInt32BE(at + 4) !== 0) places.push(at);
  }
  return places;
}

function restore({ store }: Desk, wal: Buffer): void {
  rmSync(`${store}-shm`, { force: true });
  writeFileSync(`${store}-wal`, wal);
}

/** verify says that records are lost, and a run that would write is refused before anything is done. */
async function expectBehind(desk: Desk): Promise<Verified> {
  const paid = desk.paid();
  const { exit, report } = await desk.verify();
  expect([exit, report.valid]).toEqual([5, false]);
  const details = Object.values(report.verdicts).filter(({ verdict }) => verdict === "invalid");
  expect(details.map(({ detail }) => detail).join("; ")).toMatch(/record/);
  const refused = await desk.run("run", "agent.ts", "--input", '{"id":"x","reads":0,"writes":1}');
  expect(refused).toMatchObject({
    exit: 5,
    stdout: "",
    stderr: expect.stringContaining("[LOG_BEHIND_HEAD]") as string,
  });
  expect(refused.stderr).toContain("mend:");
  expect(desk.paid()).toEqual(paid);
  return report;
}
