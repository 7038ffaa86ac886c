// The log's signature: heads outside the store, checkpoints in it.
// Invariants: a checkpoint is signed only over what is committed, and only where no head of this log contradicts it; each
// checkpoint is named by a record before the next one is signed.

import { digestOf, type HexDigest, sha256Hex } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { parseCheckpoint, signCheckpoint } from "../audit/checkpoint.ts";
import type { Signed } from "../audit/contract.ts";
import type { EventData } from "../audit/events.ts";
import { verifyNote, type VerifierKey } from "../audit/note.ts";
import type { SignatureChecker, Signer, TreeHasher } from "../audit/powers.ts";
import type { PreparedRecord } from "../audit/record.ts";
import type { AuditReads, AuditStore, CheckpointRow, Tip } from "../audit/store.ts";
import { hostHasher } from "../outside/crypto.ts";
import type { HeadWriter } from "../outside/head.ts";
import { Assembly } from "./assembly.ts";

export interface SigningPorts {
  readonly store: AuditStore;
  readonly origin: string;
  readonly hasher: TreeHasher;
  readonly checker: SignatureChecker;
  readonly signer: Signer;
  readonly verifier: VerifierKey;
  readonly head: HeadWriter;
  /** Throws where another file's process has signed, or may sign, for another history of this log. */
  readonly checkForks: (reads: AuditReads) => void;
}

export class Signing {
  readonly #ports: SigningPorts;
  readonly #prepare: (data: EventData["log.checkpointed"]) => PreparedRecord;
  /** The last checkpoint in the store that this process has made or checked. */
  #last: CheckpointRow | undefined;

  /** `prepare` makes the record that names a checkpoint. */
  constructor(ports: SigningPorts, prepare: (data: EventData["log.checkpointed"]) => PreparedRecord) {
    this.#ports = ports;
    this.#prepare = prepare;
  }

  /** The size that the last known checkpoint signs for. */
  get covered(): number {
    return this.#last?.size ?? 0;
  }

  writeHead(size: number, root: HexDigest): void {
    const checkpoint = this.#last === undefined ? null : { size: this.#last.size, note: noteDigest(this.#last.note) };
    this.#ports.head.write({ size, root, checkpoint });
  }

  /** Commits to the last checkpoint by a record, if a new one will come to stand after it. */
  nameLast(assembly: Assembly, tip: Tip): void {
    const last = tip.reads.lastCheckpoint();
    if (last === undefined || assembly.range.size === last.size) return;
    const { size, root } = this.#checked(last, tip);
    assembly.add(this.#prepare({ size, root, note: noteDigest(last.note) }));
  }

  /**
   * Signs over all that is committed, unless a checkpoint that covers `size` stands already.
   * @throws EnclosureError LOG_FORKED, LOG_BEHIND_HEAD, LOG_INVALID, NOTE_INVALID, or what the store throws
   */
  async sign(size: number): Promise<Signed> {
    const { store, origin, signer, hasher, head, checkForks } = this.#ports;
    let made: Signed | undefined;
    await store.append((tip) => {
      const last = tip.reads.lastCheckpoint();
      if (last !== undefined && last.size >= size) {
        made = this.#checked(last, tip);
        return undefined;
      }
      const root = tip.range.root();
      // Written before the others are read: of two who sign at once on two copies, one sees the other.
      this.writeHead(tip.size, digestOf(root));
      checkForks(tip.reads);
      const note = signCheckpoint({ origin, size: tip.size, root }, signer, hostHasher);
      made = { size: tip.size, root: digestOf(root), note };
      return { ...new Assembly(tip, hasher).batch(), checkpoint: { size: tip.size, note } };
    });
    const signed = made as Signed;
    this.#last = { size: signed.size, note: signed.note };
    this.writeHead(signed.size, signed.root);
    head.sync();
    return signed;
  }

  /** @throws EnclosureError LOG_INVALID, NOTE_INVALID unless the checkpoint is one of this log's own and of this very tree. */
  #checked(row: CheckpointRow, tip: Tip): Signed {
    const { origin, verifier, checker } = this.#ports;
    const { checkpoint, note } = parseCheckpoint(row.note);
    const root = digestOf(checkpoint.root);
    if (row.note !== this.#last?.note) {
      const isOurs = checkpoint.origin === origin && verifyNote(note, [verifier], checker).length > 0;
      const isOfTree = checkpoint.size === row.size && digestOf(tip.reads.range(row.size).root()) === root;
      if (!isOurs || !isOfTree) {
        throw new EnclosureError("LOG_INVALID", `the checkpoint of size ${row.size} is not one of this log`);
      }
      this.#last = row;
    }
    return { size: checkpoint.size, root, note: row.note };
  }
}

function noteDigest(note: string): HexDigest {
  return sha256Hex(note, hostHasher);
}
