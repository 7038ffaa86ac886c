// The frame protocol under fire: more than a million hostile frames, drawn from seeds that a failure prints. Frames of
// recorded sessions and frames made up on the way are changed in their fields, bodies, bytes and order, and cut in any way.
// Whatever comes: a ProtocolBreak or a limit and nothing else is thrown, nothing is given room beyond its bound, and each
// message that comes out is what the contract says. FUZZ_SEED=<number> tries one seed alone.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { SessionLimits } from "../../src/base/limits.ts";
import { DEFAULT_SESSION_LIMITS, FRAME_BODY_BYTES_MAX } from "../../src/base/limits.ts";
import { FrameReader, ProtocolBreak } from "../../src/enclosure/frames.ts";
import { Listener } from "./listener.ts";
import { bytesOf, cut, Draws, loosen, mangle, mutate } from "./mutate.ts";
import type { Loose } from "./mutate.ts";
import { anyFrame, nextFrame } from "./talker.ts";
import type { Traffic } from "./traffic.ts";
import { recordTraffic } from "./traffic.ts";

/** Small, so that every bound is met. */
const TIGHT: SessionLimits = {
  ...DEFAULT_SESSION_LIMITS,
  inFlight: 4,
  timers: 4,
  calls: 20,
  argumentBytes: 256,
  resultBytes: 512,
  logBytes: 20_000,
};

let recorded: readonly Traffic[];
beforeAll(async () => {
  recorded = await recordTraffic();
});

/** One seed's stream against one conversation, to its end or to `most` frames. */
function talk(seed: number, most: number): Listener {
  const draws = new Draws(seed);
  const limits = draws.isIn(4) ? DEFAULT_SESSION_LIMITS : TIGHT;
  const heard = new Listener(limits);
  const script = draws.isIn(2) ? undefined : draws.pick(recorded).said.slice(1).map(loosen);
  const calm = draws.pick([5, 25, 100, 400]);
  for (let n = 0; n < most && heard.end === undefined; n++) {
    const frame = script === undefined ? nextFrame(draws, heard, limits) : (script[n] ?? draws.pick(script));
    const other = script === undefined ? anyFrame(draws, heard) : draws.pick(script);
    for (const piece of cut(draws, hostile(draws, frame, other, calm))) {
      if (heard.end === undefined) heard.push(piece);
    }
    if (heard.isQuiet || (script === undefined && draws.isIn(4))) heard.deliver();
  }
  return heard;
}

/** The bytes of `frame`; once in about `calm` frames something is wrong with them, or with those of another. */
function hostile(draws: Draws, frame: Loose, other: Loose, calm: number): Buffer {
  if (!draws.isIn(calm)) return bytesOf(frame);
  switch (draws.below(8)) {
    case 0:
      return mangle(draws, bytesOf(frame), 0);
    case 1:
      return Buffer.concat([bytesOf(frame), bytesOf(frame)]);
    case 2:
      return Buffer.alloc(0);
    case 3:
      return Buffer.concat([bytesOf(other), bytesOf(frame)]);
    default:
      return bytesOf(mutate(draws, draws.isIn(2) ? frame : other));
  }
}

const only = process.env["FUZZ_SEED"];
const seeds = only === undefined ? fc.integer({ min: 0, max: 2 ** 32 - 1 }) : fc.constant(Number(only));

describe("a hostile guest", () => {
  test("gets through the reader and the conversation with nothing but what the contract says, a million frames long", () => {
    const ends: Record<string, number> = {};
    const tally = { frames: 0, enough: only === undefined ? 1_000_000 : 1 };
    const many = fc.property(seeds, (seed) => {
      const heard = talk(seed, 600);
      expect(heard.wrong, `FUZZ_SEED=${seed}`).toEqual([]);
      tally.frames += heard.frames;
      ends[heard.end ?? "none"] = (ends[heard.end ?? "none"] ?? 0) + 1;
    });
    // Not shrunk: a smaller seed is not a smaller stream.
    const runs = { numRuns: only === undefined ? 1000 : 1, endOnFailure: true };
    while (tally.frames < tally.enough) fc.assert(many, runs);
    if (only === undefined)
      expect(Object.keys(ends).toSorted()).toEqual(["calls", "done", "limit", "none", "protocol"]);
  });
});

test("a guest's reader takes whatever a host writes, or breaks", () => {
  const told = recorded.flatMap((traffic) => traffic.told.map(loosen)).filter(({ body }) => body.length < 10_000);
  fc.assert(
    fc.property(seeds, (seed) => {
      const draws = new Draws(seed);
      const reader = new FrameReader(() => FRAME_BODY_BYTES_MAX);
      try {
        for (let n = 0; n < 40; n++) {
          const bytes = hostile(draws, draws.pick(told), draws.pick(told), 10);
          for (const piece of cut(draws, bytes))
            for (const { header } of reader.push(piece)) expect(typeof header.type).toBe("string");
        }
      } catch (error) {
        expect(error, `FUZZ_SEED=${seed}`).toBeInstanceOf(ProtocolBreak);
      }
    }),
    { numRuns: only === undefined ? 2000 : 1, endOnFailure: true },
  );
});
