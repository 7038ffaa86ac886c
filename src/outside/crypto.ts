// The host's cryptography over node:crypto: SHA-256 several times as fast as the pure one (and checked against it in a
// test), Ed25519 (RFC 8032), AES-256-GCM, HMAC-SHA-256.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomFillSync,
  sign,
  verify,
} from "node:crypto";
import type { Sealer, SignatureChecker, Signer, TreeHasher } from "../audit/powers.ts";
import { assert } from "../base/assert.ts";
import { concatBytes, digestOf, fromHex, type Hasher, type HexDigest } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";

// A digest as "latin1" text and from there into a pooled buffer costs half of asking for a buffer (measured).
const digest = (input: string | Uint8Array): Uint8Array => Buffer.from(hash("sha256", input, "latin1"), "latin1");

export const hostHasher: Hasher = {
  sha256: digest,
  sha256OfParts: (parts) => {
    const made = createHash("sha256");
    for (const part of parts) made.update(part);
    return Buffer.from(made.digest("latin1"), "latin1");
  },
};

const nodeInput = new Uint8Array(65);
nodeInput[0] = 1;

export const hostTreeHasher: TreeHasher = {
  leaf: (body) => digest(`\0${body}`),
  node: (left, right) => {
    nodeInput.set(left, 1);
    nodeInput.set(right, 33);
    return digest(nodeInput);
  },
  empty: () => digest(""),
};

// The DER forms of RFC 8410, up to where the 32 bytes of the key begin.
const PUBLIC_PREFIX = fromHex("302a300506032b6570032100");
const PUBLIC_KEY_BYTES = 32;

export const hostChecker: SignatureChecker = {
  accepts: (publicKey, message, signature) => {
    if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== 64) return false;
    const der = Buffer.from(concatBytes(PUBLIC_PREFIX, publicKey));
    try {
      return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
    } catch {
      return false;
    }
  },
};

/** A new Ed25519 key, as PKCS#8 PEM. */
export function makeSigningKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
}

/** @throws EnclosureError KEY_INVALID unless the text is an Ed25519 key as PKCS#8 PEM. */
export function signerOf(pem: string): Signer {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new EnclosureError("KEY_INVALID", "the log's key is not a private key in PEM form", { cause });
  }
  if (key.asymmetricKeyType !== "ed25519") throw new EnclosureError("KEY_INVALID", "the log's key is not Ed25519");
  const der = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(der.subarray(PUBLIC_PREFIX.length)),
    sign: (message) => sign(null, message, key),
  };
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export const hostSealer: Sealer = {
  seal: (key, { length, parts }, bound) => {
    const sealed = new Uint8Array(NONCE_BYTES + length + TAG_BYTES);
    const nonce = randomFillSync(sealed.subarray(0, NONCE_BYTES));
    const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
    let at = NONCE_BYTES;
    for (const part of parts) {
      sealed.set(cipher.update(part), at);
      at += part.length;
    }
    cipher.final();
    assert(at === NONCE_BYTES + length, "what is sealed is as long as it was said to be");
    sealed.set(cipher.getAuthTag(), at);
    return sealed;
  },
  open: (key, sealed, bound) => {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return concatBytes(decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final());
    } catch {
      return undefined;
    }
  },
};

/** HMAC-SHA-256 in hexadecimal. */
export function hmacHex(key: Uint8Array, message: string): HexDigest {
  return digestOf(createHmac("sha256", key).update(message).digest());
}
