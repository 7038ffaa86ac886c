import { describe, expect, test } from "vitest";
import { summaries } from "../../src/review/summary.ts";
import { FixtureLog } from "./log-fixture.ts";

function threeSessions() {
  const log = new FixtureLog();
  const first = log.open("refund-desk");
  first.end({ calls: { admitted: 3, denied: 1, failed: 0, unknown: 0 }, refusedInside: 2 });
  const second = log.open("claims", {
    principal: { id: "p-2", kind: "named", evidence: "host_claimed", name: log.payloadOf("", "text/plain", "sealed") },
    onBehalfOf: { id: "p-3", kind: "named", evidence: "host_claimed", name: log.payloadOf("customer 7", "text/plain") },
  });
  second.intend(1);
  second.settle(1, { effectState: "unknown" });
  second.intend(2);
  second.deny(3, "RULE_FAILED");
  const third = log.open("refund-desk");
  third.end({ status: "denied" });
  return { log, first, second, third };
}

describe("summaries()", () => {
  test("have one row a session, the newest first", () => {
    const { log, first, second, third } = threeSessions();
    const rows = [...summaries(log)];
    expect(rows.map(({ session }) => session)).toEqual([third.session, second.session, first.session]);
    expect(rows[2]).toEqual({
      session: first.session,
      agent: "refund-desk",
      agentVersion: "1.0",
      principal: "ada",
      onBehalfOf: null,
      openedAt: "2026-11-23T09:00:00.000Z",
      closedAt: "2026-11-23T09:00:01.000Z",
      status: "completed",
      live: false,
      calls: { admitted: 3, denied: 1, failed: 0, unknown: 0 },
      refusedInside: 2,
      seq: 0,
    });
  });

  test("give a session that was not closed neither a status nor an end, and count its calls", () => {
    const { log, second } = threeSessions();
    const calls = { admitted: 2, denied: 1, failed: 0, unknown: 1 };
    const open = { status: null, closedAt: null, calls, refusedInside: null };
    expect([...summaries(log)][1]).toMatchObject({ ...open, live: false });
    log.live.add(second.session);
    expect([...summaries(log)][1]).toMatchObject({ ...open, live: true });
  });

  test("show the pseudonym of a person whose name cannot be opened", () => {
    expect([...summaries(threeSessions().log)][1]).toMatchObject({ principal: "p-2", onBehalfOf: "customer 7" });
  });

  test("pass by agent, person, status, time and number", () => {
    const { log, first, second, third } = threeSessions();
    const found = (filter: Parameters<typeof summaries>[1]) =>
      [...summaries(log, filter)].map(({ session }) => session);
    expect(found({ agent: "claims" })).toEqual([second.session]);
    expect(found({ principal: "p-1" })).toEqual([third.session, first.session]);
    expect(found({ principal: "customer 7" })).toEqual([second.session]);
    expect(found({ status: "open" })).toEqual([second.session]);
    expect(found({ status: "denied" })).toEqual([third.session]);
    expect(found({ limit: 1, agent: "refund-desk" })).toEqual([third.session]);
    expect(found({ untilMs: Date.UTC(2026, 10, 23, 9, 0, 1) })).toEqual([first.session]);
  });
});
