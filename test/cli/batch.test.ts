// A batch from end to end: results, going on, and that nothing is written twice.
import Database from "better-sqlite3";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makePlace, type Place } from "./script.ts";

const MANIFEST = `enclosure: 1
name: worker
version: "1"
capabilities:
  files: { use: fs, mounts: { /out: { path: ./out, access: rw } } }
`;

// Appends its name, so that a second run of a job would show; then does as it is told.
const AGENT = `import { files } from "enclosure:caps";
export default async ({ name, then }: { name: string; then: string }) => {
  if (then !== "wait before") await files.append("/out/done.txt", name + "\\n");
  if (then === "throw") throw new Error("as told");
  if (then.startsWith("wait")) { console.log("now waiting"); await new Promise((done) => setTimeout(done, 60_000)); }
  return name;
};
`;

function batchPlace(): Place {
  const place = makePlace();
  place.write({ "enclosure.yaml": MANIFEST, "agent.ts": AGENT, "out/done.txt": "" });
  return place;
}

function jobs(...list: readonly (readonly [id: string, then: string])[]): string {
  return list.map(([id, then]) => `${JSON.stringify({ id, agent: "agent.ts", input: { name: id, then } })}\n`).join("");
}

const done = (place: Place): readonly string[] =>
  readFileSync(join(place.folder, "out/done.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .sort();
const lines = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

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

  test("after kill -9 runs again only what had not written, and reports the rest as interrupted", async () => {
    const place = batchPlace();
    place.write({ "jobs.jsonl": jobs(["before", "wait before"], ["after", "wait after"]) });
    const running = place.start("batch", "jobs.jsonl", "--jobs", "2", "--out", "results.jsonl");
    await waitUntilWritten(place);
    running.kill("SIGKILL");
    await running.ended;
    expect(done(place)).toEqual(["after"]);

    // The job that had not written is another one now only in what it is told by the file beside it.
    place.write({
      "agent.ts": AGENT.replace('then !== "wait before"', "true").replace('then.startsWith("wait")', "false"),
    });
    const { exit } = await place.run("batch", "jobs.jsonl", "--out", "results.jsonl");
    expect(exit).toBe(1);
    const results = lines(readFileSync(join(place.folder, "results.jsonl"), "utf8"));
    expect(results.find(({ id }) => id === "before")).toMatchObject({ status: "completed" });
    expect(results.find(({ id }) => id === "after")).toMatchObject({
      status: "interrupted",
      error: { code: "SESSION_INTERRUPTED" },
    });
    expect(done(place)).toEqual(["after", "before"]);
    expect(await place.run("verify")).toMatchObject({ exit: 0 });
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

  test("started three times at once it is run by one, and after its kill -9 by the next", async () => {
    const place = batchPlace();
    const names = ["a", "b", "c", "d", "e"];
    place.write({ "jobs.jsonl": jobs(...names.map((name) => [name, ""] as const), ["last", "wait before"]) });
    const started = ["r1", "r2", "r3"].map((name) =>
      place.start("batch", "jobs.jsonl", "--jobs", "2", "--out", `${name}.jsonl`),
    );
    const over = new Set<number>();
    const all = started.map(async ({ ended }, i) => {
      const { exit, stderr } = await ended;
      over.add(i);
      return { exit, stderr };
    });
    await expect.poll(() => over.size, { timeout: 20_000 }).toBe(2);
    const holder = started.findIndex((_, i) => !over.has(i));
    const results = (): unknown[] => lines(readFileSync(join(place.folder, `r${holder + 1}.jsonl`), "utf8"));
    await expect.poll(() => results().length, { timeout: 20_000 }).toBe(names.length);
    started[holder]?.kill("SIGKILL");
    const refused = (await Promise.all(all)).filter((_, i) => i !== holder);
    for (const one of refused) expect(one).toMatchObject({ exit: 2, stderr: expect.stringContaining("[BATCH_BUSY]") });
    expect(done(place)).toEqual(names);

    place.write({ "agent.ts": AGENT.replace('then.startsWith("wait")', "false") });
    expect(await place.run("batch", "jobs.jsonl", "--jobs", "2", "--out", "r4.jsonl")).toMatchObject({ exit: 0 });
    expect(lines(readFileSync(join(place.folder, "r4.jsonl"), "utf8"))).toHaveLength(names.length + 1);
    expect(done(place)).toEqual(names);
  });

  test("leaves the jobs alone that another process is running", async () => {
    const place = batchPlace();
    place.write({ "jobs.jsonl": jobs(["a", "wait after"]) });
    const running = place.start("batch", "jobs.jsonl");
    await expect.poll(() => done(place).length, { timeout: 20_000 }).toBe(1);
    const { exit, stdout } = await place.run("batch", "jobs.jsonl", "--json");
    running.kill("SIGINT");
    await running.ended;
    expect(exit).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "BATCH_BUSY", message: expect.stringContaining("jobs.jsonl") },
    });
    expect(done(place)).toEqual(["a"]);
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

/** Until one job has written and both have a session. */
async function waitUntilWritten(place: Place): Promise<void> {
  await expect.poll(() => done(place).length, { timeout: 20_000 }).toBe(1);
  const sessions = async (): Promise<number> => {
    const { stdout } = await place.run("sessions", "--json");
    return (JSON.parse(stdout) as { sessions: unknown[] }).sessions.length;
  };
  await expect.poll(sessions, { timeout: 20_000, interval: 100 }).toBe(2);
}
