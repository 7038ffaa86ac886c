// Payloads: values that stay outside the bodies. A body holds a commitment, SHA-256(domain ‖ salt ‖ length ‖ bytes), whose
// 32-byte salt keeps a guess at a short value from being tried; salt and bytes are sealed (AES-256-GCM) under a data key,
// bound to commitment and key id. At level `digest` only the salt is kept; at `none` nothing but the size.
// A payload of megabytes is hashed and sealed in pieces, so that it is not there several times at once.
// Invariant: erasing a data key leaves every hash and proof of the log as it was.

import {
  concatBytes,
  digestOf,
  fromHex,
  fromUtf8,
  hex,
  type Hasher,
  type HexDigest,
  utf8,
  utf8Length,
  utf8Pieces,
} from "../base/bytes.ts";
import type { Random } from "../base/powers.ts";
import type { OpenedPayload, PayloadInput } from "./contract.ts";
import type { PayloadRef } from "./events.ts";
import type { Plain, Sealer } from "./powers.ts";

const DOMAIN = utf8("enclosure/payload/v1\0");
const SALT_BYTES = 32;
const KEY_BYTES = 32;
const KEY_ID_RANDOM_BYTES = 10;
/** Payloads up to this size are put together to be hashed. */
const WHOLE_BYTES_MAX = 4096;

/** A data key, as it is in use. */
export interface DataKey {
  /** 32 hexadecimal digits: the time in milliseconds (12 of them), so that keys lie in a store as they came, and chance. */
  readonly kid: string;
  readonly key: Uint8Array;
}

/** What is kept of a payload beside its reference in the body. */
export interface SealedPayload {
  readonly commit: HexDigest;
  readonly kid: string;
  readonly sealed: Uint8Array;
}

export function commitment(hasher: Hasher, salt: Uint8Array, bytes: Uint8Array): HexDigest {
  return commitmentOf(hasher, salt, { length: bytes.length, parts: [bytes] });
}

function commitmentOf(hasher: Hasher, salt: Uint8Array, { length, parts }: Plain): HexDigest {
  const spelled = new Uint8Array(8);
  new DataView(spelled.buffer).setBigUint64(0, BigInt(length));
  const head = concatBytes(DOMAIN, salt, spelled);
  // Most payloads are short: hashed in one go, in half the time.
  return digestOf(
    length <= WHOLE_BYTES_MAX ? hasher.sha256(concatBytes(head, ...parts)) : hasher.sha256OfParts(after(head, parts)),
  );
}

function* after(first: Uint8Array, parts: Iterable<Uint8Array>): Generator<Uint8Array, void, undefined> {
  yield first;
  yield* parts;
}

export function makeDataKey(random: Random, nowMs: number): DataKey {
  const time = Math.max(0, nowMs).toString(16).padStart(12, "0").slice(-12);
  return { kid: time + hex(random.bytes(KEY_ID_RANDOM_BYTES)), key: random.bytes(KEY_BYTES) };
}

/** A data key sealed under the key that lies outside the store. */
export function wrapDataKey(sealer: Sealer, wrapping: Uint8Array, { kid, key }: DataKey): Uint8Array {
  return sealer.seal(wrapping, { length: key.length, parts: [key] }, fromHex(kid));
}

/** Undefined where the wrapped key is not this one's, or not intact. */
export function unwrapDataKey(
  sealer: Sealer,
  wrapping: Uint8Array,
  kid: string,
  wrapped: Uint8Array,
): DataKey | undefined {
  const key = sealer.open(wrapping, wrapped, fromHex(kid));
  return key?.length === KEY_BYTES ? { kid, key } : undefined;
}

export interface SealPowers {
  readonly hasher: Hasher;
  readonly sealer: Sealer;
  readonly random: Random;
}

/** The reference for the body and what is to be kept. `dataKey` is asked for only where something is. */
export function sealPayload(
  powers: SealPowers,
  input: PayloadInput,
  dataKey: () => DataKey,
): { readonly ref: PayloadRef; readonly kept?: SealedPayload } {
  const { media, level } = input;
  const bytes = utf8Length(input.text);
  if (level === "none") return { ref: { bytes, media, level } };
  const { kid, key } = dataKey();
  const salt = powers.random.bytes(SALT_BYTES);
  // Encoded twice, piece by piece: a text of megabytes is never there as bytes beside itself and what is sealed.
  const commit = commitmentOf(powers.hasher, salt, { length: bytes, parts: utf8Pieces(input.text) });
  const plain =
    level === "full"
      ? { length: SALT_BYTES + bytes, parts: after(salt, utf8Pieces(input.text)) }
      : { length: SALT_BYTES, parts: [salt] };
  const sealed = powers.sealer.seal(key, plain, boundTo(commit, kid));
  return { ref: { bytes, commit, kid, level, media }, kept: { commit, kid, sealed } };
}

/** Opens what is kept of a payload and holds it against its reference. */
export function openPayload(
  powers: Pick<SealPowers, "hasher" | "sealer">,
  ref: PayloadRef,
  kept: SealedPayload,
  dataKey: DataKey,
): OpenedPayload {
  const { commit, kid, level } = ref;
  if (commit === undefined || kid === undefined || kept.commit !== commit || kept.kid !== kid) {
    return { state: "invalid", detail: "it is kept under another commitment or key" };
  }
  const plain = powers.sealer.open(dataKey.key, kept.sealed, boundTo(commit, kid));
  if (plain === undefined) return { state: "invalid", detail: "the sealed bytes are not intact" };
  if (level === "digest") {
    return plain.length === SALT_BYTES ? { state: "not-kept" } : { state: "invalid", detail: "it holds no salt" };
  }
  const bytes = plain.subarray(SALT_BYTES);
  const answers = commitment(powers.hasher, plain.subarray(0, SALT_BYTES), bytes);
  if (answers !== commit || bytes.length !== ref.bytes) {
    return { state: "invalid", detail: "the bytes do not answer to the commitment" };
  }
  return { state: "shown", text: fromUtf8(bytes) };
}

function boundTo(commit: HexDigest, kid: string): Uint8Array {
  return concatBytes(fromHex(commit), fromHex(kid));
}
