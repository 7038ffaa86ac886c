// Budgets: how many calls, how fast, how many at once. Decided from what the record holds alone (the order of calls, the
// turn and virtual time of each), so that a replay decides the same.

import type { CallId } from "../base/ids.ts";
import type { CompiledGrant } from "../kinds/contract.ts";

export type BudgetVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string; readonly mend: string };

/** One session's budgets. `spend` counts what was admitted; the rest only looks. */
export class Budgets {
  readonly #spent = new Map<string, number>();
  readonly #recent = new Map<string, number[]>();
  readonly #inFlight = new Set<CallId>();
  /** Calls that were answered in a turn that the guest may not have reached yet: they still count until it has. */
  readonly #answered: { readonly id: CallId; readonly turn: number }[] = [];

  /** Whether one more call of this grant at this virtual time stays within the grant's limits. */
  check(grant: CompiledGrant, nowMs: number): BudgetVerdict {
    const spent = this.#spent.get(grant.name) ?? 0;
    const { calls, rate } = grant.limits;
    if (calls !== undefined && spent >= calls) {
      return over(`the grant's ${calls} calls are used up`, `raise capabilities.${grant.name}.limits.calls`);
    }
    if (rate !== undefined && this.#within(grant.name, nowMs - rate.perMs) >= rate.count) {
      return over(
        `more than ${rate.count} calls in ${rate.perMs} ms`,
        `raise capabilities.${grant.name}.limits.rate, or call more slowly`,
      );
    }
    return { ok: true };
  }

  spend(grant: CompiledGrant, nowMs: number): void {
    this.#spent.set(grant.name, (this.#spent.get(grant.name) ?? 0) + 1);
    if (grant.limits.rate === undefined) return;
    const times = this.#recent.get(grant.name) ?? [];
    times.push(nowMs);
    this.#recent.set(grant.name, times);
  }

  /** Calls that the guest has made and not yet been answered, as the guest itself sees it in `turn`. */
  inFlight(turn: number): number {
    while (this.#answered.length > 0 && (this.#answered[0] as { turn: number }).turn <= turn) {
      this.#inFlight.delete((this.#answered.shift() as { id: CallId }).id);
    }
    return this.#inFlight.size;
  }

  made(id: CallId): void {
    this.#inFlight.add(id);
  }

  /** The call's answer is delivered as `turn`. */
  answered(id: CallId, turn: number): void {
    this.#answered.push({ id, turn });
  }

  /** The guest gave the call up itself: from its point of view it is no longer in flight. */
  cancelled(id: CallId): void {
    this.#inFlight.delete(id);
  }

  #within(name: string, sinceMs: number): number {
    const times = this.#recent.get(name);
    if (times === undefined) return 0;
    while (times.length > 0 && (times[0] as number) <= sinceMs) times.shift();
    return times.length;
  }
}

function over(message: string, mend: string): BudgetVerdict {
  return { ok: false, message, mend };
}
