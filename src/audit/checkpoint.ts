// Checkpoints: C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint), a signed note over three lines:
//   origin · size in decimal · base64(root). Extension lines of others are passed over; ours has none.

import { base64, fromBase64, type Hasher, type HexDigest } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { type Note, parseNote, signNote } from "./note.ts";
import type { Signer } from "./powers.ts";

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** What is remembered of a log outside its store: where its end was. */
export interface Head {
  readonly size: number;
  readonly root: HexDigest;
  /** The last checkpoint that its writer has seen stored: its size and the SHA-256 of its note. */
  readonly checkpoint: { readonly size: number; readonly note: HexDigest } | null;
}

/** The signed note of a checkpoint; the key's name is the origin. */
export function signCheckpoint({ origin, size, root }: Checkpoint, signer: Signer, hasher?: Hasher): string {
  return signNote(`${origin}\n${size}\n${base64(root)}\n`, origin, signer, hasher);
}

/** Reads a checkpoint without believing it. @throws EnclosureError NOTE_INVALID */
export function parseCheckpoint(text: string): { readonly checkpoint: Checkpoint; readonly note: Note } {
  const note = parseNote(text);
  const [origin = "", digits = "", encoded = ""] = note.text.split("\n");
  const size = /^(0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : NaN;
  let root: Uint8Array;
  try {
    root = fromBase64(encoded);
  } catch {
    root = new Uint8Array(0);
  }
  if (origin === "" || !Number.isSafeInteger(size) || root.length !== 32) {
    throw new EnclosureError("NOTE_INVALID", "it is not a checkpoint");
  }
  return { checkpoint: { origin, size, root }, note };
}
