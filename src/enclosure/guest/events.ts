// Event, CustomEvent, EventTarget, AbortController and AbortSignal (DOM standard), without a tree: an event has one
// target and no phases. A listener's throw has no catcher, and so ends the session as the agent's failure.

import { DOMException } from "./dom-exception.ts";
import { define, defineProperty } from "./intrinsics.ts";

const mint = Symbol("mint");

export interface EventsPorts {
  now(): number;
  /** A listener threw. */
  uncaught(error: unknown): void;
  after(ms: number, fn: () => void): void;
}

interface EventInit {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly composed?: boolean;
}

interface Listener {
  readonly type: string;
  readonly callback: unknown;
  readonly once: boolean;
}

interface ListenOptions {
  readonly once?: boolean;
  readonly signal?: { readonly aborted: boolean; addEventListener(type: string, listener: () => void): void };
}

/** Installs the classes on `global`. */
export function installEvents(global: object, ports: EventsPorts): void {
  class Event {
    readonly type: string;
    readonly bubbles: boolean;
    readonly cancelable: boolean;
    readonly composed: boolean;
    readonly timeStamp = ports.now();
    readonly isTrusted = false;
    target: EventTarget | null = null;
    currentTarget: EventTarget | null = null;
    defaultPrevented = false;
    #stopped = false;

    constructor(type: unknown, init: EventInit = {}) {
      this.type = `${type as string}`;
      this.bubbles = Boolean(init.bubbles);
      this.cancelable = Boolean(init.cancelable);
      this.composed = Boolean(init.composed);
    }
    preventDefault(): void {
      if (this.cancelable) this.defaultPrevented = true;
    }
    stopPropagation(): void {}
    stopImmediatePropagation(): void {
      this.#stopped = true;
    }
    static stopped(event: Event): boolean {
      return event.#stopped;
    }
  }
  const { stopped } = Event;
  delete (Event as { stopped?: unknown }).stopped;

  class CustomEvent extends Event {
    readonly detail: unknown;
    constructor(type: unknown, init: EventInit & { readonly detail?: unknown } = {}) {
      super(type, init);
      this.detail = init.detail ?? null;
    }
  }

  class EventTarget {
    #listeners: readonly Listener[] = [];

    addEventListener(type: unknown, callback: unknown, options?: ListenOptions | boolean | null): void {
      if (callback === null || callback === undefined) return;
      const { once = false, signal } = typeof options === "object" && options !== null ? options : {};
      if (signal?.aborted) return;
      const name = `${type as string}`;
      if (this.#listeners.some((listener) => listener.type === name && listener.callback === callback)) return;
      this.#listeners = [...this.#listeners, { type: name, callback, once: Boolean(once) }];
      signal?.addEventListener("abort", () => this.removeEventListener(name, callback));
    }
    removeEventListener(type: unknown, callback: unknown): void {
      const name = `${type as string}`;
      this.#listeners = this.#listeners.filter((known) => known.type !== name || known.callback !== callback);
    }
    dispatchEvent(event: Event): boolean {
      event.target = this;
      event.currentTarget = this;
      for (const listener of this.#listeners) {
        if (listener.type !== event.type || !this.#listeners.includes(listener)) continue;
        if (listener.once) this.removeEventListener(listener.type, listener.callback);
        tell(this, listener.callback, event);
        if (stopped(event)) break;
      }
      event.currentTarget = null;
      return !event.defaultPrevented;
    }
  }

  function tell(target: EventTarget, callback: unknown, event: Event): void {
    try {
      if (typeof callback === "function") callback.call(target, event);
      else (callback as { handleEvent(event: Event): void }).handleEvent(event);
    } catch (error) {
      ports.uncaught(error);
    }
  }

  class AbortSignal extends EventTarget {
    #aborted = false;
    #reason: unknown = undefined;
    onabort: unknown = null;

    constructor(token: unknown) {
      super();
      if (token !== mint) throw new TypeError("Illegal constructor");
      defineProperty(this, "onabort", { enumerable: false });
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
      ports.after(Number(ms), () => trip(signal, new DOMException("The operation timed out.", "TimeoutError")));
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
  delete (AbortSignal as { trip?: unknown }).trip;

  class AbortController {
    readonly #signal = new AbortSignal(mint);
    get signal(): AbortSignal {
      return this.#signal;
    }
    abort(reason?: unknown): void {
      trip(this.#signal, reason);
    }
  }

  const classes = { DOMException, Event, CustomEvent, EventTarget, AbortSignal, AbortController };
  for (const [name, value] of Object.entries(classes)) define(global, name, value);
}
