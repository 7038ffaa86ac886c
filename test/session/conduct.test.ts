// Conducting a run: turns, timers, limits that the host counts, when a run stalls, when its clock stands still, and that
// nothing is taken or given after its end. The guest is hostile where it can be.

import { describe, expect, it } from "vitest";
import type { RecordBody } from "../../src/audit/events.ts";
import { EnclosureError } from "../../src/base/errors.ts";
import { ASK_MS, Desk, goLive, type Live, slowly, soon } from "../broker/live.ts";

const arm = (live: Live, id: number, delayMs = 10): void =>
  live.guest.say({ type: "timerSet", id, turn: live.guest.turn, delayMs });
const log = (live: Live, text: string): void =>
  live.guest.say({ type: "log", turn: live.guest.turn, level: "info", text });
const fault = new EnclosureError("LOG_WRITE_FAILED", "the disk says no");

describe("a run stalls", () => {
  it("at once when it is quiet and nothing is pending", () => {
    const live = goLive();
    live.guest.quiet();
    return expect(live.conduct.ended).resolves.toEqual({ kind: "stalled" });
  });

  it("not while a call is in progress, nor before the guest has drained its answer, and then at once", async () => {
    const live = goLive();
    const end = slowly(live.world);
    const id = live.guest.call("desk.echo");
    live.guest.quiet();
    await soon();
    expect(live.ending()).toBeUndefined();
    end(id);
    await live.rest();
    expect(live.ending()).toBeUndefined();
    live.guest.catchUp();
    await soon();
    expect(live.ending()).toEqual({ kind: "stalled" });
  });

  it("not while a timer is armed, and at once when it is cleared", async () => {
    const live = goLive();
    arm(live, 1);
    live.guest.quiet(1);
    await soon();
    expect(live.ending()).toBeUndefined();
    live.timers.run(10);
    live.guest.turn = 1;
    arm(live, 2);
    live.guest.say({ type: "timerCleared", id: 2, turn: 1 });
    live.guest.quiet();
    await soon();
    expect(live.ending()).toEqual({ kind: "stalled" });
  });

  it("whatever the guest says of its timers: the host knows which it has armed", async () => {
    const live = goLive();
    live.guest.quiet(5);
    await soon();
    expect(live.ending()).toEqual({ kind: "stalled" });
  });

  it("when the last call of a quiet guest is one that it gave up on", async () => {
    const live = goLive();
    live.world.act = (_, { signal }) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () => resolve({ kind: "failed", code: "CALL_CANCELLED", message: "stopped" })),
      );
    const id = live.guest.call("desk.echo");
    await soon();
    live.guest.cancel(id);
    live.guest.quiet();
    await live.rest();
    live.guest.catchUp();
    await soon();
    expect(live.ending()).toEqual({ kind: "stalled" });
  });
});

describe("the wall limit stands still", () => {
  it("only while nothing but approvals is pending", async () => {
    const people = new Desk();
    const live = goLive({ approvers: people });
    const end = slowly(live.world);
    live.guest.call("desk.pay");
    const other = live.guest.call("desk.echo");
    await soon();
    expect(live.guest.paused).toBe(false);
    live.guest.quiet();
    expect(live.guest.paused).toBe(false);
    end(other);
    await soon();
    // The guest has something to do: the answer.
    expect(live.guest.paused).toBe(false);
    live.guest.catchUp();
    expect(live.guest.paused).toBe(true);
    people.asked[0]?.answer({ granted: true });
    await soon();
    // The call goes on, and its time counts.
    expect(live.world.calls).toHaveLength(2);
    expect(live.guest.paused).toBe(false);
  });

  it("not while a timer is armed: the agent would pay for its sleep with somebody's thinking", async () => {
    const live = goLive({ approvers: new Desk() });
    arm(live, 1);
    live.guest.call("desk.pay");
    live.guest.quiet(1);
    await soon();
    expect(live.guest.paused).toBe(false);
  });

  it("goes on when nobody answers in time", async () => {
    const live = goLive({ approvers: new Desk() });
    live.guest.call("desk.pay");
    live.guest.quiet();
    await soon();
    expect(live.guest.paused).toBe(true);
    live.timers.run(ASK_MS);
    await soon();
    expect(live.guest.paused).toBe(false);
  });
});

describe("a limit ends the run:", () => {
  it("calls, and the call beyond it is neither performed nor recorded", async () => {
    const live = goLive({ limits: { calls: 2 } });
    for (let i = 0; i < 3; i++) live.guest.call("desk.echo");
    await live.rest();
    expect(live.ending()).toEqual({ kind: "limit", limit: "calls", used: 3, max: 2 });
    expect(live.bodies("call.intended")).toHaveLength(2);
    expect(live.world.calls.length).toBeLessThanOrEqual(2);
  });

  it("one that a watchdog found", async () => {
    const live = goLive();
    live.guest.die({ kind: "limit", limit: "cpu", used: 7, max: 5 });
    await soon();
    expect(live.ending()).toEqual({ kind: "limit", limit: "cpu", used: 7, max: 5 });
  });
});

describe("the end", () => {
  it.each([
    ["stopped", { kind: "stopped" }, "GUEST_CRASHED"],
    ["crashed", { kind: "crashed", detail: "signal 11" }, "GUEST_CRASHED"],
    ["broke the protocol", { kind: "protocol", detail: "an unknown frame" }, "GUEST_PROTOCOL"],
  ] as const)("of a guest that %s", async (_, end, code) => {
    const live = goLive();
    live.guest.die(end);
    await soon();
    expect(live.ending()).toMatchObject({ kind: "crashed", code });
  });

  it("comes once: what is heard after it is neither taken nor recorded, and nothing is delivered", async () => {
    const live = goLive();
    const end = slowly(live.world);
    live.guest.call("desk.echo");
    arm(live, 1);
    await soon();
    live.guest.say({ type: "done", turn: 0, ok: true, outputText: "1" });
    await live.session.release();
    const before = live.records().length;
    live.guest.call("desk.echo");
    log(live, "x");
    live.guest.say({ type: "note", turn: 0, text: "x" });
    live.guest.cancel(1);
    live.timers.run(10);
    live.guest.die({ kind: "crashed", detail: "late" });
    live.guest.quiet();
    end(1);
    await live.rest();
    expect(
      live
        .records()
        .slice(before)
        .map(({ type }) => type),
    ).toEqual(["call.settled"]);
    expect(live.guest.deliveries).toEqual([]);
    expect(live.ending()).toEqual({ kind: "output", outputText: "1" });
  });

  it("comes when the log fails, with its fault", async () => {
    const live = goLive();
    live.hold();
    log(live, "x");
    live.session.release().catch(() => {});
    await soon();
    live.fail(fault);
    await soon();
    expect(live.ending()).toEqual({ kind: "faulted", error: fault });
  });

  it("comes when something cannot be recorded, and the guest is told nothing more", async () => {
    const live = goLive();
    arm(live, 1);
    live.fail(fault);
    await live.session.release().catch(() => {});
    live.timers.run(10);
    await soon();
    expect(live.guest.deliveries).toEqual([]);
    expect(live.ending()).toEqual({ kind: "faulted", error: fault });
  });

  it("of what a hostile guest says of itself leaves a count that a record can hold", async () => {
    const live = goLive();
    for (let i = 0; i < 3; i++) {
      const count = Number.MAX_SAFE_INTEGER;
      live.guest.say({ type: "refusedInside", turn: 0, count, code: "IN_FLIGHT_EXCEEDED" });
    }
    expect(Number.isSafeInteger(live.conduct.refusedInside)).toBe(true);
  });
});

describe("what the guest says", () => {
  it("stands in the record as its claim, in its order, in the turn in which it was said", async () => {
    const live = goLive();
    log(live, "one");
    live.guest.say({ type: "note", turn: 0, text: "two" });
    live.guest.call("desk.burn");
    live.guest.turn = 1;
    log(live, "three");
    await live.rest();
    const said = live.records().filter(({ type }) => type === "session.logged" || type === "session.noted");
    expect(said.map((body) => [body.evidence, body.session?.turn, text(live, body)])).toEqual([
      ["agent_claimed", 0, "one"],
      ["agent_claimed", 0, "two"],
      ["agent_claimed", 1, "three"],
    ]);
  });
});

describe("a timer", () => {
  it("is recorded, then fired, as a turn of its own among the others", async () => {
    const live = goLive();
    arm(live, 1, 10);
    arm(live, 2, 20);
    live.clock.ms += 25;
    live.timers.run(20);
    live.guest.call("desk.burn");
    live.timers.run(10);
    await live.rest();
    expect(live.guest.deliveries.map(({ type, turn, id }) => [type, turn, id])).toEqual([
      ["timerFired", 1, 2],
      ["settled", 2, 1],
      ["timerFired", 3, 1],
    ]);
    expect(
      live.bodies("timer.fired").map(({ data, session, time }) => [data.timer, session?.turn, Date.parse(time)]),
    ).toEqual([
      [2, 1, 1_000_025],
      [1, 3, 1_000_025],
    ]);
    expect(live.conduct.turnTime(0)).toBe(1_000_000);
    expect(live.conduct.turnTime(1)).toBe(1_000_025);
  });

  it("is let go of at the end of the run: nothing holds the process", async () => {
    const live = goLive();
    arm(live, 1);
    live.conduct.end({ kind: "interrupted" });
    expect(live.timers.waiting()).toBe(0);
  });

  it("that was cleared is not fired", async () => {
    const live = goLive();
    arm(live, 1);
    live.guest.say({ type: "timerCleared", id: 1, turn: 0 });
    live.timers.run(10);
    await live.rest();
    expect(live.guest.deliveries).toEqual([]);
  });
});

function text(live: Live, body: RecordBody): string {
  if (body.type === "session.logged") return live.read(body.data.line);
  return body.type === "session.noted" ? live.read(body.data.note) : "";
}
