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

/** Node's timers hold 2^31−1 ms at most, and fire at once beyond: longer waits are waited in parts. */
const PART_MS_MAX = 0x7fffffff;

export const systemTimers: Timers = {
  after: (ms, fn) => {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const part = Math.min(left, PART_MS_MAX);
      timer = setTimeout(() => (left > part ? wait(left - part) : fn()), part);
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
