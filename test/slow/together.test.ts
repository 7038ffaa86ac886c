// Several processes at work on one store at once: two runs, a batch, and someone who reads all the time.
import { expect, test } from "vitest";
import { makeDesk } from "../end-to-end/desk.ts";

const JOBS = Array.from({ length: 6 }, (_, i) => ({ id: `job-${i}`, reads: 10, writes: 10 }));
const READERS = [["sessions"], ["calls"], ["verify"], ["show", "last"]] as const;

test("two runs, a batch and a reader share a store: no error, no fork, no session marked by another's recovery", async () => {
  const desk = makeDesk(JOBS);
  const run = (id: string): ReturnType<typeof desk.run> =>
    desk.run("run", "agent.ts", "--input", JSON.stringify({ id, reads: 40, writes: 40 }));
  // None of them finds a store: they make it together.
  const working = [run("one"), run("two"), desk.run("batch", "jobs.jsonl", "--jobs", "2", "--out", "results.jsonl")];
  const work = { isDone: false };
  const all = Promise.all(working).finally(() => (work.isDone = true));
  await expect.poll(desk.bytes, { timeout: 10_000 }).toBeGreaterThan(100_000);
  const wrong: string[] = [];
  for (let i = 0; !work.isDone; i++) {
    const [command, ...args] = READERS[i % READERS.length] as (typeof READERS)[number];
    const { exit, stdout, stderr } = await desk.run(command, ...args, "--quiet");
    // What runs is not complete yet; but nothing here is ever cut off.
    const isFine = exit === 0 || (command === "verify" && exit === 8);
    if (!isFine || /cut off|interrupted/.test(stdout)) wrong.push(`${command}, ${exit}: ${stdout}${stderr}`);
  }
  for (const { exit, stderr } of await all) expect([exit, stderr]).toEqual([0, expect.not.stringContaining("error")]);
  expect(wrong).toEqual([]);

  const sessions = await desk.sessions();
  expect(sessions.map(({ status }) => status)).toEqual(Array(JOBS.length + 2).fill("completed"));
  expect(desk.paid()).toHaveLength(JOBS.length * 10 + 80);
  expect(new Set(desk.paid()).size).toBe(desk.paid().length);
  expect(await desk.verify()).toMatchObject({ exit: 0, report: { valid: true } });
});
