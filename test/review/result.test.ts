import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/base/bytes.ts";
import { resultOf } from "../../src/review/result.ts";
import { FixtureLog } from "./log-fixture.ts";

describe("resultOf()", () => {
  test("has what the run gave when it ended", () => {
    const log = new FixtureLog();
    const writer = log.open();
    writer.add("session.output_given", { output: log.payloadOf({ paid: 40 }) });
    const calls = { admitted: 2, denied: 1, failed: 0, unknown: 0 };
    const seq = writer.end({ calls, refusedInside: 7 });
    const root = sha256Hex("root");
    log.checkpoints.push({ size: seq, root: sha256Hex("too small") }, { size: seq + 1, root });
    expect(resultOf(log, writer.session)).toEqual({
      version: 1,
      session: writer.session,
      status: "completed",
      output: { paid: 40 },
      calls,
      refusedInside: 7,
      walls: ["isolate", "process"],
      log: { origin: log.origin, seq, root, anchor: "L1" },
    });
  });

  test("names the limit that ended it, and the error with its mend", () => {
    const log = new FixtureLog();
    const writer = log.open();
    writer.add("limit.struck", { limit: "cpu", used: 21_000, max: 20_000 });
    writer.end({
      status: "limit",
      code: "LIMIT_STRUCK",
      error: log.payloadOf({ message: "the limit cpu was reached" }),
    });
    expect(resultOf(log, writer.session)).toMatchObject({
      status: "limit",
      error: {
        code: "LIMIT_STRUCK",
        message: "the limit cpu was reached",
        mend: expect.stringContaining("Raise the limit"),
      },
      limit: { name: "cpu", used: 21_000, max: 20_000 },
      log: { root: null, anchor: "L0" },
    });
  });

  test("has a session that nobody closed as interrupted, with the calls that its records show", () => {
    const log = new FixtureLog();
    const writer = log.open();
    writer.intend(1);
    const result = resultOf(log, writer.session);
    expect(result).toMatchObject({
      status: "interrupted",
      error: { code: "SESSION_INTERRUPTED" },
      calls: { admitted: 1 },
      refusedInside: null,
      log: { seq: 1 },
    });
    expect(result).not.toHaveProperty("output");
  });
});
