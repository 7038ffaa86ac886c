// Fields: the closed list of what each event's data may hold, checked when a record is appended and again by verify.
// Invariant: no free text. Every string is an enumeration, a digest, a pseudonym, a version, or a name of bounded length
// that stands in the manifest; what people or agents write is a payload, of which a body holds the commitment alone.

import type { ArtefactRef, EventData, EventType, PayloadRef } from "./events.ts";
import { both, flag, integer, list, nullable, object, oneOf, type Shape, text } from "./shapes.ts";

const digest = text(/^[0-9a-f]{64}$/, 64);
const boot = text(/^[0-9a-f]{16}$/, 16);
const code = text(/^[A-Z][A-Z0-9_]*$/, 64);
/** Versions, flags, platforms, time zones: printable ASCII. */
const token = text(/^[\x20-\x7e]*$/, 256);
/** A name as the manifest holds it: visible characters, one line. */
const VISIBLE = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;
const name = text(VISIBLE, 256);
/** A method and a pattern of the manifest, which may be long. */
const TARGET_NAME_CHARS_MAX = 2304;
const pointer = text(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 1024);
const evidence = oneOf("observed", "host_claimed", "agent_claimed");
const effect = oneOf("read", "write", "irreversible");
const delivered = oneOf("true", "late", "hop");

const artefact: Shape = both(object({ sha256: digest, bytes: integer() }), (value, sink) => {
  sink.artefact(value as unknown as ArtefactRef);
  return undefined;
});

const payload: Shape = both(
  object(
    {
      bytes: integer(),
      media: text(/^[a-z0-9.+-]+\/[a-z0-9.+-]+(; ?[a-z-]+=[A-Za-z0-9.-]+)?$/, 100),
      level: oneOf("full", "digest", "none"),
    },
    { commit: digest, kid: text(/^[0-9a-f]{32}$/, 32) },
  ),
  (value, sink) => {
    const ref = value as unknown as PayloadRef;
    const kept = ref.level !== "none";
    if ((ref.commit !== undefined) !== kept || (ref.kid !== undefined) !== kept) {
      return ": commitment and key id do not go with its level";
    }
    sink.payload(ref);
    return undefined;
  },
);

const rule = object({ pointer, line: integer(), column: integer() });
const target = object({ kind: name, name: text(VISIBLE, TARGET_NAME_CHARS_MAX) });
const site = nullable(object({ line: integer(), column: integer() }));
const principal = object(
  { id: text(/^[0-9a-f]{32}$/, 32), kind: oneOf("os_user", "named"), evidence },
  { name: payload },
);
/** A hop of a call has a negative number. */
const callId = integer(Number.MIN_SAFE_INTEGER);
const parent = nullable(callId);

const permittedCall = {
  call: callId,
  capability: name,
  function: name,
  effect,
  target,
  rule,
  arguments: payload,
  parent,
  site,
};

/** The data of each type, field by field. */
export const FIELDS: { readonly [Type in EventType]: { readonly [Field in keyof EventData[Type]]-?: Shape } } = {
  "log.opened": {
    enclosure: token,
    node: token,
    sqlite: token,
    journal: token,
    synchronous: token,
    keyId: text(/^[0-9a-f]{8}$/, 8),
    unremembered: integer(),
  },
  "log.recovered": {
    boot,
    sessions: list(object({ session: digest, unknown: list(callId, 5_000) }), 1_000),
  },
  "log.checkpointed": { size: integer(1), root: digest, note: digest },
  "log.failed": { code },

  "session.opened": {
    agent: object({
      name,
      version: name,
      source: artefact,
      script: artefact,
      sourceMap: artefact,
      inputs: artefact,
      inputsDigest: digest,
    }),
    authority: object({
      manifest: artefact,
      resolved: digest,
      resolvedForm: artefact,
      profile: nullable(name),
      lock: nullable(artefact),
      modules: list(object({ capability: name, sha256: digest, pinned: flag }), 256),
    }),
    principal,
    onBehalfOf: nullable(principal),
    purpose: nullable(payload),
    correlation: nullable(payload),
    batchJob: nullable(digest),
    parent: nullable(digest),
    semantics: integer(),
    seed: token,
    prelude: artefact,
    functions: artefact,
    fingerprint: object({
      enclosure: token,
      node: token,
      v8: token,
      icu: token,
      tz: token,
      unicode: token,
      isolatedVm: token,
      arch: token,
      os: token,
      flags: list(token, 64),
    }),
    walls: list(name, 32),
    limits: object({
      wallMs: integer(),
      cpuMs: integer(),
      memoryBytes: integer(),
      calls: integer(),
      inFlight: integer(),
      timers: integer(),
      argumentBytes: integer(),
      resultBytes: integer(),
      logBytes: integer(),
    }),
  },
  "session.input_received": { input: payload },
  "session.noted": { note: payload },
  "session.logged": { level: oneOf("debug", "info", "warn", "error"), line: payload },
  "session.output_given": { output: payload },
  "session.closed": {
    status: oneOf("completed", "failed", "denied", "limit", "stalled", "crashed", "interrupted"),
    code: nullable(code),
    error: nullable(payload),
    calls: object({ admitted: integer(), denied: integer(), failed: integer(), unknown: integer() }),
    refusedInside: nullable(integer()),
  },

  "call.intended": { ...permittedCall, approval: nullable(integer()) },
  "call.settled": {
    call: callId,
    effectState: oneOf("confirmed", "failed", "unknown"),
    code: nullable(code),
    result: nullable(payload),
    error: nullable(payload),
    durationMs: integer(),
    delivered,
  },
  "call.denied": {
    call: callId,
    madeIn: integer(),
    capability: name,
    function: name,
    effect: nullable(effect),
    target: nullable(target),
    code,
    rule: nullable(rule),
    arguments: payload,
    error: payload,
    parent,
    site,
    delivered,
  },
  "call.held": { ...permittedCall, timeoutMs: integer() },
  "call.cancelled": { call: callId },
  "approval.requested": { call: callId, channel: oneOf("tty", "library", "none"), shown: payload },
  "approval.granted": { call: callId, by: principal, how: oneOf("os_user"), reason: nullable(payload) },
  "approval.refused": {
    call: callId,
    by: nullable(principal),
    how: oneOf("os_user", "unavailable", "timeout"),
    reason: nullable(payload),
  },
  "timer.fired": { timer: integer() },
  "limit.struck": {
    limit: oneOf("wall", "cpu", "memory", "calls", "timers", "log"),
    used: integer(),
    max: integer(),
  },
};

/** The data of each type. A type that is not here cannot be appended. */
export const DATA_SHAPES: ReadonlyMap<string, Shape> = new Map(
  Object.entries(FIELDS).map(([type, members]) => [type, object(members)]),
);

/** Whether records of this type belong to a session; the others are the store's own. */
export function isSessionType(type: string): boolean {
  return !type.startsWith("log.");
}

export const ENVELOPE_SHAPES = { boot, digest, evidence } as const;
