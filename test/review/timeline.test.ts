import { describe, expect, test } from "vitest";
import type { RecordBody } from "../../src/audit/events.ts";
import { agentLines, viewSession } from "../../src/review/timeline.ts";
import { FixtureLog } from "./log-fixture.ts";

function session() {
  const log = new FixtureLog();
  const writer = log.open("refund-desk", {
    purpose: log.payloadOf("Pays refunds.", "text/plain"),
    correlation: log.payloadOf({ ticket: "T-1" }),
  });
  writer.add("session.input_received", { input: log.payloadOf({ caseId: 7 }) });
  writer.add("session.noted", { note: log.payloadOf("the case is old", "text/plain") }, "agent_claimed");
  writer.hold(1);
  writer.add("approval.granted", {
    call: 1,
    by: { id: "p-1", kind: "os_user", evidence: "observed" },
    how: "os_user",
    reason: log.payloadOf("the customer waits", "text/plain"),
  });
  writer.intend(1, { approval: 4 });
  writer.add("session.logged", { level: "warn", line: log.payloadOf("paid", "text/plain") }, "agent_claimed");
  writer.settle(1);
  writer.add("session.output_given", { output: log.payloadOf({ paid: 40 }) });
  writer.end({ calls: { admitted: 1, denied: 0, failed: 0, unknown: 0 } });
  return { log, writer };
}

describe("viewSession()", () => {
  test("tells what happened in the order of the log, each call where it was decided", () => {
    const { log, writer } = session();
    const { timeline, purpose, correlation, summary } = viewSession(log, writer.session);
    expect(timeline.map(({ kind }) => kind)).toEqual([
      "input",
      "note",
      "held",
      "approval",
      "call",
      "log",
      "output",
      "closed",
    ]);
    expect(timeline[3]).toMatchObject({ granted: true, by: "p-1", reason: "the customer waits" });
    expect(timeline[4]).toMatchObject({ call: { n: 1, effectState: "confirmed" } });
    expect([purpose, correlation, summary.status]).toEqual(["Pays refunds.", { ticket: "T-1" }, "completed"]);
  });

  test("keeps apart what was observed and what the agent claimed", () => {
    const { log, writer } = session();
    const said = viewSession(log, writer.session).timeline.filter(({ evidence }) => evidence === "agent_claimed");
    expect(said.map(({ kind }) => kind)).toEqual(["note", "log"]);
  });

  test("passes over a record of a type that it does not know", () => {
    const { log, writer } = session();
    const known = viewSession(log, writer.session).timeline;
    const strange = { ...log.records[0]?.body, type: "call.chunked", data: {} } as unknown as RecordBody;
    log.records.push({
      seq: log.records.length,
      leaf: writer.session,
      session: writer.session,
      bodyText: "",
      body: strange,
    });
    expect(viewSession(log, writer.session).timeline).toEqual(known);
  });
});

test("agentLines() are the agent's words alone", () => {
  const { log, writer } = session();
  expect(agentLines(log, writer.session).map(({ level, text }) => [level, text])).toEqual([
    ["note", "the case is old"],
    ["warn", "paid"],
  ]);
});
