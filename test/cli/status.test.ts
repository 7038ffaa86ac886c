// Exit statuses that the command line itself decides on.
import { describe, expect, test } from "vitest";
import { exitWith } from "../../src/cli/run.ts";
import { exitOf } from "../../src/cli/verify.ts";

describe("exitWith() of --fail-on", () => {
  const calls = { admitted: 3, denied: 1, failed: 1, unknown: 1 };
  const none = { admitted: 3, denied: 0, failed: 0, unknown: 0 };

  test("gives a status of its own to each kind of call that was asked about", () => {
    expect(exitWith({ exit: 0, calls }, [])).toBe(0);
    expect(exitWith({ exit: 0, calls }, ["denied"])).toBe(3);
    expect(exitWith({ exit: 0, calls }, ["failed"])).toBe(1);
    expect(exitWith({ exit: 0, calls }, ["unknown"])).toBe(7);
    expect(exitWith({ exit: 0, calls: none }, ["denied", "failed", "unknown"])).toBe(0);
  });

  test("leaves the session's own status as it is where that is not 0", () => {
    expect(exitWith({ exit: 4, calls }, ["denied"])).toBe(4);
  });
});

test("exitOf() verdicts: invalid outweighs incomplete, and that what cannot be checked", () => {
  expect(exitOf(["ok", "not-asked"])).toBe(0);
  expect(exitOf(["ok", "cannot-check"])).toBe(7);
  expect(exitOf(["cannot-check", "incomplete"])).toBe(8);
  expect(exitOf(["incomplete", "invalid", "cannot-check"])).toBe(5);
});
