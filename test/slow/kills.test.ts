// A writer killed at many random moments, again and again over one store: nothing that it had told is ever lost, and the
// store always opens, recovers and verifies.
import { expect, it } from "vitest";
import { killAndRecover } from "../store/kills.ts";
import { ALL_OK, newPlace, verdictsOf, verify } from "../store/logs.ts";

const ROUNDS = 40;

it("kill -9 at random moments never loses what was durable", async () => {
  const place = newPlace();
  for (let round = 0; round < ROUNDS; round++) {
    const killAfter = 1 + Math.floor(Math.random() ** 2 * 400);
    await killAndRecover(place, { sessions: 1 + (round % 4), calls: 5_000, killAfter });
  }
  const report = await verify(place);
  expect(verdictsOf(report)).toEqual(ALL_OK);
});
