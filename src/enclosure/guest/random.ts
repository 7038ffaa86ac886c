// Seeded randomness: labelled streams of xoshiro128** (Blackman and Vigna), so that one more draw from one of them shifts
// no other. A stream's state is the first 16 bytes of SHA-256(seed ‖ label ‖ "prng/v1"). The seed is on the record:
// replayable, therefore never secret.

import { sha256 } from "@noble/hashes/sha2.js";
import { define, freeze, replace } from "./intrinsics.ts";

export interface Randomness {
  /** 32-bit words drawn from all streams since the start. */
  draws(): number;
}

const RANDOM_BYTES_MAX = 65_536;
const NativeTypeError = TypeError;
const NativeUint8Array = Uint8Array;
const bufferIsView = ArrayBuffer.isView;

/** Replaces Math.random and installs `crypto` on `global`. */
export function installRandom(global: object, seed: string): Randomness {
  let draws = 0;
  const stream = (label: string): (() => number) => {
    let next: (() => number) | undefined;
    return () => {
      draws++;
      next ??= xoshiro128(stateOf(seed, label));
      return next();
    };
  };
  const random = stream("math");
  replace(Math, "random", () => ((random() >>> 5) * 0x4000000 + (random() >>> 6)) / 0x20000000000000);
  define(global, "crypto", makeCrypto(stream("bytes"), stream("uuid")));
  return { draws: () => draws };
}

function makeCrypto(bytesWord: () => number, uuidWord: () => number): object {
  return freeze({
    getRandomValues(array: unknown): unknown {
      if (!bufferIsView(array) || array instanceof Float32Array || array instanceof Float64Array) {
        throw new NativeTypeError("crypto.getRandomValues wants an integer typed array");
      }
      if (array.byteLength > RANDOM_BYTES_MAX) {
        throw new NativeTypeError(`crypto.getRandomValues gives ${RANDOM_BYTES_MAX} bytes at most`);
      }
      fill(new NativeUint8Array(array.buffer, array.byteOffset, array.byteLength), bytesWord);
      return array;
    },
    randomUUID(): string {
      const bytes = new NativeUint8Array(16);
      fill(bytes, uuidWord);
      bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
      return spellUuid(bytes);
    },
  });
}

function fill(bytes: Uint8Array, word: () => number): void {
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) {
    bits = i % 4 === 0 ? word() : bits >>> 8;
    bytes[i] = bits & 0xff;
  }
}

const HEX = "0123456789abcdef";

function spellUuid(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < 16; i++) {
    const byte = bytes[i] as number;
    if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
    text += (HEX[byte >> 4] as string) + (HEX[byte & 15] as string);
  }
  return text;
}

function stateOf(seed: string, label: string): readonly [number, number, number, number] {
  const tail = `${label}prng/v1`;
  const message = new NativeUint8Array(seed.length / 2 + tail.length);
  for (let i = 0; i < seed.length / 2; i++) message[i] = nibble(seed, 2 * i) * 16 + nibble(seed, 2 * i + 1);
  for (let i = 0; i < tail.length; i++) message[seed.length / 2 + i] = tail.charCodeAt(i);
  const digest = sha256(message);
  const word = (at: number): number =>
    ((digest[at] as number) |
      ((digest[at + 1] as number) << 8) |
      ((digest[at + 2] as number) << 16) |
      ((digest[at + 3] as number) << 24)) >>>
    0;
  return [word(0), word(4), word(8), word(12)];
}

function nibble(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit <= 0x39 ? unit - 0x30 : unit - 0x57;
}

/** Words of xoshiro128** 1.1 from a state that is not all zero. */
export function xoshiro128(state: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = state;
  const { imul } = Math;
  return () => {
    const scrambled = imul(rotate(imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return scrambled;
  };
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
