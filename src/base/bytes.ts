// Bytes: text and hexadecimal encodings, comparison, and SHA-256 behind an interface.
// Pure: runs in Node and in a browser alike. The default hash is @noble/hashes; a host may hand in a faster one
// that is checked against it.

import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Lower-case hexadecimal text of a SHA-256 digest: 64 characters. */
export type HexDigest = string & { readonly __hexDigest: true };

/** SHA-256 (FIPS 180-4) over bytes, as 32 bytes. */
export interface Hasher {
  sha256(bytes: Uint8Array): Uint8Array;
  /** Of all the parts as one; each is read before the next is asked for. */
  sha256OfParts(parts: Iterable<Uint8Array>): Uint8Array;
}

/** The pure implementation; every other one must agree with it. */
export const pureHasher: Hasher = {
  sha256: (bytes) => nobleSha256(bytes),
  sha256OfParts: (parts) => {
    const hash = nobleSha256.create();
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
};

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @throws TypeError if the bytes are not well-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return strictDecoder.decode(bytes);
}

/** The text where the bytes are well-formed UTF-8, else the bytes. */
export function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return fromUtf8(bytes);
  } catch {
    return bytes;
  }
}

/** Texts up to this length are counted unit by unit: an encoder costs more to ask. */
const COUNTED_UNITS = 256;
/** How much of a long text is encoded at a time. */
const PIECE_UNITS = 16 * 1024;

/** The number of bytes of `text` in UTF-8; a lone surrogate counts as three, as an encoder would write it. */
export function utf8Length(text: string): number {
  let length = 0;
  if (text.length > COUNTED_UNITS) {
    for (const piece of utf8Pieces(text)) length += piece.length;
    return length;
  }
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) as number;
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (point > 0xffff) i++;
  }
  return length;
}

/** Whether `text` has more than `bytesMax` bytes in UTF-8: a unit is one at least and three at most, so few are counted. */
export function isLongerInUtf8(text: string, bytesMax: number): boolean {
  return text.length > bytesMax || (text.length * 3 > bytesMax && utf8Length(text) > bytesMax);
}

/**
 * The UTF-8 of a text in pieces, so that a long one is never there as bytes as a whole. A piece is good only until the
 * next one is asked for: all lie in the same place.
 */
export function* utf8Pieces(text: string): Generator<Uint8Array, void, undefined> {
  if (text.length <= PIECE_UNITS) return yield encoder.encode(text);
  const room = new Uint8Array(3 * PIECE_UNITS);
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + PIECE_UNITS, text.length);
    // The two halves of a sign stay together.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
    yield room.subarray(0, encoder.encodeInto(text.slice(at, end), room).written);
    at = end;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

export function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** @throws SyntaxError if `text` is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.fromHex(text);
}

export function base64(bytes: Uint8Array): string {
  return bytes.toBase64();
}

/** Strict: padding is demanded, no white space, no other alphabet. @throws SyntaxError otherwise. */
export function fromBase64(text: string): Uint8Array {
  if (/\s/.test(text)) throw new SyntaxError("white space in base64");
  return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Compares in a time that depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Digest of bytes, or of the UTF-8 of a text, as lower-case hexadecimal. */
export function sha256Hex(input: Uint8Array | string, hasher: Hasher = pureHasher): HexDigest {
  const bytes = typeof input === "string" ? utf8(input) : input;
  return hex(hasher.sha256(bytes)) as HexDigest;
}

/** The digest of which these are the 32 bytes. @throws TypeError where they are more or fewer */
export function digestOf(hash: Uint8Array): HexDigest {
  if (hash.length !== 32) throw new TypeError("expected 32 bytes");
  return hex(hash) as HexDigest;
}

/** @throws TypeError unless `text` is 64 lower-case hexadecimal digits. */
export function parseHexDigest(text: string): HexDigest {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new TypeError("expected 64 lower-case hexadecimal digits");
  return text as HexDigest;
}
