// The host's end of the channel: takes what the guest says in portions, so that however much it says, the host's event
// loop comes round between them. While frames wait nothing more is read, and a guest that writes on waits for the host.
// Invariants: frames are heard in their order; after a break, or once nobody listens any more, the channel is read to its
// end and what it brings is dropped, so that the process's end is told.

import type { Readable } from "node:stream";
import type { Frame, FrameReader } from "./frames.ts";

/** How much is heard in one turn of the event loop: a frame may lead to a record, which takes tens of microseconds. */
const FRAMES_A_TURN = 64;
/** Bytes of a body that count as one frame more: they are decoded, hashed, encrypted and written. */
const BODY_BYTES_A_FRAME = 16 * 1024;

export interface Listener {
  /** Whether anybody wants to hear more. */
  isOver(): boolean;
  hear(frame: Frame): void;
  /** Told of what the reader or `hear` has thrown; it is over then. */
  fail(error: unknown): void;
}

/**
 * Hears everything that the channel brings from now on. The function that is returned calls `then` when all that has come
 * was heard: the channel may end while some of it waits.
 */
export function listen(channel: Readable, reader: FrameReader, listener: Listener): (then: () => void) => void {
  let left = FRAMES_A_TURN;
  let isCounting = false;
  let waiting: Iterator<Frame> | undefined;
  /** What came while frames waited: Node resumes the channel by itself when its process exits. */
  const chunks: Uint8Array[] = [];
  let whenHeard: (() => void) | undefined;

  function* frames(): Generator<Frame, void, undefined> {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) yield* reader.push(chunk);
  }

  const hear = (frame: Frame): void => {
    left -= 1 + frame.body.length / BODY_BYTES_A_FRAME;
    if (!isCounting) setImmediate(nextTurn);
    isCounting = true;
    listener.hear(frame);
  };

  /** Leaves in `waiting` what must wait for the next turn. */
  const take = (said: Iterator<Frame>): void => {
    waiting = undefined;
    try {
      while (!listener.isOver()) {
        if (left <= 0) {
          waiting = said;
          channel.pause();
          return;
        }
        const next = said.next();
        if (next.done === true) return;
        hear(next.value);
      }
    } catch (error) {
      listener.fail(error);
    }
  };

  const nextTurn = (): void => {
    isCounting = false;
    left = FRAMES_A_TURN;
    if (waiting === undefined) return;
    take(waiting);
    if (waiting !== undefined) return;
    channel.resume();
    whenHeard?.();
  };

  channel.on("data", (chunk: Uint8Array) => {
    if (listener.isOver()) return;
    chunks.push(chunk);
    if (waiting === undefined) take(frames());
    else channel.pause();
  });
  channel.resume();
  return (then) => {
    if (waiting === undefined) then();
    else whenHeard = then;
  };
}
