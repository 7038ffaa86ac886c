// Every attack of test/escape/catalogue.ts, twice: against the product, where it must get nothing and leave a whole
// record behind, and with its defence removed, where it must succeed.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyStore } from "../../src/store/verify.ts";
import { openRuntime } from "../../src/session/runtime.ts";
import type { Attack, Observation } from "../escape/attack.ts";
import { ATTACKS } from "../escape/catalogue.ts";
import { type Ground, makeGround, writeVictim } from "../escape/place.ts";
import { unable, Workshop } from "../escape/trial.ts";

let ground: Ground;
let workshop: Workshop;

beforeAll(async () => {
  ground = makeGround();
  workshop = new Workshop(ground);
  // The other session, whose input lies in the store that every attack shares.
  const runtime = await openRuntime({ store: ground.store, home: ground.home });
  try {
    const victim = writeVictim(ground);
    const ran = await runtime.run({ agent: victim.agent, manifest: victim.manifest, input: victim.input });
    if (ran.status !== "completed") throw new Error(`the victim ended as ${ran.status}`);
  } finally {
    await runtime.close();
  }
});

afterAll(() => ground.close());

/** Whatever the attack was, it has got nothing, harmed nothing, and its record is whole. */
function expectHeld({ class: group, expected }: Attack, run: Observation): void {
  const told = JSON.stringify(run, undefined, 1).slice(0, 4000);
  expect(run.canaries, told).toEqual([]);
  expect(run.loot, told).toBeUndefined();
  expect(run.heard, told).toBe(0);
  expect(run.left, told).toEqual([]);
  if (expected === "gone") return expect(run.signal, told).toBe("SIGKILL");
  expect(run.signal, told).toBeNull();
  expect(run.result, told).toBeDefined();
  if (typeof expected === "object" && "refused" in expected) {
    expect(run.exit, told).toBe(2);
    expect(told).toContain(expected.refused);
    return expect(run.record).toEqual([]);
  }
  expect(run.record.at(-1)?.type, told).toBe("session.closed");
  // Behind the first walls an agent throws where it could not even try.
  const tried = group === "system" || group === "machine" ? ["completed"] : ["completed", "failed", "denied"];
  if (expected === "nothing") expect(tried, told).toContain(run.result?.status);
  else if ("limit" in expected) {
    if (expected.orNothing === true && run.result?.status === "failed") return;
    expect(run.result, told).toMatchObject({ status: "limit", limit: { name: expected.limit } });
  } else {
    const { code, ends, saying = "" } = expected;
    const message: unknown = expect.stringContaining(saying);
    expect(run.result, told).toMatchObject({ status: ends, error: { code, message } });
  }
}

describe.concurrent("an attack gets nothing here, and succeeds without the defence:", () => {
  it.for(ATTACKS.map((attack) => [`${attack.id} ${attack.title}`, attack] as const))(
    "%s",
    async ([, attack], { skip }) => {
      const lack = unable(attack);
      if (lack !== undefined) return skip(lack);
      const { what, seen } = attack.without.shows;
      const held = await workshop.here(attack);
      expectHeld(attack, held);
      expect(seen(held), `here, too: ${what}`).toBe(false);
      const open = await workshop.without(attack);
      expect(seen(open), `${what}\n${JSON.stringify(open, undefined, 1).slice(0, 4000)}`).toBe(true);
    },
  );
});

describe("after all attacks", () => {
  it("the store that they shared verifies", async () => {
    const report = await verifyStore({ path: ground.store, home: ground.home });
    expect(report.valid, JSON.stringify(report.verdicts)).toBe(true);
    expect(report.sessions).toBeGreaterThan(1);
  });
});
