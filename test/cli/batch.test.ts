// A batch from end to end: results, and going on. What kill -9 and other processes do to one is in the slow suite.
import Database from "better-sqlite3";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { batchPlace, done, jobs, lines } from "./batch-place.ts";

describe("enclosure batch", () => {
  test("gives one result line a job, and the highest status of all", async () => {
    const place = batchPlace();
    place.write({ "jobs.jsonl": jobs(["a", ""], ["b", "throw"], ["c", ""]) });
    const { exit, stdout, stderr } = await place.run("batch", "jobs.jsonl", "--jobs", "2");
    expect(exit).toBe(1);
    const results = lines(stdout);
    expect(results.map(({ id, status, exit }) => `${String(id)} ${String(status)} ${String(exit)}`).sort()).toEqual([
      "a completed 0",
      "b failed 1",
      "c completed 0",
    ]);
    expect(results.find(({ id }) => id === "a")).toMatchObject({ version: 1, output: "a", calls: { admitted: 1 } });
    expect(stderr).toContain("3 jobs: ");
    expect(stderr).toContain("calls: 3 admitted, 0 refused");
    expect(done(place)).toEqual(["a", "b", "c"]);
  });

  test("runs nothing twice: what is in the results is skipped, what is in the log is reported", async () => {
    const place = batchPlace();
    place.write({ "jobs.jsonl": jobs(["a", ""], ["b", "throw"]) });
    const first = await place.run("batch", "jobs.jsonl", "--out", "results.jsonl");
    expect(first.exit).toBe(1);
    const results = readFileSync(join(place.folder, "results.jsonl"), "utf8");
    expect(await place.run("batch", "jobs.jsonl", "--out", "results.jsonl")).toMatchObject({ exit: 1 });
    expect(readFileSync(join(place.folder, "results.jsonl"), "utf8")).toBe(results);

    // The results are lost, the log is not.
    writeFileSync(join(place.folder, "results.jsonl"), "");
    place.write({ "jobs.jsonl": jobs(["a", ""], ["b", "throw"], ["c", ""]) });
    const { exit, stdout } = await place.run("batch", "jobs.jsonl", "--out", "results.jsonl", "--json");
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      jobs: 3,
      reported: 2,
      left: 0,
      statuses: { completed: 2, failed: 1 },
      exit: 1,
    });
    const byId = (text: string): unknown[] =>
      lines(text).sort((x, y) => String(x["id"]).localeCompare(String(y["id"])));
    const again = byId(readFileSync(join(place.folder, "results.jsonl"), "utf8")).slice(0, 2);
    // The agent's stack is read through the source map in the live run only.
    const withoutStack = results.replace(/,"stack":"[^"]*"/, "");
    expect(again).toEqual(byId(withoutStack));
    expect(done(place)).toEqual(["a", "b", "c"]);
  });

  test("stopped by a signal, it leaves what it has not done to the next time", async () => {
    const place = batchPlace();
    place.write({ "jobs.jsonl": jobs(["before", "wait before"], ["later", ""]) });
    const running = place.start("batch", "jobs.jsonl", "--jobs", "1", "--out", "results.jsonl");
    await expect.poll(() => existsSync(join(place.folder, ".enclosure", "audit.db")), { timeout: 10_000 }).toBe(true);
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ exit: 1, stderr: expect.stringContaining("2 left") });
    expect(readFileSync(join(place.folder, "results.jsonl"), "utf8")).toBe("");
  });

  test("stops in order when nobody reads its results any more", async () => {
    const place = batchPlace();
    place.write({ "jobs.jsonl": jobs(["a", ""], ["b", "wait"]) });
    const running = place.start("batch", "jobs.jsonl", "--jobs", "2");
    running.hangUp();
    expect(await running.ended).toMatchObject({ exit: 1, stderr: expect.stringContaining("1 left") as string });
    const { sessions } = JSON.parse((await place.run("sessions", "--json")).stdout) as {
      sessions: { status: string }[];
    };
    expect(sessions.map(({ status }) => status).sort()).toEqual(["completed", "interrupted"]);
    expect((await place.run("verify")).exit).toBe(0);
  });

  test("writes its results over neither its jobs nor its store", async () => {
    const place = batchPlace();
    const text = jobs(["a", ""]).trimEnd();
    place.write({ "jobs.jsonl": text });
    const { exit, stderr } = await place.run("batch", "jobs.jsonl", "--out", "./jobs.jsonl");
    expect([exit, stderr]).toEqual([2, expect.stringContaining("[RESULTS_INVALID]")]);
    expect(readFileSync(join(place.folder, "jobs.jsonl"), "utf8")).toBe(text);
  });

  test("puts nothing on the record from which a job's input could be found by trying", async () => {
    // The same jobs on two stores: what ties them to their sessions hangs on each log's own key.
    const kept = await Promise.all(
      [batchPlace(), batchPlace()].map(async (place) => {
        place.write({ "jobs.jsonl": jobs(["a", ""]) });
        await place.run("batch", "jobs.jsonl");
        const db = new Database(join(place.folder, ".enclosure/audit.db"), { readonly: true });
        const found = db.prepare("SELECT body ->> '$.data.batchJob' FROM record WHERE n = 0").pluck().all();
        db.close();
        return found;
      }),
    );
    expect(kept.map((found) => found.length)).toEqual([1, 1]);
    expect(kept[0]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(kept[0]).not.toEqual(kept[1]);
  });

  test("refuses a jobs file with bad lines: all of them at once, and runs nothing", async () => {
    const place = batchPlace();
    place.write({ "jobs.jsonl": `${jobs(["a", ""])}nonsense\n{"id":"b"}\n` });
    const { exit, stderr } = await place.run("batch", "jobs.jsonl");
    expect(exit).toBe(2);
    expect(stderr).toContain("jobs.jsonl:2:1");
    expect(stderr).toContain("jobs.jsonl:3:1");
    expect(stderr).toContain("[BATCH_INVALID]");
    expect(done(place)).toEqual([]);
  });

  test("gives a job whose manifest is refused a result of its own, and runs the others", async () => {
    const place = batchPlace();
    place.write({ "bad.yaml": "enclosure: 2\n" });
    const bad = `${JSON.stringify({ id: "bad", agent: "agent.ts", manifest: "bad.yaml" })}\n`;
    place.write({ "jobs.jsonl": `${bad}${jobs(["a", ""])}` });
    const { exit, stdout } = await place.run("batch", "jobs.jsonl");
    expect(exit).toBe(2);
    expect(lines(stdout)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: "bad", status: "refused", session: null }),
        expect.objectContaining({ id: "a", status: "completed" }),
      ]),
    );
  });
});
