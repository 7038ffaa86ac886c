// A batch that is killed, or met by another process that would run the same jobs: nothing is written twice.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AGENT, batchPlace, done, jobs, lines } from "../cli/batch-place.ts";
import type { Place } from "../cli/script.ts";

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

/** Until one job has written and both have a session. */
async function waitUntilWritten(place: Place): Promise<void> {
  await expect.poll(() => done(place).length, { timeout: 20_000 }).toBe(1);
  const sessions = async (): Promise<number> => {
    const { stdout } = await place.run("sessions", "--json");
    return (JSON.parse(stdout) as { sessions: unknown[] }).sessions.length;
  };
  await expect.poll(sessions, { timeout: 20_000, interval: 100 }).toBe(2);
}
