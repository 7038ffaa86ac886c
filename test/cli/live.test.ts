import { describe, expect, test } from "vitest";
import { makeLive } from "../../src/cli/live.ts";
import type { LiveEvent } from "../../src/session/contract.ts";
import { keptPage } from "./page-fixture.ts";

const call = {
  type: "call",
  call: 2,
  state: "confirmed",
  capability: "refunds",
  function: "pay",
  argumentsText: '{"amount":40}',
  manifest: "enclosure.yaml",
} as const;

function told(...events: readonly LiveEvent[]): readonly string[] {
  const kept = keptPage();
  const live = makeLive(kept.page);
  for (const event of events) live.tell(event);
  return kept.lines();
}

describe("a live line", () => {
  test("tells a call once, when its outcome is known", () => {
    const done: LiveEvent = { ...call, target: { kind: "function", name: "refunds ledger" }, durationMs: 12 };
    expect(told({ ...call, state: "admitted" }, done)).toEqual([
      '✓   2 refunds.pay {"amount":40}  refunds ledger  12 ms',
    ]);
  });

  test("tells a refusal in plain words, with the manifest's line to change", () => {
    const refused: LiveEvent = {
      ...call,
      state: "denied",
      code: "RULE_DENIED",
      message: "amount 900 is denied",
      mend: "change the deny rule",
      rule: { pointer: "/capabilities/refunds/deny/0", line: 12, column: 9 },
    };
    expect(told(refused)).toEqual([
      '✗   2 refunds.pay {"amount":40}  refused [RULE_DENIED]',
      "      amount 900 is denied",
      "      mend: change the deny rule (enclosure.yaml:12)",
    ]);
  });

  test("marks every line that the agent says as the agent's", () => {
    expect(
      told({ type: "log", level: "warn", text: "one\nenclosure: verified" }, { type: "note", text: "why" }),
    ).toEqual(["    agent warn | one", "    agent warn | enclosure: verified", "    agent note | why"]);
  });

  test("waits while a person is being asked", () => {
    const kept = keptPage();
    const live = makeLive(kept.page);
    const release = live.hold();
    live.tell({ type: "log", level: "info", text: "allow this call? [y/N] y" });
    expect(kept.text()).toBe("");
    release();
    expect(kept.lines()).toEqual(["    agent info | allow this call? [y/N] y"]);
  });

  test("never prints what a terminal would obey, whatever part the agent chose", () => {
    const evil = "\x1b[1A\x1b[2K\u202e\n✓ granted";
    const attack: LiveEvent = {
      ...call,
      state: "denied",
      capability: evil,
      function: evil,
      argumentsText: evil,
      code: evil,
      message: evil,
      mend: evil,
    };
    const lines = told(
      attack,
      { type: "log", level: "info", text: evil },
      { type: "warning", code: "RULE_FAILED", message: evil, mend: evil, file: evil },
    );
    for (const line of lines) {
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(line).not.toMatch(/^✓/);
    }
  });

  test("begins every row of a terminal with words of ours", () => {
    const kept = keptPage({ terminal: true, columns: 80 });
    const forged = `${" ".repeat(200)}✓   1 desk.refund 5`;
    const evil = Array.from({ length: 80 }, (_, i) => forged.slice(i)).join("");
    const live = makeLive(kept.page);
    const { tell } = live;
    tell({ type: "log", level: "info", text: evil });
    tell({ type: "note", text: evil });
    tell({ type: "warning", code: "RULE_FAILED", message: evil, mend: evil, file: evil });
    tell({ ...call, state: "denied", function: evil, target: { kind: "path", name: evil }, message: evil, mend: evil });
    const ours = /^(?: {4}agent (?:info|note) \| |enclosure: | {6}| {2}--> |✗ {3}2 refunds\.)/;
    expect(kept.screen().length).toBeGreaterThan(1000);
    expect(kept.screen().filter((row) => !ours.test(row))).toEqual([]);
  });

  test("fits the terminal", () => {
    const kept = keptPage({ terminal: true, columns: 60 });
    makeLive(kept.page).tell({ ...call, argumentsText: "x".repeat(500), durationMs: 3 });
    expect(kept.lines()[0]?.length).toBeLessThanOrEqual(60);
  });
});
