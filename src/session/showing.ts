// Shows what happens, and only after its record is durable: the release gate for live lines. Events wait here in their
// order; they ride on commits that calls ask for anyway, and a short idle time asks for one where none comes.
// A listener that throws is shown nothing more, and its error is the caller's at the end: no call may hang on it.

import type { Position, SessionLog, Ticket } from "../audit/contract.ts";
import type { Timers } from "../base/powers.ts";
import type { LiveEvent } from "./contract.ts";

/** How long a live line may wait for a commit that something else asks for. */
const IDLE_MS = 5;

export class Showing {
  readonly #log: SessionLog;
  readonly #timers: Timers;
  readonly #onEvent: ((event: LiveEvent) => void) | undefined;
  readonly #waiting: { readonly make: () => LiveEvent; readonly n: number }[] = [];
  #idle: (() => void) | undefined;
  #thrown: { readonly error: unknown } | undefined;

  constructor(log: SessionLog, timers: Timers, onEvent: ((event: LiveEvent) => void) | undefined) {
    this.#log = log;
    this.#timers = timers;
    this.#onEvent = onEvent;
  }

  /** `make` is called when the event may be shown. */
  add(make: () => LiveEvent, ticket: Ticket): void {
    if (this.#onEvent === undefined || this.#thrown !== undefined) return;
    this.#waiting.push({ make, n: ticket.n });
    this.#idle ??= this.#timers.after(IDLE_MS, () => {
      this.#idle = undefined;
      // A failure of the log ends the session by its own way; nothing is shown then.
      this.flush().catch(() => {});
    });
  }

  /** Makes everything so far durable, and shows it. @throws what the listener has thrown */
  async flush(): Promise<Position> {
    const position = await this.#log.release();
    this.released(position);
    if (this.#thrown !== undefined) throw this.#thrown.error;
    return position;
  }

  /** All records up to `position` are durable. Never throws. */
  released(position: Position): void {
    while (this.#waiting.length > 0 && (this.#waiting[0] as { n: number }).n <= position.n) {
      const { make } = this.#waiting.shift() as { make: () => LiveEvent };
      try {
        this.#onEvent?.(make());
      } catch (error) {
        this.#thrown ??= { error };
        this.#waiting.length = 0;
      }
    }
  }

  stop(): void {
    this.#idle?.();
    this.#idle = undefined;
  }
}
