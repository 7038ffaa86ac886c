import { describe, expect, test } from "vitest";
import { makeApprovals, type Questioner } from "../../src/cli/approve.ts";
import { makeLive } from "../../src/cli/live.ts";
import type { ApprovalRequest } from "../../src/session/contract.ts";
import { keptPage } from "./page-fixture.ts";

const request: ApprovalRequest = {
  agent: "refund-desk",
  call: 3,
  capability: "refunds",
  function: "pay",
  effect: "irreversible",
  target: { kind: "function", name: "refunds.pay" },
  rule: { pointer: "/capabilities/refunds/ask/0", line: 14, column: 9 },
  argumentsText: '{"amount":400}',
  timeoutMs: 60_000,
};

function scripted(...answers: readonly string[]): { open: () => Questioner; asked: string[] } {
  const asked: string[] = [];
  const left = [...answers];
  const open = (): Questioner => ({
    question: async (text) => {
      asked.push(text);
      return left.shift() ?? "";
    },
    close: () => {},
  });
  return { open, asked };
}

function ask(answers: readonly string[], change: Partial<ApprovalRequest> = {}) {
  const kept = keptPage();
  const { open } = scripted(...answers);
  const channel = makeApprovals(kept.page, makeLive(kept.page), open);
  return { kept, answer: channel.ask({ ...request, ...change }, new AbortController().signal) };
}

describe("the terminal's approvals", () => {
  test("show the exact argument, the effect and the rule", async () => {
    const { kept, answer } = ask(["y"]);
    expect(await answer).toEqual({ granted: true });
    expect(kept.text()).toMatchInlineSnapshot(`
      "
      enclosure: agent refund-desk asks to do what cannot be undone
        call      3  refunds.pay
        target    function refunds.pay
        rule      /capabilities/refunds/ask/0 (line 14)
        argument  {"amount":400}
        timeout   1 min 0 s
      "
    `);
  });

  test.each(["", " ", "n", "no", "N."])("take %j for a no", async (text) => {
    expect(await ask([text]).answer).toEqual({ granted: false });
  });

  test.each(["yess", "\u202ey", "ok", "yes\u0301", "not yes"])("take %j for a no that says something", async (text) => {
    expect(await ask([text]).answer).toEqual({ granted: false, reason: text });
  });

  test.each(["y", "YES", " yes ", "y,"])("take %j for a yes", async (text) => {
    expect(await ask([text]).answer).toEqual({ granted: true });
  });

  test("keep a reason, given in the line of the answer", async () => {
    expect(await ask(["yes,  the customer waits "]).answer).toEqual({ granted: true, reason: "the customer waits" });
    expect(await ask(["no: too much"]).answer).toEqual({ granted: false, reason: "too much" });
  });

  test("hide nothing of an argument that was made to deceive", async () => {
    const { kept, answer } = ask(["n"], { argumentsText: '{"amount":400}\r{"amount":4}\x1b[K\u202e', agent: "a\nb" });
    await answer;
    expect(kept.text().replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(kept.text()).toContain('{"amount":400}\\r{"amount":4}\\x1b[K\\u202e');
  });

  test("ask one thing at a time", async () => {
    const kept = keptPage();
    const gate = Promise.withResolvers<string>();
    let opened = 0;
    const channel = makeApprovals(kept.page, makeLive(kept.page), () => {
      opened++;
      return { question: () => gate.promise, close: () => {} };
    });
    const { signal } = new AbortController();
    const both = Promise.all([channel.ask(request, signal), channel.ask(request, signal)]);
    await Promise.resolve();
    await Promise.resolve();
    expect(opened).toBe(1);
    gate.resolve("n");
    await both;
    expect(opened).toBe(2);
  });

  test("are over when nobody needs them any more, and the next can be asked", async () => {
    const kept = keptPage();
    const stop = new AbortController();
    const channel = makeApprovals(kept.page, makeLive(kept.page), () => ({
      question: (_text, signal) =>
        new Promise((resolve, reject) => {
          if (signal === stop.signal) signal.addEventListener("abort", () => reject(signal.reason as Error));
          else resolve("y");
        }),
      close: () => {},
    }));
    const first = channel.ask(request, stop.signal);
    const second = channel.ask(request, new AbortController().signal);
    stop.abort();
    await expect(first).rejects.toThrow("aborted");
    expect(await second).toMatchObject({ granted: true });
  });
});
