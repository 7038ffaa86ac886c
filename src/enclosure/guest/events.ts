// Event, CustomEvent and EventTarget (DOM standard), without a tree: an event has one target and no phases. A listener's
// throw has no catcher, and so ends the session as the agent's failure.

import { publish } from "./intrinsics.ts";

export interface EventsPorts {
  now(): number;
  /** A listener threw. */
  uncaught(error: unknown): void;
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

/** There is one world in an isolate, and this is what its events need of it. */
let ports: EventsPorts;

export class Event {
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
Reflect.deleteProperty(Event, "stopped");

class CustomEvent extends Event {
  readonly detail: unknown;

  constructor(type: unknown, init: EventInit & { readonly detail?: unknown } = {}) {
    super(type, init);
    this.detail = init.detail ?? null;
  }
}

export class EventTarget {
  #listeners: readonly Listener[] = [];

  addEventListener(type: unknown, callback: unknown, options?: ListenOptions | boolean | null): void {
    if (callback === null || callback === undefined) return;
    const { once = false, signal } = typeof options === "object" && options !== null ? options : {};
    if (signal?.aborted === true) return;
    const name = `${type as string}`;
    if (this.#listeners.some((listener) => listener.type === name && listener.callback === callback)) return;
    this.#listeners = [...this.#listeners, { type: name, callback, once }];
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

/** Calls a listener, which may be a function or an object that handles events. */
export function tell(target: EventTarget, callback: unknown, event: Event): void {
  try {
    if (typeof callback === "function") callback.call(target, event);
    else (callback as { handleEvent(event: Event): void }).handleEvent(event);
  } catch (error) {
    ports.uncaught(error);
  }
}

/** Installs the classes on `global`. */
export function installEvents(global: object, given: EventsPorts): void {
  ports = given;
  publish(global, { Event, CustomEvent, EventTarget });
}
