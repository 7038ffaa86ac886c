// Answers: delivered once each, in the order of their records, one turn each; hops of redirects, cancellation, and what
// becomes of calls at the session's end.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordBody } from "../../src/audit/events.ts";
import type { Performed } from "../../src/broker/contract.ts";
import { DESK, Desk, done, goLive, type Live, slowly, soon, WEB } from "./live.ts";

const V1 = "https://api.example.com/v1/";
const turnOf = (body: RecordBody): number => body.session?.turn ?? -1;

/** The records that say that they were delivered, as the guest should have got them. */
function delivered(live: Live): readonly { readonly turn: number; readonly id: number }[] {
  return live.records().flatMap((body) => {
    if (body.type === "timer.fired") return [{ turn: turnOf(body), id: body.data.timer }];
    if (body.type !== "call.settled" && body.type !== "call.denied") return [];
    return body.data.delivered === "true" ? [{ turn: turnOf(body), id: answered(live, body.data.call) }] : [];
  });
}

/** The call that the guest awaits, for a hop of it. */
function answered(live: Live, call: number): number {
  let at = call;
  for (;;) {
    const made = live
      .records()
      .find((body) => (body.type === "call.intended" || body.type === "call.denied") && body.data.call === at);
    const parent = (made as RecordBody<"call.intended"> | undefined)?.data.parent ?? null;
    if (parent === null) return at;
    at = parent;
  }
}

const got = (live: Live): unknown => live.guest.deliveries.map(({ turn, id }) => ({ turn, id }));

describe("deliveries", () => {
  it("follow the order of the records, whatever the order of the calls, a turn each without gaps", async () => {
    const live = goLive();
    const end = slowly(live.world);
    for (let i = 0; i < 4; i++) live.guest.call("desk.echo");
    await soon();
    for (const id of [3, 1, 4, 2]) {
      end(id);
      await soon();
    }
    await live.rest();
    expect(got(live)).toEqual([3, 1, 4, 2].map((id, i) => ({ turn: i + 1, id })));
    expect(delivered(live)).toEqual(got(live));
  });

  it("bear the time of their record, and carry the summary of the turn before, once", async () => {
    const live = goLive();
    live.clock.ms += 7;
    live.guest.call("desk.burn");
    live.guest.quiet();
    live.guest.call("desk.burn");
    live.guest.call("desk.burn");
    await live.rest();
    const denied = live.bodies("call.denied");
    const times = live.guest.deliveries.map(({ nowMs }) => new Date(nowMs).toISOString());
    expect(times).toEqual(denied.map(({ time }) => time));
    const summary = { turn: 0, calls: 1, draws: 0 };
    expect(denied.map(({ session }) => session?.before)).toEqual([undefined, summary, undefined]);
  });

  it("stop at the end of the run: a later outcome is recorded as late", async () => {
    const live = goLive();
    const end = slowly(live.world);
    live.guest.call("desk.echo");
    await soon();
    live.guest.say({ type: "done", turn: 0, ok: true, outputText: "1" });
    end(1);
    await live.rest();
    expect(live.guest.deliveries).toEqual([]);
    expect(live.bodies("call.settled")[0]?.data).toMatchObject({ effectState: "confirmed", delivered: "late" });
    expect(await live.close()).toBe(true);
  });
});

describe("a cancelled call", () => {
  it("is aborted and recorded; its outcome gives the guest its place back", async () => {
    const live = goLive();
    live.world.act = (_, { signal }) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () =>
          resolve({ kind: "failed", code: "CALL_CANCELLED", message: "cancelled" }),
        ),
      );
    const id = live.guest.call("desk.echo");
    await soon();
    live.guest.cancel(id);
    await live.rest();
    expect(live.bodies("call.cancelled").map(({ data }) => data)).toEqual([{ call: id }]);
    expect(live.bodies("call.settled")[0]?.data).toMatchObject({ code: "CALL_CANCELLED", delivered: "true" });
    expect(live.guest.answer(id)).toMatchObject({ ok: false, error: { name: "AbortError", code: "CALL_CANCELLED" } });
    expect(await live.close()).toBe(true);
  });

  it("that has not begun is never begun", async () => {
    const live = goLive();
    live.hold();
    const id = live.guest.call("desk.save");
    live.guest.cancel(id);
    live.free();
    await live.rest();
    expect(live.world.calls).toEqual([]);
    expect(live.bodies("call.settled")[0]?.data).toMatchObject({ effectState: "failed", code: "CALL_CANCELLED" });
  });

  it("twice, unknown, or answered already, changes nothing", async () => {
    const live = goLive();
    const id = live.guest.call("desk.echo");
    await live.rest();
    const before = live.records().length;
    live.guest.cancel(id);
    live.guest.cancel(77);
    const end = slowly(live.world);
    const next = live.guest.call("desk.echo");
    live.guest.cancel(next);
    live.guest.cancel(next);
    await soon();
    end(next);
    await live.rest();
    expect(
      live
        .records()
        .slice(before)
        .map(({ type }) => type),
    ).toEqual(["call.intended", "call.cancelled", "call.settled"]);
  });
});

const response = (status: number): object => ({
  status,
  statusText: "",
  url: V1,
  headers: [],
  body: "",
  redirected: false,
});
const moved = (url: string): Performed => ({
  kind: "redirected",
  value: response(302),
  args: { url, method: "GET", headers: [], redirects: 1 },
});

describe("a redirect", () => {
  it("is a call of its own: recorded with its parent, decided anew, and answers the first one", async () => {
    const live = goLive({ capabilities: WEB });
    live.world.act = (call) => (call.id === 1 ? moved(`${V1}b`) : done(response(200)));
    const id = live.guest.call("web.fetch", { url: `${V1}a` });
    await live.rest();
    expect(live.bodies("call.intended").map(({ data }) => [data.call, data.parent])).toEqual([
      [1, null],
      [-1, 1],
    ]);
    expect(live.bodies("call.settled").map(({ data }) => [data.call, data.delivered])).toEqual([
      [1, "hop"],
      [-1, "true"],
    ]);
    expect(live.guest.answer(id)).toMatchObject({ ok: true, turn: 1, resultText: JSON.stringify(response(200)) });
    expect(live.guest.deliveries).toHaveLength(1);
    expect(live.broker.counts).toMatchObject({ admitted: 2 });
    expect(await live.close()).toBe(true);
  });

  it("out of the grant is denied, never performed, and the guest is told", async () => {
    const live = goLive({ capabilities: WEB });
    live.world.act = () => moved("https://evil.example/v1/b");
    const id = live.guest.call("web.fetch", { url: `${V1}a` });
    await live.rest();
    expect(live.world.calls).toHaveLength(1);
    expect(live.bodies("call.denied")[0]?.data).toMatchObject({ call: -1, parent: 1, code: "RULE_FAILED" });
    expect(live.guest.answer(id)).toMatchObject({ error: { name: "CapabilityDenied", code: "RULE_FAILED" } });
    expect(await live.close()).toBe(true);
  });

  it("spends the budget like any call", async () => {
    const live = goLive({ capabilities: WEB.replace("redirects: 20", "redirects: 20, calls: 2") });
    live.world.act = () => moved(`${V1}b`);
    const id = live.guest.call("web.fetch", { url: `${V1}a` });
    await live.rest();
    expect(live.world.calls).toHaveLength(2);
    expect(live.guest.answer(id)).toMatchObject({ error: { code: "BUDGET_EXCEEDED" } });
  });

  it("that never ends is ended, whatever its kind says", async () => {
    const live = goLive({ capabilities: WEB });
    live.world.act = () => moved(`${V1}b`);
    const id = live.guest.call("web.fetch", { url: `${V1}a` });
    await live.rest();
    expect(live.world.calls).toHaveLength(21);
    expect(live.guest.answer(id)).toMatchObject({ error: { code: "BUDGET_EXCEEDED" } });
    expect(live.broker.pending).toBe(0);
    expect(await live.close()).toBe(true);
  });

  it("of a call that the agent gave up on is not followed", async () => {
    const live = goLive({ capabilities: WEB });
    live.world.act = () => {
      live.guest.cancel(1);
      return moved(`${V1}b`);
    };
    live.guest.call("web.fetch", { url: `${V1}a` });
    await live.rest();
    expect(live.world.calls).toHaveLength(1);
    expect(await live.close()).toBe(true);
  });
});

describe("the session's end", () => {
  it("drain(true) aborts what runs; what stops by itself has its own outcome", async () => {
    const live = goLive();
    live.world.act = (_, { signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(done("just done"))));
    live.guest.call("desk.save");
    await soon();
    live.conduct.end({ kind: "interrupted" });
    await live.broker.drain(true);
    expect(live.broker.pending).toBe(0);
    await live.session.release();
    expect(live.bodies("call.settled")[0]?.data).toMatchObject({ delivered: "late" });
  });

  it("abandon() records what does not stop as unknown; what it does afterwards changes nothing", async () => {
    const live = goLive();
    const end = slowly(live.world);
    live.guest.call("desk.save");
    live.guest.call("desk.echo");
    await soon();
    live.conduct.end({ kind: "interrupted" });
    live.broker.abandon();
    end(1, done({ saved: true }));
    end(2);
    await live.rest();
    expect(
      live.bodies("call.settled").map(({ data }) => [data.call, data.effectState, data.code, data.delivered]),
    ).toEqual([
      [1, "unknown", "CALL_TIMEOUT", "late"],
      [2, "unknown", "CALL_TIMEOUT", "late"],
    ]);
    expect(live.broker.counts).toMatchObject({ admitted: 2, unknown: 2 });
    expect(live.guest.deliveries).toEqual([]);
    expect(await live.close()).toBe(true);
  });

  it("abandon() keeps a call from beginning whose intent was still on its way to the disk", async () => {
    const live = goLive();
    live.hold();
    live.guest.call("desk.save");
    await soon();
    live.conduct.end({ kind: "interrupted" });
    live.broker.abandon();
    live.free();
    await live.rest();
    expect(live.world.calls).toEqual([]);
    expect(await live.close()).toBe(true);
  });
});

type Step = readonly [kind: "call" | "ask" | "refuse" | "web" | "cancel" | "finish" | "answer" | "catchUp", at: number];
const steps = fc.array(
  fc.tuple(
    fc.constantFrom("call", "ask", "refuse", "web", "cancel", "finish", "answer", "catchUp"),
    fc.nat(7),
  ) as fc.Arbitrary<Step>,
  { maxLength: 24 },
);

/** One thing that guest, world or a person does. */
function take(live: Live & { people: Desk; waiting: ((performed: Performed) => void)[] }, [kind, at]: Step): void {
  const { guest, people, waiting } = live;
  if (kind === "call") guest.call("desk.save");
  else if (kind === "ask") guest.call("desk.pay");
  else if (kind === "refuse") guest.call("desk.wipe");
  else if (kind === "web") guest.call("web.fetch", { url: `${V1}${at}` });
  else if (kind === "cancel") guest.cancel(at + 1);
  else if (kind === "catchUp") guest.catchUp();
  else if (kind === "answer") people.asked[at]?.answer({ granted: at % 2 === 0 });
  else
    waiting[at]?.(
      [done({ saved: true }), moved(`${V1}x`), moved("https://evil.example/"), done(7)][at % 4] as Performed,
    );
}

describe("whatever guest, world and people do, in whatever order", () => {
  it("the log verifies, counts what happened, and is what the guest was told, in its order", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const people = new Desk();
        const waiting: ((performed: Performed) => void)[] = [];
        const live = {
          ...goLive({ capabilities: DESK + WEB, approvers: people, limits: { inFlight: 1000 } }),
          people,
          waiting,
        };
        live.world.act = () => new Promise((resolve) => waiting.push(resolve));
        for (const step of all) {
          take(live, step);
          if (step[1] > 3) await new Promise((resolve) => setImmediate(resolve));
        }
        live.conduct.end({ kind: "interrupted" });
        live.broker.abandon();
        expect(live.broker.pending).toBe(0);
        // What was given up on comes to its end all the same.
        for (const end of waiting) end(done({ saved: true }));
        await live.broker.drain(true);
        await live.session.release();
        expect(delivered(live)).toEqual(got(live));
        expect(live.guest.deliveries.map(({ turn }) => turn)).toEqual(live.guest.deliveries.map((_, i) => i + 1));
        expect(await live.close()).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
