import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/base/bytes.ts";
import type { SessionId } from "../../src/base/ids.ts";
import { type JobSession, jobSessions, planJob } from "../../src/review/jobs.ts";
import { FixtureLog } from "./log-fixture.ts";

const session = sha256Hex("s") as SessionId;
const base: JobSession = { session, status: null, live: false, wrote: false };

describe("planJob()", () => {
  test("runs a job that the log does not know", () => {
    expect(planJob([])).toEqual({ act: "run" });
  });

  test.each(["completed", "failed", "denied", "limit", "stalled", "crashed"] as const)(
    "reports a job that ended as %s",
    (status) => {
      expect(planJob([{ ...base, status, wrote: true }])).toEqual({ act: "report", session });
    },
  );

  test("runs a job again that was cut off before it wrote", () => {
    expect(planJob([{ ...base, status: "interrupted" }, base])).toEqual({ act: "run" });
  });

  test("reports a job as interrupted that was cut off after a write, in whichever attempt", () => {
    expect(
      planJob([
        { ...base, wrote: true },
        { ...base, status: "interrupted" },
      ]),
    ).toEqual({ act: "interrupted", session });
  });

  test("leaves a job that another process is running", () => {
    expect(
      planJob([
        { ...base, status: "completed" },
        { ...base, live: true },
      ]),
    ).toEqual({ act: "leave", session });
  });

  test("never runs a job again that may have written", () => {
    expect.hasAssertions();
    const status = fc.constantFrom("completed", "failed", "interrupted", null) as fc.Arbitrary<JobSession["status"]>;
    const one = fc.record({ session: fc.constant(session), status, live: fc.boolean(), wrote: fc.boolean() });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 6 }), (sessions) => {
        const again = planJob(sessions).act === "run" && sessions.some(({ wrote }) => wrote);
        expect(again).toBe(false);
      }),
    );
  });
});

describe("jobSessions()", () => {
  const batchJob = sha256Hex("job");

  test("finds a write by its intent, whatever became of it", () => {
    const log = new FixtureLog();
    const writer = log.open("a", { batchJob });
    writer.intend(1, { effect: "read" });
    writer.deny(2, "RULE_DENIED");
    expect(jobSessions(log, batchJob)).toEqual([{ session: writer.session, status: null, live: false, wrote: false }]);
    writer.intend(3, { effect: "irreversible" });
    expect(jobSessions(log, batchJob)[0]).toMatchObject({ wrote: true });
  });

  test("knows the sessions of this job alone, with how each ended", () => {
    const log = new FixtureLog();
    log.open("a", { batchJob: sha256Hex("other") }).end();
    const writer = log.open("a", { batchJob });
    writer.end({ status: "interrupted" });
    const again = log.open("a", { batchJob });
    log.live.add(again.session);
    expect(jobSessions(log, batchJob).map(({ status, live }) => [status, live])).toEqual([
      ["interrupted", false],
      [null, true],
    ]);
  });

  test("does not take a session for cut off that ends while it is being looked at", () => {
    const log = new FixtureLog();
    const writer = log.open("a", { batchJob });
    log.isLive = () => {
      writer.end();
      return false;
    };
    expect(jobSessions(log, batchJob)).toMatchObject([{ status: "completed", live: false }]);
  });
});
