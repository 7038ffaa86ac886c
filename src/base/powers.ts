// Powers: the interfaces through which code reaches what is not pure. A composition root hands them in; `outside`
// implements them; tests fake them. Interfaces only.

export interface Clock {
  /** Milliseconds since the epoch, UTC, an integer. May step; callers that need order use `monotonicUs`. */
  nowMs(): number;
  /** Microseconds since an arbitrary start, an integer, never backwards. */
  monotonicUs(): number;
}

export interface Random {
  /** Cryptographically secure bytes of the operating system. */
  bytes(length: number): Uint8Array;
}

/** Runs `fn` after `ms`; the returned function cancels it. */
export interface Timers {
  after(ms: number, fn: () => void): () => void;
}
