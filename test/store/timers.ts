// Timers that wait to be told.
import type { Timers } from "../../src/base/powers.ts";

/** Timers that run when they are told to. */
export function heldTimers(): Timers & { run(ms: number): void; waiting(): number } {
  const waiting = new Set<{ readonly ms: number; readonly fn: () => void }>();
  return {
    after: (ms, fn) => {
      const one = { ms, fn };
      waiting.add(one);
      return () => waiting.delete(one);
    },
    waiting: () => waiting.size,
    run: (ms) => {
      const due = [...waiting].filter((one) => one.ms === ms);
      for (const one of due) {
        waiting.delete(one);
        one.fn();
      }
    },
  };
}
