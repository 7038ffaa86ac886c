// The store held against what was remembered outside it: the heads of this user's processes, and its own last checkpoint.

import { hex, type HexDigest } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import type { Timers } from "../base/powers.ts";
import type { Head } from "../audit/checkpoint.ts";
import type { AuditReads } from "../audit/store.ts";
import type { HeadSlot } from "../outside/head.ts";
import type { Liveness } from "./liveness.ts";

/** Looks at the heads for what a live process has committed, and how long after one another. */
const LOOKS_MAX = 20;
const LOOK_MS = 50;

/** What the slots of a store's log are held against. */
interface Known {
  readonly slots: readonly HeadSlot[];
  /** The identity of the store's file. */
  readonly store: HexDigest;
}

/**
 * @throws EnclosureError LOG_BEHIND_HEAD where records are missing that a head vouches for, or others stand in their
 *   place; STORE_DAMAGED where the tree cannot be read.
 */
export function checkHeads(reads: AuditReads, { slots, store }: Known): void {
  for (const slot of slots) {
    const fault = faultOf(reads, slot.head);
    if (fault === undefined) continue;
    if (slot.store === store) throw new EnclosureError("LOG_BEHIND_HEAD", fault);
    throw new EnclosureError("LOG_BEHIND_HEAD", `another file of this log has gone on: ${fault}`, {
      mend:
        "It is a copy of this store, or the one of which this is a copy. Go on with that file; where it is refused " +
        "likewise, both have gone on: keep both as evidence, and go on in a new store (--store).",
    });
  }
}

/**
 * Asked before each signature, inside its transaction: nobody can append to this file then, so what another file's head
 * holds beyond it is another history, under the same key.
 * @throws EnclosureError LOG_FORKED, LOG_BEHIND_HEAD, STORE_DAMAGED
 */
export function checkForks(reads: AuditReads, { slots, store }: Known): void {
  for (const slot of slots) {
    const fault = faultOf(reads, slot.head);
    if (fault === undefined) continue;
    if (slot.store === store) throw new EnclosureError("LOG_BEHIND_HEAD", fault);
    throw new EnclosureError(
      "LOG_FORKED",
      `process ${slot.boot} has written to a copy of this store meanwhile: ${fault}`,
    );
  }
}

/**
 * How many of the first `size` records stand beyond every head. A head is written right after its commit, so a process
 * that lives is given a moment for it. `boot`: whoever asks.
 */
export async function countUnremembered(
  size: number,
  slots: () => readonly HeadSlot[],
  { liveness, timers, boot }: { readonly liveness: Liveness; readonly timers: Timers; readonly boot?: string },
): Promise<number> {
  for (let looks = 1; ; looks++) {
    // Asked first: who has ended since had written its head before.
    const isAnyLive = liveness.isAnyLive(boot);
    const unremembered = size - Math.max(0, ...slots().map(({ head }) => head.size));
    if (unremembered <= 0) return 0;
    if (!isAnyLive || looks === LOOKS_MAX) return unremembered;
    await new Promise<void>((resolve) => timers.after(LOOK_MS, resolve));
  }
}

function faultOf(reads: AuditReads, head: Head): string | undefined {
  const size = reads.size();
  if (head.size > size) {
    const lost = head.size - size === 1 ? `record ${size} is` : `records ${size} to ${head.size - 1} are`;
    return `the store has ${size} records, and had ${head.size}: ${lost} lost`;
  }
  if (hex(reads.range(head.size).root()) === head.root) return undefined;
  return `the first ${head.size} records are not those that the head outside the store vouches for`;
}

/**
 * The slots that a process may remove when it ends in order: of processes on its own file that are dead, and no further
 * than `size`. Whether a process on another file lives, this file's locks cannot say.
 */
export function spentSlots({ slots, store }: Known, size: number, liveness: Liveness): readonly string[] {
  const spent = slots.filter((one) => one.store === store && one.head.size <= size && !liveness.isLive(one.boot));
  return spent.map(({ boot }) => boot);
}
