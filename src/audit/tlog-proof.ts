// Proof files: C2SP tlog-proof (https://c2sp.org/tlog-proof), which show one record to be in a log without the rest of it:
//   c2sp.org/tlog-proof@v1 · [extra <base64>] · index <decimal> · a base64 hash on each line, from the leaf's sibling
//   upward · an empty line · the checkpoint, as it was signed. Extra data is authenticated by nothing; ours has none.

import { base64, fromBase64 } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import type { Note } from "./note.ts";
import type { TreeHasher } from "./powers.ts";
import { verifyInclusion } from "./proofs.ts";

const HEADER = "c2sp.org/tlog-proof@v1";
/** A tree of 2^53 leaves has no longer path. */
const HASHES_MAX = 53;
const HASH_BYTES = 32;

export interface TlogProof {
  /** The record's `seq`. */
  readonly index: number;
  /** From the leaf's sibling upward, 32 bytes each. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note of the checkpoint whose tree the path leads into. */
  readonly checkpoint: string;
}

export function spellTlogProof({ index, hashes, checkpoint }: TlogProof): string {
  return `${[HEADER, `index ${index}`, ...hashes.map(base64)].join("\n")}\n\n${checkpoint}`;
}

/** Reads a proof without believing it. @throws EnclosureError NOTE_INVALID */
export function parseTlogProof(text: string): TlogProof {
  // The first empty line divides: a checkpoint has one of its own.
  const border = text.indexOf("\n\n");
  const [header, ...lines] = border < 0 ? [] : text.slice(0, border).split("\n");
  if (header !== HEADER) throw invalid("it is not a tlog-proof of version 1");
  if (lines[0]?.startsWith("extra ") === true) lines.shift();
  const digits = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? "")?.[1];
  const index = Number(digits);
  if (digits === undefined || !Number.isSafeInteger(index)) throw invalid("the proof names no index");
  if (lines.length > HASHES_MAX) throw invalid("the proof has too many hashes");
  return { index, hashes: lines.map(parseHash), checkpoint: text.slice(border + 2) };
}

/**
 * That a record with this leaf hash stands where the proof says, in the tree of the proof's own checkpoint. Whose
 * signatures the checkpoint bears is for the caller to ask. @throws EnclosureError NOTE_INVALID, LOG_INVALID
 */
export function verifyTlogProof(
  hasher: TreeHasher,
  leaf: Uint8Array,
  proof: TlogProof,
): { readonly checkpoint: Checkpoint; readonly note: Note } {
  const parsed = parseCheckpoint(proof.checkpoint);
  const { size, root } = parsed.checkpoint;
  verifyInclusion(hasher, { leaf, index: proof.index, size, root }, proof.hashes);
  return parsed;
}

function parseHash(line: string): Uint8Array {
  let hash: Uint8Array | undefined;
  try {
    hash = fromBase64(line);
  } catch {
    // Said below, with what has another length.
  }
  if (hash?.length !== HASH_BYTES) throw invalid("a line of the proof is not a hash");
  return hash;
}

function invalid(what: string): EnclosureError {
  return new EnclosureError("NOTE_INVALID", what);
}
