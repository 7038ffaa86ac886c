import { describe, expect, test } from "vitest";
import type { SessionId } from "../../src/base/ids.ts";
import { callsOf } from "../../src/review/calls.ts";
import { FixtureLog } from "./log-fixture.ts";

function oneSession() {
  const log = new FixtureLog();
  return { log, writer: log.open() };
}

const makeLocator = (map: string) => (line: number, column: number) => ({ file: `${map}.ts`, line: line * 10, column });

describe("callsOf()", () => {
  test("has an admitted call with its values, its rule, its authority and who says what came of it", () => {
    const { log, writer } = oneSession();
    writer.intend(1);
    writer.settle(1);
    const [row] = callsOf(log, writer.session);
    expect(row).toMatchObject({
      session: writer.session,
      n: 1,
      seq: 1,
      capability: "refunds",
      function: "pay",
      effect: "write",
      target: { kind: "function", name: "refunds.pay" },
      verdict: "admitted",
      effectState: "confirmed",
      evidence: "host_claimed",
      authority: { manifest: log.keep("enclosure: 1\nname: refund-desk\n").sha256, profile: null },
      rule: { pointer: "/capabilities/refunds/allow/0", line: 2, column: 1 },
      arguments: { amount: 40 },
      result: { ok: true },
      payloads: { arguments: "shown", result: "shown" },
      at: "2026-11-23T09:00:01.000Z",
      durationMs: 12,
    });
  });

  test("has a refused call without an effect, with the code that refused it", () => {
    const { log, writer } = oneSession();
    writer.deny(1, "RULE_DENIED");
    expect(callsOf(log, writer.session)[0]).toMatchObject({
      verdict: "denied",
      effectState: "none",
      code: "RULE_DENIED",
      evidence: "observed",
      durationMs: null,
    });
  });

  test("never guesses an outcome: an intent without one is unknown", () => {
    const { log, writer } = oneSession();
    writer.intend(1);
    expect(callsOf(log, writer.session)[0]).toMatchObject({
      verdict: "admitted",
      effectState: "unknown",
      evidence: "observed",
    });
  });

  test("names who approved, when, how and why", () => {
    const { log, writer } = oneSession();
    writer.hold(1);
    const by = { id: "p-1", kind: "os_user", evidence: "observed", name: log.payloadOf("ada", "text/plain") } as const;
    const approval = writer.add("approval.granted", {
      call: 1,
      by,
      how: "os_user",
      reason: log.payloadOf("seen the case", "text/plain"),
    });
    writer.intend(1, { approval });
    writer.settle(1);
    expect(callsOf(log, writer.session)[0]).toMatchObject({
      verdict: "admitted",
      approval: {
        by: "ada",
        granted: true,
        how: "os_user",
        seq: approval,
        at: "2026-11-23T09:00:02.000Z",
        reason: "seen the case",
      },
    });
  });

  test("has a held call that somebody refused, and one that nobody decided, as denied", () => {
    const { log, writer } = oneSession();
    writer.hold(1);
    writer.add("approval.refused", { call: 1, by: null, how: "timeout", reason: null });
    writer.deny(1, "APPROVAL_TIMEOUT");
    writer.hold(2);
    const [refused, undecided] = callsOf(log, writer.session);
    expect(refused).toMatchObject({
      verdict: "denied",
      code: "APPROVAL_TIMEOUT",
      approval: { by: "nobody", granted: false },
    });
    expect(refused).not.toHaveProperty("undecided");
    expect(undecided).toMatchObject({ verdict: "denied", effectState: "none", undecided: true });
  });

  test("says why a value cannot be shown, and shows none", () => {
    const { log, writer } = oneSession();
    const states = ["sealed", "not-kept", "missing", "invalid"] as const;
    for (const [i, state] of states.entries())
      writer.intend(i + 1, { arguments: log.payloadOf({ secret: 1 }, "application/json", state) });
    const rows = callsOf(log, writer.session);
    expect(rows.map(({ payloads }) => payloads.arguments)).toEqual(states);
    for (const row of rows) expect(row).not.toHaveProperty("arguments");
  });

  test("has a name that the manifest does not have as the agent's own text", () => {
    const { log, writer } = oneSession();
    const named = log.payloadOf({ capability: "secrets", function: "read", arguments: "{}" });
    writer.deny(1, "GRANT_MISSING", {
      capability: "(unlisted)",
      function: "(unlisted)",
      effect: null,
      target: null,
      rule: null,
      arguments: named,
    });
    expect(callsOf(log, writer.session)[0]).toMatchObject({
      capability: "(unlisted)",
      asked: { capability: "secrets", function: "read" },
    });
  });

  test("has a redirect's hop behind the call that led to it", () => {
    const { log, writer } = oneSession();
    writer.intend(1);
    writer.settle(1, { delivered: "hop" });
    writer.intend(-1, { parent: 1 });
    writer.settle(-1);
    expect(callsOf(log, writer.session).map(({ n, parent }) => [n, parent])).toEqual([
      [1, undefined],
      [-1, 1],
    ]);
  });

  test("finds the agent's source line by the session's own source map, and never calls it observed", () => {
    const { log, writer } = oneSession();
    writer.intend(1, { site: { line: 3, column: 9 } });
    expect(callsOf(log, writer.session, { makeLocator })[0]).toMatchObject({
      evidence: "observed",
      source: { file: "the map.ts", line: 30, column: 9, evidence: "agent_claimed" },
    });
  });

  test("refuses a session that the log does not have", () => {
    expect(() => callsOf(new FixtureLog(), "00".repeat(32) as SessionId)).toThrow(
      expect.objectContaining({ code: "SESSION_MISSING" }),
    );
  });
});
