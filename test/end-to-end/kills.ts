// A batch killed at some moment and gone on with: what must be true at every such moment, whichever it was.
import { expect } from "vitest";
import type { Started } from "../cli/script.ts";
import { BATCH, type Call, type Desk, isThere, killHost, type Result, until, type Work } from "./desk.ts";

/** Starts the batch, kills its host once `isNow`, and holds what is left against what was promised. */
export async function killAndGoOn(
  desk: Desk,
  jobs: readonly Work[],
  isNow: (running: Started) => boolean,
): Promise<readonly Result[]> {
  const running = desk.start(...BATCH);
  await until(() => isNow(running), running);
  const children = await killHost(running);
  await expect.poll(() => children.filter(isThere), { timeout: 10_000 }).toEqual([]);
  await expectSound(desk);

  const paidBefore = desk.paid();
  const { exit } = await desk.run(...BATCH);
  const results = desk.results();
  expect(results.map(({ id }) => id).sort()).toEqual(jobs.map(({ id }) => id).sort());
  expect(exit).toBe(results.some(({ status }) => status !== "completed") ? 1 : 0);
  const paid = desk.paid();
  expect(paid, "no write is done twice").toEqual([...new Set(paid)]);
  const calls = await desk.calls();
  for (const result of results) expectAccounted(result, jobs, paid, paidBefore, calls);
  const { exit: verified, report } = await desk.verify();
  expect([verified, report.valid], JSON.stringify(report.verdicts)).toEqual([0, true]);
  return results;
}

/** Straight after the kill: the store opens, and what is there is as it was written. */
async function expectSound(desk: Desk): Promise<void> {
  const { exit, report } = await desk.verify();
  if (report.error !== undefined) {
    // Killed before there was a log: nothing was recorded, so nothing may have been done.
    expect(report.error.code).toBe("STORE_MISSING");
    expect(desk.paid()).toEqual([]);
    return;
  }
  expect(Object.values(report.verdicts).filter(({ verdict }) => verdict === "invalid")).toEqual([]);
  expect([0, 8]).toContain(exit);
}

/** A job is whole, or it was cut off after an intent to write and says what is not known. */
function expectAccounted(
  { id, session, status, error, calls: counted }: Result,
  jobs: readonly Work[],
  paid: readonly string[],
  paidBefore: readonly string[],
  calls: readonly Call[],
): void {
  const wanted = jobs.find((job) => job.id === id) as Work;
  const lines = paid.filter((line) => line.startsWith(`${id} `));
  const own = calls.filter((call) => call.session === session);
  const intents = own.filter(({ effect }) => effect === "write");
  expect(["completed", "interrupted"]).toContain(status);
  if (status === "completed") {
    expect(lines).toHaveLength(wanted.writes);
    expect(own).toHaveLength(wanted.reads + wanted.writes);
    return;
  }
  expect(error?.code).toBe("SESSION_INTERRUPTED");
  // Reported and not run again: it had intended a write, and what it had done stands as it was.
  expect(intents.length).toBeGreaterThan(0);
  expect(lines).toEqual(paidBefore.filter((line) => line.startsWith(`${id} `)));
  const unknown = own.filter(({ effectState }) => effectState === "unknown");
  expect(counted.unknown).toBe(unknown.length);
  const confirmed = intents.filter(({ effectState }) => effectState === "confirmed");
  // Each write that was done is confirmed or named as unknown; none was done without its intent.
  expect(lines.length).toBeGreaterThanOrEqual(confirmed.length);
  expect(lines.length).toBeLessThanOrEqual(intents.length);
  expect(intents.every(({ effectState }) => effectState === "confirmed" || effectState === "unknown")).toBe(true);
}
