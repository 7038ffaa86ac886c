// People: a name never stands in a body, and nothing but `true` from another's channel grants a call.

import { userInfo } from "node:os";
import { describe, expect, it } from "vitest";
import type { LogWriter } from "../../src/audit/contract.ts";
import type { HeldCall } from "../../src/broker/ports.ts";
import type { ApprovalAnswer, ApprovalChannel } from "../../src/session/contract.ts";
import { approversAt, namedPerson, osUser } from "../../src/session/people.ts";
import { newPlace, openWriter } from "../store/logs.ts";
import { goLive } from "../broker/live.ts";

const writer = (): Promise<LogWriter> => openWriter(newPlace());

describe("a person", () => {
  it("is a pseudonym, stable within the store, with the name beside it as a payload", async () => {
    const log = await writer();
    const { id, kind, evidence, name } = osUser(log);
    expect([kind, evidence, name.text]).toEqual(["os_user", "observed", userInfo().username]);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(osUser(log).id).toBe(id);
    expect(osUser(await writer()).id).not.toBe(id);
  });

  it("that the caller names is the caller's claim, and another than the user of that name", async () => {
    const log = await writer();
    const named = namedPerson(log, userInfo().username);
    expect([named.kind, named.evidence]).toEqual(["named", "host_claimed"]);
    expect(named.id).not.toBe(osUser(log).id);
  });
});

describe("a channel of another's", () => {
  const asked = async (
    answer: unknown,
  ): Promise<readonly [calls: number, code: string | undefined, reason: string]> => {
    const channel: ApprovalChannel = { name: "library", ask: () => Promise.resolve(answer as ApprovalAnswer) };
    const live = goLive({ approvers: approversAt(channel, await writer(), "tested") });
    const id = live.guest.call("desk.pay");
    await live.rest();
    const told = live.guest.answer(id);
    const [by] = [...live.bodies("approval.granted"), ...live.bodies("approval.refused")];
    return [live.world.calls.length, told?.ok === false ? told.error.code : undefined, live.read(by?.data.reason)];
  };

  it("grants by `true` alone", async () => {
    expect(await asked({ granted: true, reason: "fine" })).toEqual([1, undefined, "fine"]);
  });

  it.each([
    [{ granted: "no" }, "APPROVAL_REFUSED"],
    [{ granted: 1 }, "APPROVAL_REFUSED"],
    [{}, "APPROVAL_REFUSED"],
    [undefined, "APPROVAL_UNAVAILABLE"],
    [null, "APPROVAL_UNAVAILABLE"],
  ])("refuses by %j", async (answer, code) => {
    expect(await asked(answer)).toEqual([0, code, ""]);
  });

  it("passes over a reason that is no text", async () => {
    expect(await asked({ granted: true, reason: { toWellFormed: 1 } })).toEqual([1, undefined, ""]);
  });

  it("is told which agent asks, and for what", async () => {
    const requests: unknown[] = [];
    const channel: ApprovalChannel = {
      name: "tty",
      ask: (request) => {
        requests.push(request);
        return Promise.resolve({ granted: false });
      },
    };
    const live = goLive({ approvers: approversAt(channel, await writer(), "tested") });
    live.guest.call("desk.pay", { cents: 5 });
    await live.rest();
    const held: Partial<HeldCall> = { call: 1, effect: "irreversible", argumentsText: '{"cents":5}' };
    expect(requests).toEqual([
      expect.objectContaining({ ...held, agent: "tested", capability: "desk", function: "pay" }),
    ]);
  });
});
