// The system's clock, randomness and timers: the only place where they are read. Everyone else is handed them as powers.

import { randomFillSync } from "node:crypto";
import type { Clock, Random, Timers } from "../base/powers.ts";

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => Math.floor(performance.now() * 1000),
};

/** Bytes drawn ahead: asking the system costs the same for four thousand as for twelve. Each is handed out once and wiped. */
const drawn = new Uint8Array(4096);
let left = 0;

export const systemRandom: Random = {
  bytes: (length) => {
    if (length > drawn.length) return randomFillSync(new Uint8Array(length));
    if (length > left) {
      randomFillSync(drawn);
      left = drawn.length;
    }
    const taken = drawn.slice(left - length, left);
    drawn.fill(0, left - length, left);
    left -= length;
    return taken;
  },
};

export const systemTimers: Timers = {
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};
