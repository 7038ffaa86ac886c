// Powers of the log: hashing, signing and sealing as interfaces, so that the code that verifies a log runs in a browser
// as it does on the host. The host's implementations are in outside/crypto.ts; what is pure has a default here.
// The tree's hashes are those of RFC 6962, section 2.1.

import { type Hasher, pureHasher, utf8 } from "../base/bytes.ts";

/** RFC 6962 hashing. Every result is 32 bytes. */
export interface TreeHasher {
  /** SHA-256(0x00 ‖ the body's UTF-8). */
  leaf(body: string): Uint8Array;
  /** SHA-256(0x01 ‖ left ‖ right). */
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
  /** SHA-256 of nothing: the root of the empty tree. */
  empty(): Uint8Array;
}

/** The tree's hashes over any SHA-256. */
export function treeHasher(hasher: Hasher = pureHasher): TreeHasher {
  return {
    leaf: (body) => hasher.sha256(utf8(`\0${body}`)),
    node: (left, right) => {
      const input = new Uint8Array(65);
      input[0] = 1;
      input.set(left, 1);
      input.set(right, 33);
      return hasher.sha256(input);
    },
    empty: () => hasher.sha256(new Uint8Array(0)),
  };
}

/** Makes Ed25519 signatures (RFC 8032) with one key. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** Checks Ed25519 signatures (RFC 8032). */
export interface SignatureChecker {
  /** False for a signature, or a key, of any wrong form too. */
  accepts(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** Bytes in parts, each of which is read before the next is asked for. */
export interface Plain {
  /** Of all of them. */
  readonly length: number;
  readonly parts: Iterable<Uint8Array>;
}

/** AES-256-GCM: a sealed text is nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes). Keys are 32 bytes. */
export interface Sealer {
  seal(key: Uint8Array, plain: Plain, bound: Uint8Array): Uint8Array;
  /** Undefined where key, bytes or what they are bound to are not those of the sealing. */
  open(key: Uint8Array, sealed: Uint8Array, bound: Uint8Array): Uint8Array | undefined;
}
