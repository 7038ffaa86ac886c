// Budgets: how many calls, and how fast. Decided from what the record holds alone (the order of calls, the turn
// and virtual time of each), so that a replay decides the same.

import type { CompiledGrant } from "../kinds/contract.ts";

export type BudgetVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string; readonly mend: string };

/** One session's budgets. `spend` counts what was admitted or held; `check` only looks. */
export class Budgets {
  readonly #spent = new Map<string, number>();
  /** Virtual times of the calls of each grant that has a rate, as far back as the rate looks. */
  readonly #recent = new Map<string, readonly number[]>();

  /** Whether one more call of this grant at this virtual time stays within the grant's limits. */
  check(grant: CompiledGrant, nowMs: number): BudgetVerdict {
    const spent = this.#spent.get(grant.name) ?? 0;
    const { calls, rate } = grant.limits;
    if (calls !== undefined && spent >= calls) {
      return over(`the grant's ${calls} calls are used up`, `raise capabilities.${grant.name}.limits.calls`);
    }
    const recent = this.#recent.get(grant.name) ?? [];
    if (rate !== undefined && after(recent, nowMs - rate.perMs).length >= rate.count) {
      return over(
        `more than ${rate.count} calls in ${rate.perMs} ms`,
        `raise capabilities.${grant.name}.limits.rate, or call more slowly`,
      );
    }
    return { ok: true };
  }

  spend(grant: CompiledGrant, nowMs: number): void {
    this.#spent.set(grant.name, (this.#spent.get(grant.name) ?? 0) + 1);
    const { rate } = grant.limits;
    if (rate === undefined) return;
    const recent = after(this.#recent.get(grant.name) ?? [], nowMs - rate.perMs);
    this.#recent.set(grant.name, [...recent, nowMs]);
  }
}

function after(times: readonly number[], sinceMs: number): readonly number[] {
  return times.filter((time) => time > sinceMs);
}

function over(message: string, mend: string): BudgetVerdict {
  return { ok: false, message, mend };
}
