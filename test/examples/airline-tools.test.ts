// The airline desk's tools against what was recorded of 200 runs by others: no enclosure, no rules, plain functions.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { accountFor } from "../../examples/airline/account.ts";
import type { LoggedCall } from "../../examples/airline/account.ts";
import { evaluate } from "../../examples/airline/arithmetic.ts";
import { openDatabase } from "../../examples/airline/database.ts";
import { makeTools } from "../../examples/airline/tools.ts";
import { callsOf, equalsAnswer, loadRuns } from "../../examples/airline/trajectories.ts";
import type { RecordedRun } from "../../examples/airline/trajectories.ts";

const folder = process.env["TAU_BENCH"] ?? "../shared/vectors/tau-bench-airline";
const isThere = existsSync(join(folder, "trajectories.json"));

function openTools(): Record<string, (args: never) => unknown> {
  return makeTools(openDatabase(folder));
}

/** What the tools answer to a run's calls, as the log would have it; those whose names start with `refused` are. */
function logOf(run: RecordedRun, refused?: string): LoggedCall[] {
  const tools = openTools();
  return callsOf(run).map(({ tool, args }) =>
    refused !== undefined && tool.startsWith(refused)
      ? { session: "s", function: tool, verdict: "denied", effectState: "none", code: "RULE_DENIED" }
      : {
          session: "s",
          function: tool,
          verdict: "admitted",
          effectState: "confirmed",
          result: structuredClone(tools[tool]?.(args as never)),
        },
  );
}

describe.skipIf(!isThere)("the airline's tools", () => {
  test("answer every one of the 1,164 recorded calls exactly as recorded", () => {
    const runs = loadRuns(folder);
    const different: string[] = [];
    let calls = 0;
    for (const run of runs) {
      const tools = openTools();
      for (const { tool, args, answer } of callsOf(run)) {
        calls++;
        if (!equalsAnswer(tools[tool]?.(args as never), answer)) different.push(`${run.id} ${tool}`);
      }
    }
    expect({ runs: runs.length, calls, different }).toEqual({ runs: 200, calls: 1164, different: [] });
  });

  test("keep what one session changes from another", () => {
    const [first, second] = [openTools(), openTools()];
    first["cancel_reservation"]?.({ reservation_id: "4WQ150" } as never);
    const statusIn = (tools: typeof first) =>
      tools["get_reservation_details"]?.({ reservation_id: "4WQ150" } as never) as { status?: string };
    expect(statusIn(first).status).toBe("cancelled");
    expect(statusIn(second).status).toBeUndefined();
  });

  test("say what is wrong, and change nothing then", () => {
    const tools = openTools();
    const booking = {
      user_id: "mia_li_3668",
      origin: "JFK",
      destination: "SEA",
      flight_type: "one_way",
      cabin: "economy",
      flights: [{ flight_number: "HAT069", date: "2024-05-20" }],
      passengers: [{ first_name: "Mia", last_name: "Li", dob: "1990-04-05" }],
      total_baggages: 0,
      nonfree_baggages: 0,
      insurance: "no",
    };
    const pay = (payment_id: string, amount: number) =>
      tools["book_reservation"]?.({ ...booking, payment_methods: [{ payment_id, amount }] } as never);
    expect(pay("certificate_4856383", 101)).toBe("Error: not enough balance in payment method certificate_4856383");
    expect(pay("toString", 121)).toBe("Error: payment method toString not found");
    expect(pay("certificate_4856383", 100)).toBe(
      "Error: payment amount does not add up, total price is 121, but paid 100",
    );
    expect(pay("credit_card_4421486", 121)).toMatchObject({ reservation_id: "HATHAT" });
    expect(tools["get_user_details"]?.({ user_id: "nobody" } as never)).toBe("Error: user not found");
    expect(tools["calculate"]?.({ expression: "1 / 0" } as never)).toBe("Error: the result is no number");
  });
});

describe.skipIf(!isThere)("accountFor()", () => {
  test("puts each difference down to the refused call that caused it", () => {
    const counts: Record<string, number> = {};
    for (const outcome of loadRuns(folder).flatMap((run) => accountFor(run, logOf(run, "update_"), folder))) {
      const key = "cause" in outcome ? `${outcome.kind}: ${outcome.cause}` : outcome.kind;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    const different = Object.keys(counts).filter((key) => key.startsWith("different"));
    expect(different).toContain("different: after a refused update_reservation_flights");
    expect(different).not.toContain("different: not explained");
  });

  test("does not explain a result that the tools would not give", () => {
    const run = loadRuns(folder)[0] as RecordedRun;
    const logged = logOf(run);
    logged[0] = { ...(logged[0] as LoggedCall), result: { invented: true } };
    expect(accountFor(run, logged, folder)[0]).toEqual({ kind: "different", cause: "not explained" });
  });

  test("tells calls that never came to the log", () => {
    const run = loadRuns(folder)[0] as RecordedRun;
    const outcome = accountFor(run, logOf(run).slice(0, 1), folder);
    expect(outcome[0]).toEqual({ kind: "equal" });
    expect(outcome[1]).toEqual({ kind: "missing" });
  });
});

describe("the calculator", () => {
  test.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3 - 4 / 8", 8.5],
    ["-(2 - 5)", 3],
    ["498 * 1.5", 747],
  ])("evaluates %s", (expression, value) => expect(evaluate(expression)).toBe(value));

  test.each(["", "1 +", "(1", "1 2", "process.exit()", "2 ** 3", "(".repeat(200)])("refuses %s", (expression) =>
    expect(() => evaluate(expression)).toThrow(SyntaxError),
  );
});
