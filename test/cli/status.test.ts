// Exit statuses that the command line itself decides on.
import { describe, expect, test } from "vitest";
import { exitWith } from "../../src/cli/run.ts";
import { exitOf } from "../../src/cli/verify.ts";

describe("exitWith() of --fail-on", () => {
  const calls = { admitted: 3, denied: 1, failed: 1, unknown: 1 };
  const none = { admitted: 3, denied: 0, failed: 0, unknown: 0 };

  test("gives a status of its own to each kind of call that was asked about", () => {
    expect(exitWith({ exit: 0, calls, refusedInside: 0 }, [])).toBe(0);
    expect(exitWith({ exit: 0, calls, refusedInside: 0 }, ["denied"])).toBe(3);
    expect(exitWith({ exit: 0, calls, refusedInside: 0 }, ["failed"])).toBe(1);
    expect(exitWith({ exit: 0, calls, refusedInside: 0 }, ["unknown"])).toBe(7);
    expect(exitWith({ exit: 0, calls: none, refusedInside: 0 }, ["denied", "failed", "unknown"])).toBe(0);
  });

  test("takes a call that was refused within the guest for denied", () => {
    expect(exitWith({ exit: 0, calls: none, refusedInside: 1 }, ["denied"])).toBe(3);
    expect(exitWith({ exit: 0, calls: none, refusedInside: 1 }, ["failed", "unknown"])).toBe(0);
  });

  test("leaves the session's own status as it is where that is not 0", () => {
    expect(exitWith({ exit: 4, calls, refusedInside: 0 }, ["denied"])).toBe(4);
  });
});

test("exitOf() verdicts: invalid outweighs incomplete, and that what cannot be checked", () => {
  expect(exitOf(["ok", "not-asked"])).toBe(0);
  expect(exitOf(["ok", "cannot-check"])).toBe(7);
  expect(exitOf(["cannot-check", "incomplete"])).toBe(8);
  expect(exitOf(["incomplete", "invalid", "cannot-check"])).toBe(5);
});
