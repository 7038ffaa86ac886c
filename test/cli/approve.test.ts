import { describe, expect, test } from "vitest";
import { makeApprovals, type Questioner } from "../../src/cli/approve.ts";
import { makeLive } from "../../src/cli/live.ts";
import type { Random } from "../../src/base/powers.ts";
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

/** Draws the number 73, always. */
const random: Random = { bytes: () => Uint8Array.of(180, 0) };

function scripted(...answers: readonly string[]): { open: () => Promise<Questioner>; asked: string[] } {
  const asked: string[] = [];
  const left = [...answers];
  const open = async (): Promise<Questioner> => ({
    question: async (text) => {
      asked.push(text);
      return left.shift() ?? "";
    },
    close: () => {},
  });
  return { open, asked };
}

function ask(answers: readonly string[], change: Partial<ApprovalRequest> = {}, kept = keptPage()) {
  const { open, asked } = scripted(...answers);
  const channel = makeApprovals(kept.page, makeLive(kept.page), open, random);
  return { kept, asked, answer: channel.ask({ ...request, ...change }, new AbortController().signal) };
}

describe("the terminal's approvals", () => {
  test("show the exact argument, the effect and the rule", async () => {
    const { kept, answer } = ask(["y 73"]);
    expect(await answer).toEqual({ granted: true });
    expect(kept.text()).toMatchInlineSnapshot(`
      "
      enclosure: an agent asks
        agent    │ refund-desk
        rule     │ /capabilities/refunds/ask/0 (line 14)
        timeout  │ 1 min 0 s
        argument │ {"amount":400}
        to       │ do what cannot be undone
        call     │ 3  refunds.pay
        target   │ function refunds.pay
      "
    `);
  });

  test.each(["", " ", "n", "no", "N."])("take %j for a no", async (text) => {
    expect(await ask([text]).answer).toEqual({ granted: false });
  });

  test.each([
    "y",
    "yes",
    "y 37",
    "y 7",
    "y 730",
    "y73",
    "73",
    "y, 73",
    "yess",
    "\u202ey 73",
    "ok",
    "y 73\u0301",
    "not yes",
  ])("take %j for a no that says something", async (text) => {
    expect(await ask([text]).answer).toEqual({ granted: false, reason: text });
  });

  test.each(["y 73", "YES 73", " yes  73 ", "y 73,"])("take %j for a yes", async (text) => {
    expect(await ask([text]).answer).toEqual({ granted: true });
  });

  test("keep a reason, given in the line of the answer", async () => {
    expect(await ask(["yes 73,  the customer waits "]).answer).toEqual({ granted: true, reason: "the customer waits" });
    expect(await ask(["y 73, because"]).answer).toEqual({ granted: true, reason: "because" });
    expect(await ask(["no: too much"]).answer).toEqual({ granted: false, reason: "too much" });
  });

  test("hide nothing of an argument that was made to deceive", async () => {
    const { kept, answer } = ask(["n"], { argumentsText: '{"amount":400}\r{"amount":4}\x1b[K\u202e', agent: "a\nb" });
    await answer;
    expect(kept.text().replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(kept.text()).toContain('{"amount":400}\\r{"amount":4}\\x1b[K\\u202e');
  });

  test.each([
    ["blanks", " "],
    ["no-break blanks", "\u00a0"],
    ["em spaces", "\u2003"],
    ["letters", "x"],
    ["wide letters", "北"],
  ])("show no other request on the screen, after %s either", async (_what, filler) => {
    const forged = [
      "enclosure: an agent asks",
      "  to       │ read",
      "  call     │ 1  desk.rate",
      "  target   │ module rate",
    ];
    const padding = filler.repeat(80);
    const argumentsText = padding + forged.map((line) => line.padEnd(80, filler)).join("") + padding.repeat(40);
    const kept = keptPage({ terminal: true, columns: 80, rows: 24 });
    await ask(["n"], { argumentsText, target: { kind: "path", name: argumentsText } }, kept).answer;
    const screen = kept.screen();
    expect(screen.length).toBeLessThan(24);
    expect(screen.filter((row) => row.startsWith("enclosure:"))).toEqual(["enclosure: an agent asks"]);
    expect(screen.filter((row) => row.startsWith("  to "))).toEqual(["  to       │ do what cannot be undone"]);
    expect(screen.filter((row) => row.startsWith("  call "))).toEqual(["  call     │ 3  refunds.pay"]);
    for (const row of screen.slice(2)) expect(row).toMatch(/^ {2}(?:[a-z]+ +│ |… \d+ characters)/);
  });

  test("say how much of a long argument is left out, and where it stands", async () => {
    const kept = keptPage({ terminal: true, columns: 80, rows: 24 });
    await ask(["n"], { argumentsText: `a${"x".repeat(5000)}z` }, kept).answer;
    const rows = kept.lines().filter((row) => row.includes("x"));
    expect(rows[0]).toMatch(/^ {2}argument │ ax+$/);
    expect(rows.at(-1)).toMatch(/^ {2}argument │ x*z$/);
    const left = 5002 - rows.join("").replaceAll(/[^axz]|argument/g, "").length;
    expect(kept.text()).toContain(`  … ${left} characters are not shown here; all: enclosure call last 3\n`);
  });

  test("tell how many blanks stand where many do", async () => {
    const { kept, answer } = ask(["n"], { argumentsText: `a${" \u00a0\u2003".repeat(3)}b${" ".repeat(8)}c` });
    await answer;
    expect(kept.text()).toContain(`a⟨9 blanks⟩b${" ".repeat(8)}c\n`);
  });

  test("ask for a number that the question alone tells", async () => {
    const { asked, answer } = ask(["y"]);
    expect(await answer).toMatchObject({ granted: false });
    expect(asked).toEqual([expect.stringContaining("y 73")]);
  });

  test("ask one thing at a time", async () => {
    const kept = keptPage();
    const gate = Promise.withResolvers<string>();
    let opened = 0;
    const channel = makeApprovals(
      kept.page,
      makeLive(kept.page),
      async () => {
        opened++;
        return { question: () => gate.promise, close: () => {} };
      },
      random,
    );
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
    const channel = makeApprovals(
      kept.page,
      makeLive(kept.page),
      async () => ({
        question: (_text, signal) =>
          new Promise((resolve, reject) => {
            if (signal === stop.signal) signal.addEventListener("abort", () => reject(signal.reason as Error));
            else resolve("y 73");
          }),
        close: () => {},
      }),
      random,
    );
    const first = channel.ask(request, stop.signal);
    const second = channel.ask(request, new AbortController().signal);
    stop.abort();
    await expect(first).rejects.toThrow("aborted");
    expect(await second).toMatchObject({ granted: true });
  });
});
