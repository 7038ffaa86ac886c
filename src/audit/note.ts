// Signed notes: C2SP signed-note (https://c2sp.org/signed-note), with Ed25519 keys (signature type 0x01).
//   text, each line ended · an empty line · "— <name> <base64(key id (4 bytes) ‖ signature)>" for each signature
//   vkey: <name>+<key id in hexadecimal>+<base64(0x01 ‖ public key)>; key id = SHA-256(name ‖ \n ‖ 0x01 ‖ key)[:4]

import { base64, concatBytes, equalBytes, fromBase64, hex, type Hasher, pureHasher, utf8 } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import type { SignatureChecker, Signer } from "./powers.ts";

const ED25519 = 0x01;
const PUBLIC_KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
/** In UTF-16 units; a checkpoint has some 300. */
const NOTE_CHARS_MAX = 64 * 1024;
const SIGNATURES_MAX = 100;

export interface VerifierKey {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** With the last line's end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export function verifierKey(name: string, publicKey: Uint8Array, hasher: Hasher = pureHasher): VerifierKey {
  if (!isKeyName(name)) throw new EnclosureError("KEY_INVALID", `"${name}" cannot be the name of a key`);
  const typed = concatBytes(Uint8Array.of(ED25519), publicKey);
  return { name, keyId: hasher.sha256(concatBytes(utf8(`${name}\n`), typed)).slice(0, KEY_ID_BYTES), publicKey };
}

export function spellVerifierKey({ name, keyId, publicKey }: VerifierKey): string {
  return `${name}+${hex(keyId)}+${base64(concatBytes(Uint8Array.of(ED25519), publicKey))}`;
}

/** @throws EnclosureError KEY_INVALID */
export function parseVerifierKey(text: string, hasher: Hasher = pureHasher): VerifierKey {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) throw invalidKey("is not <name>+<id>+<key>");
  const typed = bytesOf(encoded);
  if (typed?.length !== PUBLIC_KEY_BYTES + 1 || typed[0] !== ED25519) throw invalidKey("is not an Ed25519 key");
  const key = verifierKey(name, typed.slice(1), hasher);
  if (hex(key.keyId) !== id) throw invalidKey("has a key id that does not belong to it");
  return key;
}

/** `text` must end with a line's end. */
export function signNote(text: string, name: string, signer: Signer, hasher: Hasher = pureHasher): string {
  if (!isNoteText(text)) throw new EnclosureError("NOTE_INVALID", "the text cannot be a note's");
  const { keyId } = verifierKey(name, signer.publicKey, hasher);
  return `${text}\n— ${name} ${base64(concatBytes(keyId, signer.sign(utf8(text))))}\n`;
}

/** Reads a note without believing it. @throws EnclosureError NOTE_INVALID */
export function parseNote(note: string): Note {
  // The last empty line divides: the text itself may hold others.
  const border = note.lastIndexOf("\n\n");
  if (note.length > NOTE_CHARS_MAX || border < 0 || !note.endsWith("\n")) throw invalidNote("it is not a signed note");
  const text = note.slice(0, border + 1);
  if (!isNoteText(text)) throw invalidNote("its text holds characters that a note may not hold");
  const lines = note.slice(border + 2, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) throw invalidNote("it has too many signatures");
  return { text, signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [, name, encoded] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
  const bytes = encoded === undefined ? undefined : bytesOf(encoded);
  if (name === undefined || !isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES) {
    throw invalidNote("a signature line is malformed");
  }
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

/**
 * The keys among `known` that have signed the note; signatures of others are passed over.
 * @throws EnclosureError NOTE_INVALID where a signature of a known key is wrong.
 */
export function verifyNote(note: Note, known: readonly VerifierKey[], checker: SignatureChecker): VerifierKey[] {
  const signedBy: VerifierKey[] = [];
  const message = utf8(note.text);
  for (const { name, keyId, signature } of note.signatures) {
    const key = known.find((one) => one.name === name && equalBytes(one.keyId, keyId));
    if (key === undefined) continue;
    if (!checker.accepts(key.publicKey, message, signature)) throw invalidNote(`the signature of ${name} is wrong`);
    signedBy.push(key);
  }
  return signedBy;
}

function isKeyName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !/[\s+\p{Cc}]/u.test(name);
}

function isNoteText(text: string): boolean {
  return text.endsWith("\n") && text.isWellFormed() && !/[^\n\P{Cc}]/u.test(text);
}

function bytesOf(encoded: string): Uint8Array | undefined {
  try {
    return fromBase64(encoded);
  } catch {
    return undefined;
  }
}

function invalidNote(what: string): EnclosureError {
  return new EnclosureError("NOTE_INVALID", what);
}

function invalidKey(what: string): EnclosureError {
  return new EnclosureError("KEY_INVALID", `the verifier key ${what}`);
}
