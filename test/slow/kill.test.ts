// kill -9 of the host and of a guest in the middle of a batch, as it goes on afterwards. The slow suite kills at many moments.
import { expect, test } from "vitest";
import { BATCH, guestsOf, makeDesk, until } from "../end-to-end/desk.ts";
import { killAndGoOn } from "../end-to-end/kills.ts";

const LONG = 2_000;

test("a killed host leaves no process, no invalid record, and nothing that is done twice when it goes on", async () => {
  const jobs = [
    { id: "whole", reads: 1, writes: 1 },
    { id: "cut", reads: 0, writes: LONG },
    { id: "later", reads: 1, writes: 1 },
  ];
  const desk = makeDesk(jobs);
  await killAndGoOn(desk, jobs, () => desk.paid().length >= 20);
  const statuses = Object.fromEntries(desk.results().map(({ id, status }) => [id, status]));
  expect(statuses["cut"]).toBe("interrupted");
});

test("a job that was cut off while it only read is run again, whole", async () => {
  const jobs = [{ id: "reader", reads: 400, writes: 2 }];
  const desk = makeDesk(jobs);
  await killAndGoOn(desk, jobs, () => desk.bytes() > 600_000);
  expect(desk.results()).toMatchObject([{ id: "reader", status: "completed" }]);
  expect(desk.paid()).toEqual(["reader 0", "reader 1"]);
});

test("a killed guest ends its session as crashed, and no other", async () => {
  const desk = makeDesk([
    { id: "a", reads: 0, writes: LONG },
    { id: "b", reads: 0, writes: 3 },
  ]);
  const running = desk.start("batch", "jobs.jsonl", "--jobs", "1", "--out", "results.jsonl");
  await until(() => desk.paid().length >= 5, running);
  for (const { pid } of guestsOf(running.pid)) process.kill(pid, "SIGKILL");
  expect(await running.ended).toMatchObject({ exit: 1 });
  expect(desk.results()).toMatchObject([
    { id: "a", status: "crashed", error: { code: "GUEST_CRASHED" } },
    { id: "b", status: "completed" },
  ]);
  const paid = desk.paid();
  expect((await desk.run(...BATCH)).exit).toBe(1);
  expect(desk.paid()).toEqual(paid);
  expect(await desk.verify()).toMatchObject({ exit: 0, report: { valid: true } });
});
