// Every attack that the bench measures, each ended by the limit that it runs into and on the record: in loops, in native
// calls, in getters and microtasks, by memory of every kind, by floods of whatever leads to a record.
import { expect, test } from "vitest";
import type { Attack } from "../../bench/limit-attacks.ts";
import { agentOf, ATTACKS } from "../../bench/limit-attacks.ts";
import { makeFakeWorld } from "./fake-guest.ts";

/** At a time: each of them takes a core, or memory. */
const TOGETHER = 2;

test("each attack is ended by its limit", { timeout: 1_200_000 }, async () => {
  const world = await makeFakeWorld();
  const ends = new Map<string, string>();
  const waiting = ATTACKS.values();
  const attack = async (): Promise<void> => {
    for (const one of waiting) {
      const { limit, status } = await world.runAgent(agentOf(one), limitsOf(one));
      ends.set(one.name, limit?.name ?? status);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, attack));
  expect(Object.fromEntries(ends)).toEqual(Object.fromEntries(ATTACKS.map(({ end, name }) => [name, end])));
  expect((await world.close()).valid).toBe(true);
});

function limitsOf({ limits }: Attack): string {
  return Object.entries(limits)
    .map(([name, bound]) => `${name}: ${bound}`)
    .join(", ");
}
