// The guest process's end of the channel, blocking in both directions: there is no event loop there. Invariants: what was
// queued is written before anything more is waited for; the channel's end is the end of the process.

import { readSync, writeSync } from "node:fs";
import { FRAME_BODY_BYTES_MAX } from "../base/limits.ts";
import { exit } from "./child-realm.ts";
import type { Frame, FrameHeader } from "./frames.ts";
import { CHANNEL_FD, encodeFrame, FrameReader, GUEST_EXIT } from "./frames.ts";

const READ_BYTES = 64 * 1024;
/** Output is written out in the middle of a turn beyond this: a guest that says much waits for the host to read it. */
const QUEUE_BYTES_MAX = 64 * 1024;

export class Channel {
  readonly #reader = new FrameReader(() => FRAME_BODY_BYTES_MAX);
  readonly #chunk = new Uint8Array(READ_BYTES);
  #queue: Uint8Array[] = [];
  #queued = 0;

  send(header: FrameHeader, body?: string): void {
    const frame = encodeFrame(header, body);
    this.#queue.push(frame);
    this.#queued += frame.length;
    if (this.#queued > QUEUE_BYTES_MAX) this.flush();
  }

  flush(): void {
    const bytes = this.#queue.length === 1 ? (this.#queue[0] as Uint8Array) : Buffer.concat(this.#queue);
    this.#queue = [];
    this.#queued = 0;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(CHANNEL_FD, bytes, at);
    } catch {
      exit(GUEST_EXIT.hostGone);
    }
  }

  /** Every frame from the host; what is queued is written before waiting for more. Ends the process at the channel's end. */
  *frames(): Generator<Frame, never, undefined> {
    for (;;) {
      this.flush();
      yield* this.#reader.push(this.#chunk.subarray(0, this.#read()));
    }
  }

  #read(): number {
    try {
      const length = readSync(CHANNEL_FD, this.#chunk);
      return length > 0 ? length : exit(GUEST_EXIT.hostGone);
    } catch {
      return exit(GUEST_EXIT.hostGone);
    }
  }
}
