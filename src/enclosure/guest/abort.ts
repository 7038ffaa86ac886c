// AbortController and AbortSignal (DOM standard), with `timeout` and `any`; and DOMException, which they reject with.

import { DOMException } from "./dom-exception.ts";
import { Event, EventTarget, tell } from "./events.ts";
import { define, publish } from "./intrinsics.ts";

/** Arms a timer of the session. */
let after: (ms: number, fn: () => void) => void;

/** Whoever holds it may make signals: nobody outside. */
const mint = Symbol("mint");

class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown = undefined;
  onabort: unknown = null;

  constructor(token: unknown) {
    super();
    if (token !== mint) throw new TypeError("Illegal constructor");
    define(this, "onabort", null);
  }
  get aborted(): boolean {
    return this.#aborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(mint);
    trip(signal, reason);
    return signal;
  }
  static timeout(ms: unknown): AbortSignal {
    const signal = new AbortSignal(mint);
    after(Number(ms), () => trip(signal, new DOMException("The operation timed out.", "TimeoutError")));
    return signal;
  }
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const all = [...signals];
    const signal = new AbortSignal(mint);
    const first = all.find((one) => one.aborted);
    if (first !== undefined) trip(signal, first.reason);
    else for (const one of all) one.addEventListener("abort", () => trip(signal, one.reason), { once: true });
    return signal;
  }
  static trip(signal: AbortSignal, reason: unknown): void {
    if (signal.#aborted) return;
    signal.#aborted = true;
    signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
    const event = new Event("abort");
    if (typeof signal.onabort === "function") tell(signal, signal.onabort, event);
    signal.dispatchEvent(event);
  }
}
const { trip } = AbortSignal;
Reflect.deleteProperty(AbortSignal, "trip");

class AbortController {
  readonly #signal = new AbortSignal(mint);

  get signal(): AbortSignal {
    return this.#signal;
  }
  abort(reason?: unknown): void {
    trip(this.#signal, reason);
  }
}

/** Installs the classes on `global`. */
export function installAbort(global: object, timer: typeof after): void {
  after = timer;
  publish(global, { AbortSignal, AbortController, DOMException });
}
