// A store that has lost every record: whoever writes or reads is refused, and verify says what is lost.
import Database from "better-sqlite3";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readHeads } from "../../src/outside/head.ts";
import { logFolders } from "../../src/outside/keys.ts";
import { openLogReader } from "../../src/store/reader.ts";
import { createSchema, TABLE_NAMES } from "../../src/store/schema.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { temporaryFolder } from "../support/folder.ts";
import { newPlace, openWriter, type Place, runSession, verify } from "./logs.ts";
import { runChild } from "./processes.ts";
import { changeStore } from "./tamper.ts";

/** A store whose first process was killed: all its records are in the WAL. */
async function killedPlace(): Promise<Place> {
  const place = newPlace();
  await runChild(place, { sessions: 1, calls: 500, killAfter: 5 });
  return place;
}

/** The store as the killed process left it, in a folder of its own; `other`: another file, under the same name. */
function copyWhole({ path, home }: Place): Place {
  const folder = temporaryFolder();
  cpSync(dirname(path), folder, { recursive: true });
  return { path: join(folder, "audit.db"), home };
}

/** Records that the heads of the one log vouch for; a process that is killed may have committed one more. */
function remembered({ home }: Place): number {
  const sizes = logFolders(home)
    .flatMap(readHeads)
    .map(({ head }) => head.size);
  return Math.max(...sizes);
}

async function expectEmptied(place: Place): Promise<void> {
  const records = remembered(place);
  const refused = { code: "LOG_BEHIND_HEAD", message: `${place.path} holds no record, and had ${records}` };
  await expect(openWriter(place)).rejects.toMatchObject(refused);
  await expect(openLogReader(place)).rejects.toMatchObject(refused);
  const report = await verify(place);
  expect([report.valid, report.records]).toEqual([false, 0]);
  expect(report.verdicts.completeness).toMatchObject({
    verdict: "invalid",
    detail: `records 0 to ${records - 1} are lost: the store holds none, and the head outside it covers ${records}`,
    seqs: Array.from({ length: records }, (_, seq) => seq),
  });
  const others = Object.entries(report.verdicts).filter(([aspect]) => aspect !== "completeness");
  expect(new Set(others.map(([, { verdict }]) => verdict))).toEqual(new Set(["cannot-check"]));
}

const damageHeader = (wal: string): void => {
  const bytes = readFileSync(wal);
  bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9);
  writeFileSync(wal, bytes);
};

const LOSSES: readonly (readonly [what: string, lose: (path: string) => void])[] = [
  ["was removed", (path) => ["", "-wal", "-shm"].forEach((end) => rmSync(path + end))],
  ["was removed without its WAL", (path) => rmSync(path)],
  ["lost its WAL", (path) => ["-wal", "-shm"].forEach((end) => rmSync(path + end))],
  ["has a damaged WAL header", (path) => damageHeader(`${path}-wal`)],
  ["was cut to nothing", (path) => truncateSync(path)],
  [
    "lost all its rows",
    (path) => changeStore(path, (db) => TABLE_NAMES.forEach((table) => db.exec(`DELETE FROM ${table}`))),
  ],
  [
    "was made anew by someone else",
    (path) => {
      for (const end of ["", "-wal", "-shm"]) rmSync(path + end);
      const db = new Database(path);
      createSchema(db);
      db.close();
    },
  ],
];

describe("a store whose first process was killed", () => {
  it.each(LOSSES)("and that %s is no new one, for its process's lock lies beside it", async (_, lose) => {
    const place = copyWhole(await killedPlace());
    expect(remembered(place)).toBeGreaterThan(5);
    lose(place.path);
    const wal = `${place.path}-wal`;
    const left = existsSync(wal) ? readFileSync(wal) : undefined;
    for (let time = 0; time < 2; time++) await expectEmptied(place);
    // What is left may be all that is left: nobody has written over it.
    if (left !== undefined) expect(readFileSync(wal).equals(left)).toBe(true);
  });

  it("is found empty by its file alone, where the locks are gone", async () => {
    const place = await killedPlace();
    rmSync(`${place.path}.live`, { recursive: true });
    damageHeader(`${place.path}-wal`);
    await expectEmptied(place);
    expect(existsSync(`${place.path}.live`)).toBe(false);
  });

  it("goes on once what it had lost is back", async () => {
    const place = await killedPlace();
    const whole = readFileSync(`${place.path}-wal`);
    damageHeader(`${place.path}-wal`);
    await expectEmptied(place);
    writeFileSync(`${place.path}-wal`, whole);
    await (await openWriter(place)).close();
    expect((await verify(place)).valid).toBe(true);
  });
});

describe("a store without a record", () => {
  it("is a new one where no head speaks of it", async () => {
    const old = newPlace();
    const writer = await openWriter(old);
    await runSession(writer, 1);
    await writer.close();
    // Closed in order and then removed: another may come to stand there, under whatever number the disk gives it.
    rmSync(old.path);
    await expect(openLogReader(old)).rejects.toMatchObject({ code: "STORE_MISSING" });
    await expect(verifyStore(old)).rejects.toMatchObject({ code: "STORE_MISSING" });
    expect((await openWriter(old)).made.store).toBe(true);
    const begun = newPlace();
    mkdirSync(dirname(begun.path), { recursive: true });
    writeFileSync(begun.path, "");
    writeFileSync(join(old.home, "logs", "README"), "a note");
    expect((await openWriter({ ...begun, home: old.home })).made.store).toBe(true);
  });

  it("is a lost one where its file stands, though its process ended in order", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    await runSession(writer, 1);
    await writer.close();
    truncateSync(place.path);
    await expectEmptied(place);
    expect(readdirSync(`${place.path}.live`)).toEqual([]);
  });

  it("is not written by a second process while the first goes on in the file that was removed", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    await runSession(writer, 1);
    for (const end of ["", "-wal", "-shm"]) rmSync(place.path + end);
    await expect(openWriter(place)).rejects.toMatchObject({ code: "LOG_BEHIND_HEAD" });
    expect(existsSync(place.path)).toBe(false);
  });
});

describe("a new store", () => {
  it("is not taken for one that was removed, and whose file had the same number", async () => {
    const place = newPlace();
    const writer = await openWriter(place);
    await runSession(writer, 1);
    await writer.close();
    for (const end of ["-wal", "-shm"]) rmSync(place.path + end, { force: true });
    truncateSync(place.path);
    await expect(openWriter(place)).rejects.toMatchObject({ code: "LOG_BEHIND_HEAD" });
    // What tells the two apart: the head was last written before this file was born.
    for (const folder of logFolders(place.home)) {
      for (const name of readdirSync(join(folder, "heads"))) utimesSync(join(folder, "heads", name), 1, 1);
    }
    expect((await openWriter(place)).made.store).toBe(true);
  });

  it("is made whatever else lies among the keys, and keys that cannot be made are told as such", async () => {
    const place = newPlace();
    mkdirSync(join(place.home, "logs"), { recursive: true });
    writeFileSync(join(place.home, "logs", "0123456789abcdef"), "");
    await expect(openLogReader(place)).rejects.toMatchObject({ code: "STORE_MISSING" });
    expect((await openWriter(place)).made.store).toBe(true);
    const file = { ...newPlace(), home: join(temporaryFolder(), "file") };
    writeFileSync(file.home, "");
    await expect(openWriter(file)).rejects.toMatchObject({ code: "KEY_UNWRITABLE" });
  });
});
