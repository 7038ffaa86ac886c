// Budgets: calls, and rate by virtual time.

import { describe, expect, it } from "vitest";
import { Budgets } from "../../src/broker/budgets.ts";
import type { CompiledGrant, GrantLimits } from "../../src/kinds/contract.ts";
import { DESK, grantsOf } from "./live.ts";

function limited(limits: GrantLimits): CompiledGrant {
  const desk = grantsOf(DESK).get("desk");
  if (desk === undefined) throw new Error("no desk");
  return { ...desk, limits };
}

describe("budgets: calls", () => {
  it("are used up one by one, whatever the time", () => {
    const budgets = new Budgets();
    const grant = limited({ calls: 2 });
    for (const nowMs of [0, 5]) {
      expect(budgets.check(grant, nowMs)).toEqual({ ok: true });
      budgets.spend(grant, nowMs);
    }
    expect(budgets.check(grant, 1e9)).toMatchObject({ ok: false, mend: "raise capabilities.desk.limits.calls" });
  });

  it("none at all: the first is refused already", () => {
    expect(new Budgets().check(limited({ calls: 0 }), 0)).toMatchObject({ ok: false });
  });

  it("without a limit never run out", () => {
    const budgets = new Budgets();
    const grant = limited({});
    for (let i = 0; i < 1000; i++) budgets.spend(grant, 0);
    expect(budgets.check(grant, 0)).toEqual({ ok: true });
  });
});

describe("budgets: rate", () => {
  const grant = limited({ rate: { count: 2, perMs: 1000 } });

  it("is taken over the time that has just passed, its edge not included", () => {
    const budgets = new Budgets();
    budgets.spend(grant, 100);
    budgets.spend(grant, 600);
    const allowed = [600, 1099, 1100, 1599, 2000].filter((nowMs) => budgets.check(grant, nowMs).ok);
    expect(allowed).toEqual([1100, 1599, 2000]);
  });

  it("is of each grant by itself", () => {
    const budgets = new Budgets();
    const other = { ...grant, name: "other" } as CompiledGrant;
    budgets.spend(grant, 0);
    budgets.spend(grant, 0);
    expect([budgets.check(grant, 0).ok, budgets.check(other, 0).ok]).toEqual([false, true]);
  });

  it("is not changed by looking at it, also from a later time", () => {
    const budgets = new Budgets();
    budgets.spend(grant, 0);
    budgets.spend(grant, 0);
    budgets.check(grant, 5000);
    expect(budgets.check(grant, 500).ok).toBe(false);
  });
});
