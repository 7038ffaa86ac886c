// A batch killed at many moments, from before there is a store until after its last job: each time on a store of its own.
import { expect, test } from "vitest";
import type { Started } from "../cli/script.ts";
import { BATCH, type Child, childrenOf, guestsOf, makeDesk, until } from "../end-to-end/desk.ts";
import { killAndGoOn } from "../end-to-end/kills.ts";

const JOBS = [
  { id: "reader", reads: 40, writes: 0 },
  { id: "mixed", reads: 20, writes: 20 },
  { id: "writer", reads: 0, writes: 40 },
  { id: "short", reads: 1, writes: 1 },
  { id: "late", reads: 10, writes: 10 },
];
const MOMENTS = 24;

test("kill -9 of the host while it starts", async () => {
  const starting: readonly ((running: Started, bytes: number) => boolean)[] = [
    () => true,
    ({ pid }) => childrenOf(pid).length > 0,
    (_, bytes) => bytes > 0,
    (_, bytes) => bytes > 4096,
    (_, bytes) => bytes > 40_000,
    (_, bytes) => bytes > 70_000,
  ];
  for (const isNow of starting) {
    const desk = makeDesk(JOBS);
    const results = await killAndGoOn(desk, JOBS, (running) => isNow(running, desk.bytes()));
    expect(results).toHaveLength(JOBS.length);
  }
});

test("kill -9 of the host at many moments of its work", async () => {
  const measured = makeDesk(JOBS);
  let most = 0;
  const running = measured.start(...BATCH);
  await until(() => {
    most = Math.max(most, measured.bytes());
    return false;
  }, running);
  expect((await running.ended).exit).toBe(0);
  expect(most).toBeGreaterThan(100_000);
  for (let k = 1; k <= MOMENTS; k++) {
    const desk = makeDesk(JOBS);
    const from = Math.floor((most * (k - Math.random())) / MOMENTS);
    await killAndGoOn(desk, JOBS, () => desk.bytes() >= from);
  }
});

test("kill -9 of one store's batch again and again, until it is done", async () => {
  const jobs = Array.from({ length: 30 }, (_, i) => ({ id: `job-${i}`, reads: i % 5, writes: i % 7 }));
  const desk = makeDesk(jobs);
  for (let round = 1; round <= 8; round++) {
    const running = desk.start(...BATCH);
    const target = desk.results().length + 3;
    await until(() => desk.results().length >= target, running);
    running.kill("SIGKILL");
    await running.ended;
    expect(desk.paid()).toEqual([...new Set(desk.paid())]);
  }
  await killAndGoOn(desk, jobs, () => desk.results().length >= 28);
});

test("kill -9 of guests at many moments", async () => {
  const jobs = Array.from({ length: 20 }, (_, i) => ({ id: `job-${i}`, reads: 5, writes: 20 }));
  const desk = makeDesk(jobs);
  const running = desk.start(...BATCH);
  let next = 7;
  let killed = 0;
  await until(() => {
    const [guest] = desk.paid().length >= next ? guestsOf(running.pid) : [];
    if (guest === undefined || !kill(guest)) return false;
    killed++;
    next = desk.paid().length + 1 + Math.floor(Math.random() * 40);
    return false;
  }, running);
  expect(killed).toBeGreaterThan(0);
  // Two guests of one job that are killed before they are ready: a fault of the machine. The batch stops there, and goes on later.
  const { exit, stderr } = await running.ended;
  if (exit === 70) expect(stderr).toContain("[GUEST_START_FAILED]");
  else expect(exit).toBe(1);
  await desk.run(...BATCH);
  const ended = desk.results().map(({ status }) => status);
  expect(ended).toHaveLength(jobs.length);
  expect(ended.filter((status) => status !== "completed" && status !== "crashed")).toEqual([]);
  expect(ended.includes("crashed") || exit === 70).toBe(true);
  expect(desk.paid()).toEqual([...new Set(desk.paid())]);
  expect(await desk.verify()).toMatchObject({ exit: 0, report: { valid: true } });
});

test("kill -9 of a guest before it is ready: another one runs the job", async () => {
  let replaced = 0;
  for (let round = 0; round < 8; round++) {
    const desk = makeDesk([{ id: "one", reads: 1, writes: 1 }]);
    const running = desk.start(...BATCH);
    const killed = await until(() => guestsOf(running.pid).some(kill), running);
    const { exit } = await running.ended;
    const [result] = desk.results();
    // It may have been ready by then: the agent's session has crashed.
    expect([result?.status, exit]).toEqual(exit === 0 ? ["completed", 0] : ["crashed", 1]);
    if (killed && exit === 0) replaced++;
  }
  expect(replaced).toBeGreaterThan(0);
});

/** False where it has ended by itself in the meantime. */
function kill({ pid }: Child): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}
