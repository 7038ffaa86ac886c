// Events: what is recorded, as types. The ONE place where a kind of event is added. `record.ts` turns an event into the
// canonical bytes of a record and back; `fields.ts` is the closed list of what each body may hold.
// Invariant: nothing personal stands in an event's data, for a body can never be erased. Free text is a payload;
// identities are pseudonyms; names are those that the manifest itself holds.

import type { HexDigest } from "../base/bytes.ts";
import type { CallId, SessionId } from "../base/ids.ts";

/** `observed`: the runtime did or saw it. `host_claimed`: a host module says so. `agent_claimed`: the agent says so. Never upgraded. */
export type Evidence = "observed" | "host_claimed" | "agent_claimed";

export type PayloadLevel = "full" | "digest" | "none";

/** What stands in a body for a payload; the bytes are outside, encrypted. */
export interface PayloadRef {
  /** SHA-256("enclosure/payload/v1\0" ‖ 32-byte salt ‖ uint64be(length) ‖ bytes); absent at level none. */
  readonly commit?: HexDigest;
  readonly bytes: number;
  readonly media: string;
  readonly level: PayloadLevel;
  /** The data key under which salt and bytes are sealed; absent at level none. At `digest` only the salt is kept. */
  readonly kid?: string;
}

/** A file or text that is not personal: by plain SHA-256 of its bytes, as `sha256sum` prints it. */
export interface ArtefactRef {
  readonly sha256: HexDigest;
  readonly bytes: number;
}

export interface RuleAt {
  readonly pointer: string;
  readonly line: number;
  readonly column: number;
}

export interface TargetRef {
  readonly kind: string;
  readonly name: string;
}

/** A pseudonym; its name lives in an erasable payload. */
export interface PrincipalRef {
  readonly id: string;
  readonly kind: "os_user" | "named";
  readonly evidence: Evidence;
  readonly name?: PayloadRef;
}

export type EffectName = "read" | "write" | "irreversible";

export type SessionStatus = "completed" | "failed" | "denied" | "limit" | "stalled" | "crashed" | "interrupted";

export interface CallCounts {
  readonly admitted: number;
  readonly denied: number;
  readonly failed: number;
  readonly unknown: number;
}

/** Totals as of the last turn that is known to have drained: a checksum that a replay compares. */
export interface TurnSummary {
  readonly turn: number;
  readonly calls: number;
  readonly draws: number;
}

export interface EventData {
  // The log itself
  "log.opened": {
    enclosure: string;
    node: string;
    sqlite: string;
    journal: string;
    synchronous: string;
    keyId: string;
    /** How many records stood beyond every head when the store was opened. */
    unremembered: number;
  };
  /** Store-wide: which sessions of a process that died were closed by this one, and the intents whose outcome nobody knows. */
  "log.recovered": { boot: string; sessions: readonly { session: SessionId; unknown: readonly number[] }[] };
  /** The signed checkpoint before this one, by the SHA-256 of its note: so that none can be taken away unseen. */
  "log.checkpointed": { size: number; root: HexDigest; note: HexDigest };
  /** Written when appends work again, or into the ballast's room, after a write failed. */
  "log.failed": { code: string };

  // A session
  "session.opened": {
    agent: {
      name: string;
      version: string;
      source: ArtefactRef;
      script: ArtefactRef;
      sourceMap: ArtefactRef;
      inputs: ArtefactRef;
      inputsDigest: HexDigest;
    };
    authority: {
      manifest: ArtefactRef;
      /** Digest of the resolved manifest's canonical form, with the profile applied. */
      resolved: HexDigest;
      resolvedForm: ArtefactRef;
      profile: string | null;
      lock: ArtefactRef | null;
      /** Host modules as they ran, pinned or not. */
      modules: readonly { capability: string; sha256: HexDigest; pinned: boolean }[];
    };
    principal: PrincipalRef;
    onBehalfOf: PrincipalRef | null;
    purpose: PayloadRef | null;
    correlation: PayloadRef | null;
    /** SHA-256 over the batch's identity and the job's id; ties a session to the line of a batch. */
    batchJob: HexDigest | null;
    parent: SessionId | null;
    semantics: number;
    seed: string;
    prelude: ArtefactRef;
    /** The function table and the guest's environment: all that a replay needs of the manifest's host side. */
    functions: ArtefactRef;
    fingerprint: {
      enclosure: string;
      node: string;
      v8: string;
      icu: string;
      tz: string;
      unicode: string;
      isolatedVm: string;
      arch: string;
      os: string;
      flags: readonly string[];
    };
    walls: readonly string[];
    limits: {
      wallMs: number;
      cpuMs: number;
      memoryBytes: number;
      calls: number;
      inFlight: number;
      timers: number;
      argumentBytes: number;
      resultBytes: number;
      logBytes: number;
    };
  };
  "session.input_received": { input: PayloadRef };
  "session.noted": { note: PayloadRef };
  "session.logged": { level: "debug" | "info" | "warn" | "error"; line: PayloadRef };
  "session.output_given": { output: PayloadRef };
  "session.closed": {
    status: SessionStatus;
    code: string | null;
    error: PayloadRef | null;
    calls: CallCounts;
    /** Calls that the guest's own window refused: they never reached the broker. Null where a recovery closed it. */
    refusedInside: number | null;
  };

  // A call
  "call.intended": {
    call: CallId;
    capability: string;
    function: string;
    effect: EffectName;
    target: TargetRef;
    rule: RuleAt;
    arguments: PayloadRef;
    /** The call of which this one is a hop (a redirect). */
    parent: CallId | null;
    approval: number | null;
    /** In the compiled script, as the guest claims it, whatever the record's evidence. */
    site: { line: number; column: number } | null;
  };
  "call.settled": {
    call: CallId;
    effectState: "confirmed" | "failed" | "unknown";
    code: string | null;
    result: PayloadRef | null;
    /** What the guest was told, and what the host knows besides. */
    error: PayloadRef | null;
    durationMs: number;
    /** `hop`: went to the broker (a redirect), not to the guest. */
    delivered: "true" | "late" | "hop";
  };
  "call.denied": {
    call: CallId;
    /** The turn in which the guest made it; the record's own turn is the one in which it was told. */
    madeIn: number;
    /** "(unlisted)" where the manifest has no such name. */
    capability: string;
    function: string;
    effect: EffectName | null;
    target: TargetRef | null;
    code: string;
    rule: RuleAt | null;
    arguments: PayloadRef;
    /** What the guest was told. */
    error: PayloadRef;
    parent: CallId | null;
    site: { line: number; column: number } | null;
    /** Told to the guest with this record; `late` where it had ended. */
    delivered: "true" | "late" | "hop";
  };
  /** A call waits for a person. */
  "call.held": {
    call: CallId;
    capability: string;
    function: string;
    effect: EffectName;
    target: TargetRef;
    rule: RuleAt;
    arguments: PayloadRef;
    parent: CallId | null;
    site: { line: number; column: number } | null;
    timeoutMs: number;
  };
  "call.cancelled": { call: CallId };
  "approval.requested": { call: CallId; channel: "tty" | "library" | "none"; shown: PayloadRef };
  "approval.granted": { call: CallId; by: PrincipalRef; how: "os_user"; reason: PayloadRef | null };
  "approval.refused": {
    call: CallId;
    by: PrincipalRef | null;
    how: "os_user" | "unavailable" | "timeout";
    reason: PayloadRef | null;
  };
  "timer.fired": { timer: number };
  "limit.struck": { limit: "wall" | "cpu" | "memory" | "calls" | "timers" | "log"; used: number; max: number };
}

export type EventType = keyof EventData;

/** Types whose meaning is fixed and which nothing emits yet: they can be viewed and verified, and make a replay inconclusive. */
export const RESERVED_TYPES: readonly string[] = [
  "log.segment",
  "log.anchored",
  "log.key_rotated",
  "log.rollback_acknowledged",
  "log.exported",
  "log.read",
  "log.hold_set",
  "log.hold_released",
  "log.archived",
  "log.pruned",
  "log.clock_stepped",
  "operator.key_added",
  "operator.key_removed",
  "manifest.registered",
  "manifest.approved",
  "manifest.reviewed",
  "manifest.revoked",
  "agent.changed",
  "session.parked",
  "session.resumed",
  "call.chunked",
  "flow.labelled",
  "payload.erased",
  "replay.judged",
];

/** The envelope that every body has, beside its type's data. */
export interface Envelope {
  readonly v: "enclosure.audit/1";
  readonly log: string;
  readonly seq: number;
  readonly type: EventType;
  /** UTC, milliseconds: 2026-11-23T18:26:28.034Z */
  readonly time: string;
  /** The process that wrote it: 16 hexadecimal digits, new at every start. */
  readonly boot: string;
  /** Microseconds since that start. */
  readonly monoUs: number;
  readonly evidence: Evidence;
  readonly session?: SessionLink;
}

export interface SessionLink {
  /** Absent in `session.opened`, whose leaf hash it is. */
  readonly id?: SessionId;
  /** From 0, without gaps. */
  readonly n: number;
  /** Leaf hash of the session's previous record; null in `session.opened`. */
  readonly prev: HexDigest | null;
  readonly turn: number;
  readonly before?: TurnSummary;
}

export type RecordBody<Type extends EventType = EventType> = {
  [T in Type]: Envelope & { readonly type: T; readonly data: EventData[T] };
}[Type];
