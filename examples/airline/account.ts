// What came of the recorded calls in the enclosure: each is refused, failed, equal to its recording or different from it,
// and each difference is put down to what caused it, by doing the calls again without the enclosure.

import { openDatabase } from "./database.ts";
import { makeTools } from "./tools.ts";
import { callsOf, equalsAnswer } from "./trajectories.ts";
import type { RecordedCall, RecordedRun } from "./trajectories.ts";

/** A call as the log has it; a row of `enclosure calls --json`. */
export interface LoggedCall {
  readonly session: string;
  readonly function: string;
  readonly verdict: "admitted" | "denied";
  readonly effectState: "confirmed" | "failed" | "unknown" | "none";
  readonly code?: string;
  readonly rule?: { readonly pointer: string; readonly line: number };
  readonly result?: unknown;
}

export type Outcome =
  | { readonly kind: "equal" }
  | { readonly kind: "refused" | "failed" | "different"; readonly cause: string }
  /** The log has no such call: its session was cut off before. */
  | { readonly kind: "missing" };

/** The outcome of each recorded call of a run, given the session's calls in the order of the log. */
export function accountFor(run: RecordedRun, logged: readonly LoggedCall[], folder: string): readonly Outcome[] {
  const recorded = callsOf(run);
  const refused = new Set(recorded.keys().filter((index) => logged[index]?.verdict === "denied"));
  return recorded.map((call, index): Outcome => {
    const row = logged[index];
    if (row === undefined || row.function !== call.tool) return { kind: "missing" };
    if (row.verdict === "denied") return { kind: "refused", cause: refusal(row) };
    if (row.effectState !== "confirmed") return { kind: "failed", cause: `${row.function}: ${row.code ?? "unknown"}` };
    if (equalsAnswer(row.result, call.answer)) return { kind: "equal" };
    return { kind: "different", cause: causeOf({ recorded, refused, index, result: row.result, folder }) };
  });
}

function refusal({ function: name, code, rule }: LoggedCall): string {
  return `${name}: ${code ?? "refused"}${rule === undefined ? "" : ` by ${rule.pointer} (line ${rule.line})`}`;
}

interface Difference {
  readonly recorded: readonly RecordedCall[];
  readonly refused: ReadonlySet<number>;
  readonly index: number;
  readonly result: unknown;
  readonly folder: string;
}

/** A refused call is the cause where the tools give this very result without the refused calls, and the recorded one with it. */
function causeOf({ recorded, refused, index, result, folder }: Difference): string {
  const resultWithout = (skipped: ReadonlySet<number>) => perform(recorded.slice(0, index + 1), skipped, folder);
  const before = new Set(refused.keys().filter((at) => at < index));
  const answer = recorded[index]?.answer ?? "";
  if (JSON.stringify(resultWithout(before)) !== JSON.stringify(result)) return "not explained";
  for (const at of before) {
    const others = new Set(before.keys().filter((other) => other !== at));
    if (equalsAnswer(resultWithout(others), answer)) return `after a refused ${recorded[at]?.tool}`;
  }
  return equalsAnswer(resultWithout(new Set()), answer) ? "after several refused calls" : "not explained";
}

/** The last result of these calls, without the enclosure and without those that are skipped. */
function perform(calls: readonly RecordedCall[], skipped: ReadonlySet<number>, folder: string): unknown {
  const tools: Record<string, (args: never) => unknown> = makeTools(openDatabase(folder));
  let result: unknown;
  for (const [index, { tool, args }] of calls.entries()) {
    if (!skipped.has(index)) result = structuredClone(tools[tool]?.(args as never));
  }
  return result;
}
