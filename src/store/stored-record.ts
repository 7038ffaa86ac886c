// A record as it lies in its row, checked by itself: its own bytes say what it is, and the columns only how it was found.
// Whether the log as a whole can be relied on is what verify says.

import { EnclosureError, isFault } from "../base/errors.ts";
import { hex } from "../base/bytes.ts";
import { type SessionId, sessionIdOf } from "../base/ids.ts";
import type { StoredRecord } from "../audit/contract.ts";
import { parseRecord } from "../audit/record.ts";
import type { AuditReads, RecordRow } from "../audit/store.ts";
import { hostTreeHasher } from "../outside/crypto.ts";

/** The log's name, as its first record says. @throws EnclosureError LOG_INVALID */
export function originOf(reads: Pick<AuditReads, "row">): string {
  const first = reads.row(0);
  if (first === undefined) throw new EnclosureError("LOG_INVALID", "the log has no first record");
  return bodyOf(0, first.body).log;
}

/**
 * The record in a row. Columns are only how it was found: its place and its session are what its own bytes say.
 * @throws EnclosureError LOG_INVALID where the record is not one, STORE_DAMAGED where it is filed as what it is not.
 */
export function storedRecord(row: RecordRow, filedUnder?: SessionId): StoredRecord {
  const { seq, leaf, body: bodyText } = row;
  if (hex(hostTreeHasher.leaf(bodyText)) !== leaf) throw misfiled(seq, "does not have the hash that it is filed under");
  const body = bodyOf(seq, bodyText);
  if (body.seq !== seq) throw misfiled(seq, `says that it is record ${body.seq}`);
  const link = body.session;
  if ((link?.n ?? null) !== row.n) throw misfiled(seq, "is filed at another place of its session");
  const session = link === undefined ? null : (link.id ?? sessionIdOf(leaf));
  if (filedUnder !== undefined && session !== filedUnder) throw misfiled(seq, "is filed under another session");
  return { seq, leaf, session, bodyText, body };
}

function misfiled(seq: number, what: string): EnclosureError {
  return new EnclosureError("STORE_DAMAGED", `record ${seq} ${what}; \`enclosure verify\` tells what else is changed`);
}

function bodyOf(seq: number, text: string): StoredRecord["body"] {
  try {
    return parseRecord(text).body;
  } catch (error) {
    if (!isFault(error, "LOG_INVALID")) throw error;
    throw new EnclosureError("LOG_INVALID", `record ${seq}: ${error.message}`, { cause: error });
  }
}
