// The system's clock, randomness and timers: the only place where they are read. Everyone else is handed them as powers.

import { randomFillSync } from "node:crypto";
import type { Clock, Random, Timers } from "../base/powers.ts";

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => Math.floor(performance.now() * 1000),
};

export const systemRandom: Random = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
};

export const systemTimers: Timers = {
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};
