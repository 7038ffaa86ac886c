// Timers as the web has them, each of them a recorded one: setting posts, the host fires by a delivery. What a callback
// throws has no catcher, and so ends the session as the agent's failure.

import type { Bridge } from "./bridge.ts";
import { apply, create, min, NativeNumber, NativePromise, publish, trunc, whenSettled } from "./intrinsics.ts";

const DELAY_MS_MAX = 0x7fffffff;
const NativeTypeError = TypeError;
const settled = NativePromise.resolve();

type Callback = (...args: unknown[]) => unknown;

/** Installs the four timer functions and queueMicrotask on `global`. */
export function installTimers(global: object, bridge: Bridge): void {
  /** The id that the agent holds → the timer that is armed for it now (an interval arms a new one each time). */
  const armed = create(null) as Record<number, number | undefined>;
  let lastHandle = 0;

  function run(callback: Callback, args: unknown[]): void {
    try {
      apply(callback, global, args);
    } catch (error) {
      bridge.finish({ ok: false, error });
    }
  }

  function arm(handle: number, delayMs: number, fire: () => void): void {
    armed[handle] = armTimer(bridge, delayMs, fire);
  }

  function clear(handle: unknown): void {
    const timer = typeof handle === "number" ? armed[handle] : undefined;
    if (timer === undefined) return;
    bridge.clearTimer(timer);
    delete armed[handle as number];
  }

  const functions = {
    setTimeout(callback: unknown, delay?: unknown, ...args: unknown[]): number {
      const fn = asCallback(callback);
      const handle = ++lastHandle;
      arm(handle, NativeNumber(delay), () => {
        delete armed[handle];
        run(fn, args);
      });
      return handle;
    },
    setInterval(callback: unknown, delay?: unknown, ...args: unknown[]): number {
      const fn = asCallback(callback);
      const handle = ++lastHandle;
      const delayMs = NativeNumber(delay);
      const fire = (): void => {
        arm(handle, delayMs, fire);
        run(fn, args);
      };
      arm(handle, delayMs, fire);
      return handle;
    },
    clearTimeout: (handle?: unknown): void => clear(handle),
    clearInterval: (handle?: unknown): void => clear(handle),
    queueMicrotask(callback: unknown): void {
      const fn = asCallback(callback);
      whenSettled(settled, () => run(fn, []));
    },
  };
  publish(global, functions);
}

function asCallback(callback: unknown): Callback {
  if (typeof callback !== "function") throw new NativeTypeError("the callback is not a function");
  return callback as Callback;
}

/** Arms a timer: whole milliseconds from 1; anything that is no number counts as none. */
export function armTimer(bridge: Bridge, delayMs: number, fire: () => void): number {
  const ms = trunc(delayMs);
  return bridge.setTimer(ms >= 1 ? min(ms, DELAY_MS_MAX) : 1, fire);
}
