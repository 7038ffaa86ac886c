// Asking a person about a held call: nobody there, no answer in time and a refusal all end in a denial; what was shown
// and who answered stand in the record before the call goes on.

import { describe, expect, it } from "vitest";
import { ASK_MS, DESK, Desk, goLive, type Live, soon } from "./live.ts";

const types = (live: Live): readonly string[] => live.records().map(({ type }) => type);
const refusedHow = (live: Live): readonly string[] => live.bodies("approval.refused").map(({ data }) => data.how);

/** A call that is held, with somebody to ask. */
async function held(limits = {}): Promise<Live & { readonly people: Desk; readonly id: number }> {
  const people = new Desk();
  const live = goLive({ approvers: people, limits });
  const id = live.guest.call("desk.pay", { cents: 5 });
  await soon();
  return { ...live, people, id };
}

describe("a held call", () => {
  it("where nobody can be asked is denied at once: APPROVAL_UNAVAILABLE", async () => {
    const live = goLive();
    const id = live.guest.call("desk.pay");
    await live.rest();
    expect(live.guest.answer(id)).toMatchObject({ error: { name: "CapabilityDenied", code: "APPROVAL_UNAVAILABLE" } });
    expect(live.bodies("approval.refused")[0]?.data).toEqual({ call: 1, by: null, how: "unavailable", reason: null });
    expect(live.world.calls).toEqual([]);
    expect(await live.close()).toBe(true);
  });

  it("that is granted is performed, and its intent names the granting record", async () => {
    const { people, id, ...live } = await held();
    expect(live.world.calls).toEqual([]);
    expect(live.bodies("call.intended")).toEqual([]);
    people.asked[0]?.answer({ granted: true, reason: "a regular" });
    await live.rest();
    expect(types(live).slice(1)).toEqual([
      "call.held",
      "approval.requested",
      "approval.granted",
      "call.intended",
      "call.settled",
    ]);
    const [granted] = live.bodies("approval.granted");
    expect(granted?.data).toMatchObject({
      how: "os_user",
      by: { id: people.person.id, kind: "os_user", evidence: "observed" },
    });
    expect([live.read(granted?.data.reason), live.read(granted?.data.by.name)]).toEqual(["a regular", "ada"]);
    expect(live.bodies("call.intended")[0]?.data.approval).toBe(granted?.session?.n);
    expect(live.guest.answer(id)).toMatchObject({ ok: true });
    expect(await live.close()).toBe(true);
  });

  it("shows the person the exact argument, and only once the record of what is shown is durable", async () => {
    const people = new Desk();
    const live = goLive({ approvers: people });
    live.hold();
    live.guest.call("desk.pay", { cents: 5 });
    await soon();
    expect(people.asked).toEqual([]);
    live.free();
    await soon();
    expect(people.asked[0]?.held).toMatchObject({
      call: 1,
      function: "pay",
      effect: "irreversible",
      argumentsText: '{"cents":5}',
      timeoutMs: ASK_MS,
      rule: { pointer: "/capabilities/desk/ask/0" },
    });
    const [requested] = live.bodies("approval.requested");
    expect(requested?.data).toMatchObject({ call: 1, channel: "tty" });
    expect(JSON.parse(live.read(requested?.data.shown))).toMatchObject({
      call: 1,
      capability: "desk",
      function: "pay",
      effect: "irreversible",
      arguments: '{"cents":5}',
    });
  });

  it("asks nobody where what would be shown cannot be recorded", async () => {
    const people = new Desk();
    const live = goLive({ approvers: people });
    live.hold();
    live.guest.call("desk.pay");
    await soon();
    live.fail(new Error("full"));
    await soon();
    expect(people.asked).toEqual([]);
    expect(live.ending()).toMatchObject({ kind: "faulted" });
  });

  it("that is refused is denied: APPROVAL_REFUSED, with who and why", async () => {
    const { people, id, ...live } = await held();
    people.asked[0]?.answer({ granted: false, reason: "no \ud800" });
    await live.rest();
    expect(live.guest.answer(id)).toMatchObject({ error: { code: "APPROVAL_REFUSED" } });
    const [refused] = live.bodies("approval.refused");
    expect(refused?.data).toMatchObject({ how: "os_user", by: { id: people.person.id } });
    expect(live.read(refused?.data.reason)).toBe("no \ufffd");
    expect(JSON.stringify(live.guest.deliveries)).not.toContain("no \ufffd");
    expect(live.world.calls).toEqual([]);
    expect(await live.close()).toBe(true);
  });

  it("that nobody answers in time is denied: APPROVAL_TIMEOUT; an answer after that does nothing", async () => {
    const { people, id, ...live } = await held();
    live.timers.run(ASK_MS);
    await live.rest();
    expect(people.asked[0]?.signal.aborted).toBe(true);
    expect(live.guest.answer(id)).toMatchObject({ error: { code: "APPROVAL_TIMEOUT" } });
    expect(refusedHow(live)).toEqual(["timeout"]);
    people.asked[0]?.answer({ granted: true });
    await soon();
    expect(live.world.calls).toEqual([]);
    expect(live.bodies("approval.granted")).toEqual([]);
    expect(await live.close()).toBe(true);
  });

  it.each([
    ["rejects", () => Promise.reject(new Error("no terminal"))],
    [
      "throws",
      () => {
        throw new Error("no terminal");
      },
    ],
  ])("whose channel %s is denied: APPROVAL_UNAVAILABLE", async (_, ask) => {
    const live = goLive({ approvers: Object.assign(new Desk(), { ask }) });
    const id = live.guest.call("desk.pay");
    await live.rest();
    expect(live.guest.answer(id)).toMatchObject({ error: { code: "APPROVAL_UNAVAILABLE" } });
    expect(JSON.stringify(live.guest.deliveries)).not.toContain("no terminal");
    expect(live.world.calls).toEqual([]);
  });

  it("that the agent gives up on is not performed, whatever the person says then", async () => {
    const { people, id, ...live } = await held();
    live.guest.cancel(id);
    people.asked[0]?.answer({ granted: true });
    await live.rest();
    expect(people.asked[0]?.signal.aborted).toBe(true);
    expect(live.world.calls).toEqual([]);
    expect(live.bodies("call.cancelled")[0]?.data).toEqual({ call: id });
    expect(await live.close()).toBe(true);
  });

  it("that the agent gives up on before the person is asked is never shown to anyone", async () => {
    const people = new Desk();
    const live = goLive({ approvers: people });
    live.hold();
    const id = live.guest.call("desk.pay");
    live.guest.cancel(id);
    live.free();
    await live.rest();
    expect(people.asked).toEqual([]);
    expect(live.broker.pending).toBe(0);
    expect(refusedHow(live)).toEqual(["unavailable"]);
  });

  it("spends the budget while it waits: no crowd of held calls passes together", async () => {
    const people = new Desk();
    const live = goLive({ approvers: people, capabilities: `${DESK}    limits: { calls: 1 }\n` });
    live.guest.call("desk.pay");
    const second = live.guest.call("desk.pay");
    await soon();
    expect(live.guest.answer(second)).toMatchObject({ error: { code: "BUDGET_EXCEEDED" } });
    expect(people.asked).toHaveLength(1);
  });

  it("that still waits when the session is given up is denied on the record, not called unknown", async () => {
    const people = new Desk();
    const live = goLive({ approvers: people });
    live.hold();
    live.guest.call("desk.pay");
    await soon();
    live.conduct.end({ kind: "interrupted" });
    void live.broker.drain(true);
    live.broker.abandon();
    live.free();
    await live.rest();
    expect(live.bodies("call.denied").map(({ data }) => [data.code, data.delivered])).toEqual([
      ["APPROVAL_UNAVAILABLE", "late"],
    ]);
    expect(people.asked).toEqual([]);
    expect(await live.close()).toBe(true);
  });

  it("that is granted at the very moment when the session is given up is not begun", async () => {
    const { people, id: _, ...live } = await held();
    people.asked[0]?.answer({ granted: true });
    live.conduct.end({ kind: "interrupted" });
    live.broker.abandon();
    await live.rest();
    expect(live.bodies("call.intended")).toEqual([]);
    expect(live.world.calls).toEqual([]);
    expect(await live.close()).toBe(true);
  });
});
