// The reference monitor over a real log: intent before act, one outcome for each, refusals on the record, and nothing
// said to the guest that is not from a template.

import { describe, expect, it } from "vitest";
import { EnclosureError } from "../../src/base/errors.ts";
import { DESK, done, goLive, slowly, soon, WEB } from "./live.ts";

const HOST_TEXT = "ENOENT /srv/desk/secret.ts:12";

describe("intent before act", () => {
  it("calls a provider only once the intent is durable", async () => {
    const live = goLive();
    const seen: string[] = [];
    live.world.act = () => {
      seen.push(...live.bodies("call.intended").map(({ data }) => `intent ${data.call}`));
      return done(1);
    };
    live.hold();
    live.guest.call("desk.echo");
    await soon();
    expect(live.world.calls).toEqual([]);
    live.free();
    await live.rest();
    expect(seen).toEqual(["intent 1"]);
  });

  it("never calls it where the commit fails, delivers nothing, and ends the session", async () => {
    const live = goLive();
    live.hold();
    live.guest.call("desk.echo");
    await soon();
    const fault = new EnclosureError("LOG_WRITE_FAILED", "the disk says no");
    live.fail(fault);
    await soon();
    expect(live.world.calls).toEqual([]);
    expect(live.guest.deliveries).toEqual([]);
    expect(live.ending()).toEqual({ kind: "faulted", error: fault });
    live.guest.call("desk.echo");
    await soon();
    expect(live.world.calls).toEqual([]);
  });

  it("delivers no outcome whose record cannot be appended, once the log has failed", async () => {
    const live = goLive();
    const end = slowly(live.world);
    live.guest.call("desk.echo");
    await soon();
    live.fail(new Error("gone"));
    await live.session
      .release(live.session.append({ type: "call.cancelled", evidence: "observed", turn: 0, data: { call: 9 } }))
      .catch(() => {});
    end(1);
    await soon();
    expect(live.world.calls).toHaveLength(1);
    expect(live.guest.deliveries).toEqual([]);
  });

  it("performs exactly what was decided on and recorded", async () => {
    const live = goLive();
    live.guest.callText("desk.echo", '{"a":{"b":[1,"x"]}}');
    await live.rest();
    const [intent] = live.bodies("call.intended");
    expect(live.read(intent?.data.arguments)).toBe('{"a":{"b":[1,"x"]}}');
    expect(live.world.calls[0]).toMatchObject({ id: 1, args: { text: '{"a":{"b":[1,"x"]}}' }, effect: "read" });
    expect(Object.isFrozen(live.world.calls[0])).toBe(true);
    expect(intent?.data).toMatchObject({ target: { kind: "module", name: "echo" }, site: { line: 3, column: 9 } });
    expect(await live.close()).toBe(true);
  });
});

describe("a refusal", () => {
  it.each([
    ["of a capability", "shell.run", "{}", "GRANT_MISSING"],
    ["of a function", "desk.burn", "{}", "FUNCTION_MISSING"],
    ["of an argument", "desk.look", '{"id":7}', "ARGUMENT_INVALID"],
    ["by size", "desk.echo", `"${"x".repeat(100)}"`, "ARGUMENT_TOO_LARGE"],
    ["by a deny rule, whoever could be asked", "desk.wipe", "{}", "RULE_DENIED"],
  ])("%s is recorded, told from a template, and not performed", async (_, name, argsText, code) => {
    const live = goLive({ limits: { argumentBytes: 64 } });
    const id = live.guest.callText(name, argsText);
    await live.rest();
    const [denied] = live.bodies("call.denied");
    expect(denied?.data).toMatchObject({ call: id, madeIn: 0, code, delivered: "true" });
    const told = live.guest.answer(id);
    expect(told).toMatchObject({ ok: false, error: { name: "CapabilityDenied", code } });
    expect(JSON.parse(live.read(denied?.data.error))).toEqual({ told: told?.ok === false ? told.error : undefined });
    expect(live.world.calls).toEqual([]);
    expect(live.broker.counts).toEqual({ admitted: 0, denied: 1, failed: 0, unknown: 0 });
    expect(await live.close()).toBe(true);
  });

  it("puts no text of the agent's into a body: unknown names and arguments are payloads", async () => {
    const live = goLive({ capabilities: DESK + WEB });
    const mark = "agentsOwn";
    live.guest.call(`${mark}.${mark}`, { [mark]: mark });
    live.guest.call(`desk.${mark}`, { [mark]: mark });
    live.guest.call("desk.look", { id: 1, [mark]: mark });
    live.guest.call("desk.wipe", { [mark]: mark });
    live.guest.call("desk.echo", { [mark]: mark });
    live.guest.call("web.fetch", { url: `https://${mark}.example/${mark}?${mark}=${mark}` });
    live.guest.call("web.fetch", { url: `https://api.example.com/v1/${mark}` });
    await live.rest();
    const bodies = live.records().map((body) => JSON.stringify(body));
    expect(bodies.length).toBeGreaterThan(8);
    expect(bodies.filter((body) => body.toLowerCase().includes(mark.toLowerCase()))).toEqual([]);
    const [unlisted, halfListed] = live.bodies("call.denied");
    expect(unlisted?.data).toMatchObject({ capability: "(unlisted)", function: "(unlisted)", target: null });
    expect(halfListed?.data).toMatchObject({ capability: "desk", function: "(unlisted)" });
    expect(JSON.parse(live.read(unlisted?.data.arguments))).toEqual({
      capability: mark,
      function: mark,
      arguments: JSON.stringify({ [mark]: mark }),
    });
    expect(await live.close()).toBe(true);
  });

  it("records names and arguments that are no well-formed text, too", async () => {
    const live = goLive();
    const id = live.guest.callText("\ud800.\udfff", '"\ud800"');
    live.guest.callText("desk.echo", '"\ud800"');
    await live.rest();
    expect(live.guest.answer(id)).toMatchObject({ error: { code: "GRANT_MISSING" } });
    expect(live.bodies("call.denied").map(({ data }) => data.code)).toEqual(["GRANT_MISSING", "ARGUMENT_INVALID"]);
    expect(await live.close()).toBe(true);
  });

  it("by a budget: the calls before it went through, and it costs nothing itself", async () => {
    const live = goLive({ capabilities: `${DESK}    limits: { calls: 2 }\n` });
    for (let i = 0; i < 4; i++) live.guest.call("desk.echo");
    await live.rest();
    expect(live.world.calls.map(({ id }) => id)).toEqual([1, 2]);
    expect(live.bodies("call.denied").map(({ data }) => [data.call, data.code])).toEqual([
      [3, "BUDGET_EXCEEDED"],
      [4, "BUDGET_EXCEEDED"],
    ]);
  });

  it("by a rate is reckoned by the virtual time of the turn that made the call", async () => {
    const live = goLive({ capabilities: `${DESK}    limits: { rate: 1/s }\n` });
    live.guest.call("desk.echo");
    live.clock.ms += 5000;
    // Real time has passed, and the guest is still in the turn in which it had not.
    live.guest.call("desk.echo");
    await live.rest();
    live.guest.turn = live.guest.deliveries.at(-1)?.turn ?? 0;
    live.guest.call("desk.echo");
    await live.rest();
    expect(live.guest.deliveries.map((one) => one.type === "settled" && [one.id, one.ok])).toEqual([
      [2, false],
      [1, true],
      [3, true],
    ]);
  });
});

describe("a result", () => {
  it.each([
    ["larger than the limit", { kind: "value", value: "x".repeat(100) }, "RESULT_TOO_LARGE"],
    ["larger in bytes than in characters", { kind: "value", value: "€".repeat(30) }, "RESULT_TOO_LARGE"],
    ["that does not fit the schema", { kind: "value", value: { saved: "yes" } }, "RESULT_INVALID"],
    ["that cannot cross", { kind: "value", value: new Map() }, "RESULT_INVALID"],
    ["that is cyclic", { kind: "value", value: cyclic() }, "RESULT_INVALID"],
    [
      "that redirects to what cannot cross",
      { kind: "redirected", value: { saved: true }, args: () => 1 },
      "RESULT_INVALID",
    ],
  ] as const)("%s is refused: of a write the outcome is unknown, never confirmed", async (_, performed, code) => {
    const live = goLive({ limits: { resultBytes: 64 } });
    live.world.act = () => performed;
    const id = live.guest.call("desk.save");
    await live.rest();
    const [settled] = live.bodies("call.settled");
    expect(settled?.data).toMatchObject({ effectState: "unknown", code, result: null });
    const message = `the result was refused [${code}]`;
    expect(live.guest.answer(id)).toMatchObject({ ok: false, error: { name: "CapabilityFailed", code, message } });
    expect(live.broker.counts).toMatchObject({ admitted: 1, unknown: 1 });
    expect(await live.close()).toBe(true);
  });

  it("of a read that is refused has failed: there is no effect to be in doubt about", async () => {
    const live = goLive();
    live.world.act = () => done(Symbol("x"));
    live.guest.call("desk.look");
    await live.rest();
    expect(live.bodies("call.settled")[0]?.data).toMatchObject({ effectState: "failed", code: "RESULT_INVALID" });
  });

  it("is delivered as it is recorded, every kind of value", async () => {
    const live = goLive();
    live.world.act = () => done({ n: NaN, big: 1n, at: new Date(5), bytes: new Uint8Array([1]), none: [undefined] });
    const id = live.guest.call("desk.echo");
    await live.rest();
    const answer = live.guest.answer(id);
    expect(answer?.ok === true && answer.resultText).toBe(live.read(live.bodies("call.settled")[0]?.data.result));
  });

  it("of a host module is its claim, and of our own providers what the runtime saw", async () => {
    const live = goLive({ capabilities: DESK + WEB });
    live.guest.call("desk.echo");
    live.guest.call("web.fetch", { url: "https://api.example.com/v1/x" });
    live.world.act = () => ({ kind: "failed", code: "CALL_FAILED", message: "no" });
    await live.rest();
    expect(live.bodies("call.settled").map(({ evidence }) => evidence)).toEqual(["host_claimed", "observed"]);
    expect(live.bodies("call.intended").map(({ evidence }) => evidence)).toEqual(["observed", "observed"]);
  });
});

describe("a provider", () => {
  it.each([
    ["rejects", () => Promise.reject(new Error(HOST_TEXT))],
    [
      "throws at once",
      () => {
        throw new Error(HOST_TEXT);
      },
    ],
    ["rejects with what has no text", () => Promise.reject(Object.create(null) as Error)],
  ])("that %s leaves an unknown outcome; its text stays on the host", async (_, act) => {
    const live = goLive();
    live.world.act = act;
    const id = live.guest.call("desk.save");
    await live.rest();
    const message = "the capability failed [CALL_FAILED]";
    expect(live.guest.answer(id)).toMatchObject({ error: { name: "CapabilityFailed", code: "CALL_FAILED", message } });
    const [settled] = live.bodies("call.settled");
    expect(settled?.data).toMatchObject({ effectState: "unknown", code: "CALL_FAILED" });
    expect(JSON.parse(live.read(settled?.data.error))).toMatchObject({
      told: { message },
      detail: expect.any(String) as string,
    });
    expect(JSON.stringify(live.guest.deliveries)).not.toContain("/srv/desk");
    expect(JSON.stringify(live.records())).not.toContain("/srv/desk");
    expect(await live.close()).toBe(true);
  });

  it.each(["failed", "unknown"] as const)("that says %s has its template told and its detail kept", async (kind) => {
    const live = goLive();
    live.world.act = () => ({ kind, code: "CALL_TIMEOUT", message: "it took too long", detail: HOST_TEXT });
    const id = live.guest.call("desk.save");
    await live.rest();
    expect(live.guest.answer(id)).toMatchObject({ error: { message: "it took too long [CALL_TIMEOUT]" } });
    const [settled] = live.bodies("call.settled");
    expect(settled?.data.effectState).toBe(kind);
    expect(live.read(settled?.data.error)).toContain(HOST_TEXT);
    expect(live.broker.counts).toMatchObject({ [kind]: 1 });
  });

  it("is bound to a grant: a broker with a grant that nobody performs is a bug", () => {
    expect(() => goLive({ capabilities: DESK, providers: new Map() })).toThrow("no provider performs desk");
  });

  it("whose grant is broken ends the session: no call waits for ever on a bug of ours", async () => {
    const live = goLive();
    const desk = live.grants.get("desk") as { decide: unknown };
    desk.decide = () => {
      throw new RangeError("a bug");
    };
    live.guest.call("desk.echo");
    await soon();
    expect(live.ending()).toMatchObject({ kind: "faulted", error: { message: "a bug" } });
  });
});

function cyclic(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}
