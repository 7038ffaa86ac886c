// Frames: how bytes on the channel between host and guest process become messages, in both directions.
//   u32be header length ‖ u32be body length ‖ header (JSON text, UTF-8) ‖ body (bytes, by the frame's type)
// Invariants: nothing is allocated for a length that has not been checked; a header is one flat JSON object of at most
// FRAME_HEADER_BYTES_MAX; a body is never parsed here. What a header must hold is said in conversation.ts (guest to host)
// and child.ts (host to guest).

import { FRAME_BODY_BYTES_MAX, FRAME_HEADER_BYTES_MAX } from "../base/limits.ts";

/** Goes up whenever a frame's meaning changes; the guest process says its own in `ready`. */
export const PROTOCOL = 1;

/** Names of frames whose place is taken and which this version refuses: chunks of a streamed result or body, and their credit. */
export const RESERVED_FRAMES: readonly string[] = ["resultChunk", "bodyChunk", "credit"];

/** The channel's descriptor in the guest process. */
export const CHANNEL_FD = 3;

/** Exit statuses by which the guest process says why it gave up; its own claim, like everything that it says. */
export const GUEST_EXIT = {
  /** The channel ended. */
  hostGone: 0,
  /** The isolate ran out of its heap. */
  memory: 71,
  /** One delivery ran longer than a turn may. */
  turn: 72,
  /** The isolate's side of the bridge did not behave as the prelude does. */
  broken: 73,
} as const;

/** The other side broke the protocol. Never leaves the enclosure: the supervisor kills the guest and reports `protocol`. */
export class ProtocolBreak extends Error {
  override readonly name = "ProtocolBreak";
}

export type FrameHeader = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface Frame {
  readonly header: FrameHeader;
  readonly body: Uint8Array;
}

const PREFIX_BYTES = 8;
const NO_BODY = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of one frame. @throws ProtocolBreak when it is larger than the protocol allows. */
export function encodeFrame(header: FrameHeader, body: string | Uint8Array = NO_BODY): Uint8Array {
  const headerText = JSON.stringify(header);
  const headerLength = Buffer.byteLength(headerText);
  const bodyLength = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  if (headerLength > FRAME_HEADER_BYTES_MAX) throw new ProtocolBreak(`a header of ${headerLength} bytes`);
  if (bodyLength > FRAME_BODY_BYTES_MAX) throw new ProtocolBreak(`a body of ${bodyLength} bytes`);
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + headerLength + bodyLength);
  frame.writeUInt32BE(headerLength, 0);
  frame.writeUInt32BE(bodyLength, 4);
  frame.write(headerText, PREFIX_BYTES);
  if (typeof body === "string") frame.write(body, PREFIX_BYTES + headerLength);
  else frame.set(body, PREFIX_BYTES + headerLength);
  return frame;
}

/** A body's text. @throws ProtocolBreak unless it is well-formed UTF-8. */
export function bodyText(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new ProtocolBreak("a text that is not UTF-8");
  }
}

/**
 * Puts frames together from whatever pieces the channel brings. `bodyMax` is asked with each header, before its body is
 * given room; both it and `push` throw {@link ProtocolBreak}, after which the reader must not be used again.
 */
export class FrameReader {
  readonly #bodyMax: (header: FrameHeader) => number;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #target: Uint8Array = this.#prefix;
  #filled = 0;
  #bodyLength = 0;
  #header: FrameHeader | undefined;

  constructor(bodyMax: (header: FrameHeader) => number) {
    this.#bodyMax = bodyMax;
  }

  /** The frames that are whole once `chunk` has come; may be stopped between any two. */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let at = 0;
    for (;;) {
      const take = Math.min(this.#target.length - this.#filled, chunk.length - at);
      this.#target.set(chunk.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled < this.#target.length) return;
      const frame = this.#advance();
      if (frame !== undefined) yield frame;
    }
  }

  /** The part that was being filled is whole: goes on to the next one. */
  #advance(): Frame | undefined {
    const whole = this.#target;
    this.#filled = 0;
    if (whole === this.#prefix) {
      this.#target = Buffer.allocUnsafe(this.#readPrefix());
      return undefined;
    }
    if (this.#header === undefined) {
      this.#header = parseHeader(whole);
      const most = Math.min(this.#bodyMax(this.#header), FRAME_BODY_BYTES_MAX);
      if (this.#bodyLength > most) {
        throw new ProtocolBreak(`a body of ${this.#bodyLength} bytes in ${this.#header.type}, the bound is ${most}`);
      }
      this.#target = this.#bodyLength === 0 ? NO_BODY : Buffer.allocUnsafe(this.#bodyLength);
      return undefined;
    }
    const frame = { header: this.#header, body: whole };
    this.#header = undefined;
    this.#target = this.#prefix;
    return frame;
  }

  #readPrefix(): number {
    const headerLength = this.#prefix.readUInt32BE(0);
    this.#bodyLength = this.#prefix.readUInt32BE(4);
    if (headerLength < 2 || headerLength > FRAME_HEADER_BYTES_MAX) {
      throw new ProtocolBreak(`a header of ${headerLength} bytes`);
    }
    if (this.#bodyLength > FRAME_BODY_BYTES_MAX) throw new ProtocolBreak(`a body of ${this.#bodyLength} bytes`);
    return headerLength;
  }
}

function parseHeader(bytes: Uint8Array): FrameHeader {
  let header: unknown;
  try {
    header = JSON.parse(decoder.decode(bytes));
  } catch {
    throw new ProtocolBreak("a header that is not JSON");
  }
  if (typeof header !== "object" || header === null || !("type" in header) || typeof header.type !== "string") {
    throw new ProtocolBreak("a header without a type");
  }
  if (RESERVED_FRAMES.includes(header.type)) throw new ProtocolBreak(`the frame ${header.type} is reserved`);
  return header as FrameHeader;
}
