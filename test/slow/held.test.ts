// What takes its time to show: a store that another process holds beyond the deadline, and a guest that spins on after
// its host was killed.
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { guestsOf, isGuest, isThere, killHost, makeDesk } from "../end-to-end/desk.ts";

test("a store that is held beyond the deadline is a fault, before a run and in the middle of one", async () => {
  const desk = makeDesk();
  desk.write({ "one.ts": "export default () => 1;\n" });
  expect((await desk.run("run", "one.ts")).exit).toBe(0);
  const running = desk.start("run", "agent.ts", "--input", '{"id":"a","reads":0,"writes":100000}');
  await running.said("desk.pay");
  const other = new Database(desk.store);
  await expect.poll(() => begun(other)).toBe(true);
  // What is paid now has its intent already; nothing is paid after it.
  const before = desk.paid().length;
  const refused = desk.run("run", "one.ts");
  for (const ran of [await running.ended, await refused]) {
    expect([ran.exit, ran.stderr]).toEqual([70, expect.stringContaining("[STORE_BUSY]")]);
    expect(ran.stderr).toContain("enclosure: mend: ");
  }
  expect(desk.paid().length - before).toBeLessThanOrEqual(1);
  other.exec("ROLLBACK");
  other.close();

  expect((await desk.run("run", "one.ts")).exit).toBe(0);
  const [, cut] = await desk.sessions();
  expect(cut).toMatchObject({ status: "interrupted" });
  expect(cut?.calls.admitted).toBeGreaterThanOrEqual(desk.paid().length);
  expect((await desk.verify()).exit).toBe(0);
});

function begun(db: Database.Database): boolean {
  try {
    db.exec("BEGIN IMMEDIATE");
    return true;
  } catch {
    return false;
  }
}

test("a guest that spins while its host is killed ends too", async () => {
  const desk = makeDesk();
  const limits = `enclosure: 1\nname: spinner\nversion: "1"\nlimits: { wall: 3s }\n`;
  desk.write({ "enclosure.yaml": limits, "agent.ts": `export default () => { for (;;); };\n` });
  const running = desk.start("run", "agent.ts");
  await expect.poll(() => guestsOf(running.pid).length).toBe(1);
  await expect.poll(async () => (await desk.run("sessions", "--json")).exit).toBe(0);
  const children = await killHost(running);
  expect(children.filter(isGuest)).toHaveLength(1);
  await expect.poll(() => children.filter(isThere), { timeout: 15_000, interval: 100 }).toEqual([]);
});
