// Identifiers: branded texts and their parsers, so that one kind of id cannot be taken for another.

import type { HexDigest } from "./bytes.ts";

/** A session's id: the leaf hash of its `session.opened` record, in hexadecimal. */
export type SessionId = HexDigest & { readonly __sessionId: true };

/** A capability's name in the manifest: a JavaScript identifier of at most 64 characters. */
export type CapabilityName = string & { readonly __capabilityName: true };

/** The log's name, a schema-less URL as C2SP tlog-checkpoint asks: no spaces, no plus sign. */
export type Origin = string & { readonly __origin: true };

/** A call's number within its session: 1, 2, 3 … in the order in which the guest made them. */
export type CallId = number;

/** The id of the session whose first record has this leaf hash. */
export function sessionIdOf(openingLeaf: HexDigest): SessionId {
  return openingLeaf as SessionId;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
/** Names that would change what an object is: `then` makes it a promise to `await`. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype", "then"]);
/** Exports that the module enclosure:caps cannot have (default), or has itself (note). */
const RESERVED_NAMES: ReadonlySet<string> = new Set(["default", "note"]);

export function isCapabilityName(text: string): text is CapabilityName {
  return isFunctionName(text) && !RESERVED_NAMES.has(text);
}

/** A function's name within its capability: an identifier of at most 64 characters. */
export function isFunctionName(text: string): boolean {
  return NAME.test(text) && !FORBIDDEN_NAMES.has(text);
}
