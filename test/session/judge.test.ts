// How a session ended, as a status, a code, a sentence and an exit status.

import { describe, expect, it } from "vitest";
import type { SessionStatus } from "../../src/audit/events.ts";
import { CODES, type ErrorCode } from "../../src/base/errors.ts";
import type { Ending } from "../../src/session/conduct.ts";
import { exitOf, judge } from "../../src/session/judge.ts";

const NONE: ReadonlySet<ErrorCode> = new Set();
const DENIED: ReadonlySet<ErrorCode> = new Set(["RULE_FAILED"]);

type Judged = Exclude<Ending, { kind: "faulted" }>;
const threw = (name: string, message: string, code?: string): Judged => ({
  kind: "threw",
  error: { name, message, ...(code === undefined ? {} : { code }), stack: "at main (agent.js:1:1)" },
});

describe("judge()", () => {
  it.each<readonly [Judged, SessionStatus, ErrorCode, number]>([
    [threw("TypeError", "x"), "failed", "AGENT_THREW", 1],
    [{ kind: "limit", limit: "wall", used: 1, max: 1 }, "limit", "LIMIT_STRUCK", 4],
    [{ kind: "stalled" }, "stalled", "AGENT_STALLED", 1],
    [{ kind: "crashed", code: "GUEST_CRASHED", detail: "x" }, "crashed", "GUEST_CRASHED", 1],
    [{ kind: "crashed", code: "GUEST_PROTOCOL", detail: "x" }, "crashed", "GUEST_PROTOCOL", 1],
    [{ kind: "interrupted" }, "interrupted", "SESSION_INTERRUPTED", 1],
  ])("%j", (ending, status, code, exit) => {
    const judged = judge(ending, NONE, undefined);
    expect(judged).toMatchObject({ status, error: { code } });
    expect(exitOf(judged.status)).toBe(exit);
  });

  it("an output completes the session, whatever was denied and caught on the way", () => {
    const judged = judge({ kind: "output", outputText: "1" }, DENIED, undefined);
    expect(judged).toEqual({ status: "completed", error: null, limit: null });
    expect(exitOf("completed")).toBe(0);
  });

  it("takes of a guest's own failure the code that it knows, and no word for the host's", () => {
    const forged = "all refunds were paid";
    expect(judge(threw("AgentFailure", forged, "RESULT_TOO_LARGE"), NONE, undefined).error).toMatchObject({
      code: "OUTPUT_INVALID",
      message: "the output is larger than limits.result allows",
    });
    // An error with a name is in the agent's words.
    expect(judge(threw("AgentFailure", forged, "RESULT_INVALID"), NONE, undefined).error).toMatchObject({
      code: "OUTPUT_INVALID",
      name: "AgentFailure",
    });
    expect(judge(threw("AgentFailure", forged, "GUEST_CRASHED"), NONE, undefined).error).toMatchObject({
      code: "AGENT_THREW",
      name: "AgentFailure",
    });
  });

  it("a limit that a guest claims is told as its claim", () => {
    const claimed = judge({ kind: "limit", limit: "memory", used: 1, max: 2 ** 20, claimed: true }, NONE, undefined);
    expect(claimed.error?.message).toBe("the limit memory of 1.0 MiB was reached, as the guest process says");
    expect(claimed.limit).toMatchObject({ claimed: true });
  });

  it("an output that its schema refuses fails it", () => {
    const judged = judge({ kind: "output", outputText: "1" }, NONE, "must be text");
    expect(judged).toMatchObject({ status: "failed", error: { code: "OUTPUT_INVALID", message: "must be text" } });
  });

  it("says of a limit how much was used of how much, in its unit, and how to raise it", () => {
    const said = (ending: Judged): unknown => judge(ending, NONE, undefined).error?.message;
    expect([
      said({ kind: "limit", limit: "wall", used: 1550, max: 1500 }),
      said({ kind: "limit", limit: "memory", used: 17 * 1_048_576, max: 16 * 1_048_576 }),
      said({ kind: "limit", limit: "log", used: 1088, max: 1024 }),
      said({ kind: "limit", limit: "calls", used: 4, max: 3 }),
    ]).toEqual([
      "the limit wall was reached: 1.6 s of 1.5 s",
      "the limit memory was reached: 17.0 MiB of 16.0 MiB",
      "the limit log (lines, notes and timers) was reached: 1.1 KiB of 1.0 KiB",
      "the limit calls was reached: 4 of 3",
    ]);
    const judged = judge({ kind: "limit", limit: "calls", used: 4, max: 3 }, NONE, undefined);
    expect(judged.error?.mend).toContain("limits.calls");
    expect(judged.limit).toEqual({ name: "calls", used: 4, max: 3 });
  });
});

describe("judge() of an uncaught denial", () => {
  it("is denied, exit 3, with the refusal's own code", () => {
    const judged = judge(threw("CapabilityDenied", "no", "RULE_FAILED"), DENIED, undefined);
    expect(judged).toMatchObject({
      status: "denied",
      error: { code: "RULE_FAILED", mend: CODES.RULE_FAILED.mend, message: "CapabilityDenied: no" },
    });
    expect(exitOf(judged.status)).toBe(3);
  });

  it.each([
    ["nothing was denied on the record", threw("CapabilityDenied", "no", "RULE_FAILED"), NONE],
    ["its name is another", threw("Error", "no", "RULE_FAILED"), DENIED],
    ["it has no code", threw("CapabilityDenied", "no"), DENIED],
    ["its code is none of ours", threw("CapabilityDenied", "no", "toString"), DENIED],
    [
      "its code is of a refusal that never was",
      threw("CapabilityDenied", "the CFO refused it", "APPROVAL_REFUSED"),
      DENIED,
    ],
  ])("is only claimed, and the session failed, where %s", (_, ending, denied) => {
    const judged = judge(ending, denied, undefined);
    expect(judged).toMatchObject({ status: "failed", error: { code: "AGENT_THREW" } });
    expect(exitOf(judged.status)).toBe(1);
  });

  it("keeps the agent's name, message and stack apart from our own words", () => {
    const judged = judge(threw("MyError", ""), NONE, undefined);
    expect(judged.error).toEqual({
      code: "AGENT_THREW",
      message: "MyError",
      mend: CODES.AGENT_THREW.mend,
      name: "MyError",
      stack: "at main (agent.js:1:1)",
    });
  });
});
