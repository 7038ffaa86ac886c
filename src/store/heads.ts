// The store held against what was remembered outside it: the heads of this user's processes, and its own last checkpoint.

import { hex } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import type { AuditReads } from "../audit/store.ts";
import type { HeadSlot } from "../outside/head.ts";
import type { Liveness } from "./liveness.ts";

/**
 * @throws EnclosureError LOG_BEHIND_HEAD where records are missing that a head vouches for, or others stand in their
 *   place; STORE_DAMAGED where the tree cannot be read.
 */
export function checkHeads(reads: AuditReads, slots: readonly HeadSlot[]): void {
  const size = reads.size();
  for (const { head } of slots) {
    if (head.size > size) {
      const lost = head.size - size === 1 ? `record ${size} is` : `records ${size} to ${head.size - 1} are`;
      throw new EnclosureError("LOG_BEHIND_HEAD", `the store has ${size} records, and had ${head.size}: ${lost} lost`);
    }
    if (hex(reads.range(head.size).root()) !== head.root) {
      const message = `the first ${head.size} records are not those that the head outside the store vouches for`;
      throw new EnclosureError("LOG_BEHIND_HEAD", message);
    }
  }
}

/** The slots that a process may remove when it ends in order: of dead processes, and no further than `size`. */
export function spentSlots(slots: readonly HeadSlot[], size: number, liveness: Liveness): readonly string[] {
  return slots.filter(({ boot, head }) => head.size <= size && !liveness.isLive(boot)).map(({ boot }) => boot);
}
