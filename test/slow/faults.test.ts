// What the machine can do to a run: a disk without room, a folder that may not be written, a store that is locked. Each
// is told with its code and its mend, nothing that was recorded is lost, and nothing is done that is not recorded.
import Database from "better-sqlite3";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Ran } from "../cli/script.ts";
import { BATCH, type Desk, makeDesk } from "../end-to-end/desk.ts";
import { canMount, smallDisk } from "../end-to-end/small-disk.ts";

/** Pays again and again, with an argument that takes room on the disk. */
const PAYS = `import { desk } from "enclosure:caps";
export default async () => {
  for (let n = 0; n < 45; n++) await desk.pay({ id: "a", n, note: "x".repeat(60_000) });
};
`;
const ONE = "export default () => 1;\n";

function expectFault({ exit, stderr }: Ran, code: string, status = 70): void {
  expect([exit, stderr]).toEqual([status, expect.stringContaining(`[${code}]`)]);
  expect(stderr).toContain("enclosure: mend: ");
  expect(stderr).not.toContain("    at ");
}

/** Intents of the one session that was cut off. */
async function intents(desk: Desk, ...store: readonly string[]): Promise<number> {
  const calls = await desk.calls(...store);
  return calls.filter(({ verdict }) => verdict === "admitted").length;
}

describe.skipIf(!canMount())("on a disk of its own (needs a mount)", () => {
  test("a full disk ends the run before the next call is done; with room again, recovery names what is not known", async () => {
    const desk = makeDesk();
    desk.write({ "agent.ts": PAYS });
    const disk = smallDisk(join(desk.folder, "disk"), "2m");
    const store = ["--store", join("disk", "audit.db")];
    expectFault(await desk.run("run", "agent.ts", ...store), "LOG_WRITE_FAILED");
    const paid = desk.paid().length;
    expect(paid).toBeGreaterThan(0);
    expect(paid).toBeLessThan(45);
    expect(await intents(desk, ...store)).toBeGreaterThanOrEqual(paid);
    const before = await desk.run("verify", ...store);
    expect([before.exit, before.stdout]).toEqual([8, expect.not.stringContaining(" invalid ")]);

    disk.remount("size=16m");
    desk.write({ "agent.ts": ONE });
    expect((await desk.run("run", "agent.ts", ...store)).exit).toBe(0);
    expect((await desk.run("verify", ...store)).exit).toBe(0);
    const { stdout } = await desk.run("sessions", ...store);
    expect(stdout).toMatch(/ interrupted .* admitted(?: \(.*\))?, 0 refused/);
  });

  test("a disk without room for a store says so, and the store is made once there is room", async () => {
    const desk = makeDesk();
    desk.write({ "agent.ts": ONE });
    const disk = smallDisk(join(desk.folder, "disk"), "64k");
    const store = ["--store", join("disk", "audit.db")];
    expectFault(await desk.run("run", "agent.ts", ...store), "LOG_WRITE_FAILED");
    disk.remount("size=16m");
    expect((await desk.run("run", "agent.ts", ...store)).exit).toBe(0);
    expect((await desk.run("verify", ...store)).exit).toBe(0);
  });

  test("results that cannot be written end the batch; none of its writes is lost or done twice", async () => {
    // Long names make long lines: five of them fill the disk.
    const jobs = Array.from({ length: 9 }, (_, i) => ({ id: `job-${i}`.padEnd(350, "-"), reads: 0, writes: 1 }));
    const desk = makeDesk(jobs);
    smallDisk(join(desk.folder, "disk"), "4k");
    const out = join("disk", "results.jsonl");
    expectFault(await desk.run("batch", "jobs.jsonl", "--jobs", "2", "--out", out), "RESULTS_UNWRITABLE");
    expect(readFileSync(join(desk.folder, out), "utf8")).not.toBe("");
    expect(desk.paid().length).toBeLessThan(jobs.length);
    expect((await desk.run(...BATCH)).exit).toBe(0);
    expect(desk.results().map(({ status }) => status)).toEqual(jobs.map(() => "completed"));
    expect(desk.paid().toSorted()).toEqual(jobs.map(({ id }) => `${id} 0`).toSorted());
  });

  test("a folder that may not be written: a run is refused, whether there is a store or not", async () => {
    const desk = makeDesk();
    desk.write({ "agent.ts": ONE });
    const disk = smallDisk(join(desk.folder, "disk"), "16m");
    const store = ["--store", join("disk", "audit.db")];
    expect((await desk.run("run", "agent.ts", ...store)).exit).toBe(0);
    disk.remount("ro");
    expectFault(await desk.run("run", "agent.ts", ...store), "STORE_UNWRITABLE");
    expectFault(await desk.run("run", "agent.ts", "--store", join("disk", "new.db")), "STORE_UNWRITABLE");
    expectFault(await desk.run("run", "agent.ts", "--store", join("disk", "new", "audit.db")), "STORE_UNWRITABLE");
    disk.remount("rw");
    expect((await desk.run("verify", ...store)).exit).toBe(0);
  });
});

test("a store that another process holds for a moment is waited for", async () => {
  const desk = makeDesk();
  desk.write({ "agent.ts": `console.log("here"); ${ONE}` });
  await desk.run("run", "agent.ts");
  const other = new Database(desk.store);
  other.exec("BEGIN IMMEDIATE");
  const running = desk.start("run", "agent.ts");
  // Reading is never kept waiting.
  expect((await desk.verify()).exit).toBe(0);
  other.exec("COMMIT");
  other.close();
  expect((await running.ended).exit).toBe(0);
  expect(await desk.sessions()).toMatchObject([{ status: "completed" }, { status: "completed" }]);
});
