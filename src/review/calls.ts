// The calls of a session, each with its final verdict, what is known of its effect and who says so, the rule, the
// approval, the values where they can be opened, and the agent's source line.

import type { LogReader, StoredRecord } from "../audit/contract.ts";
import type { EffectName, Evidence, RuleAt, TargetRef } from "../audit/events.ts";
import type { HexDigest } from "../base/bytes.ts";
import type { CallId, SessionId } from "../base/ids.ts";
import { isJsonObject } from "../base/json.ts";
import type { LocateSource, SourcePlace } from "../base/source.ts";
import { type PayloadState, type ReadPayload, readPayload, readPrincipal } from "./payload.ts";
import { asType, openedSession, type TypedRecord } from "./records.ts";
import { type MakeLocator, sessionLocator } from "./source.ts";

/** What a record's body holds in place of a name that the manifest does not have. */
const UNLISTED = "(unlisted)";

/** Where the agent says that it called from: read within the guest, whoever observed the call. */
export interface ClaimedPlace extends SourcePlace {
  readonly evidence: "agent_claimed";
}

export interface Approval {
  readonly by: string;
  readonly granted: boolean;
  readonly how: string;
  readonly seq: number;
  readonly at: string;
  readonly reason?: string;
}

export interface CallRow {
  readonly session: SessionId;
  /** The call's number in its session; that of a redirect's hop is negative. */
  readonly n: CallId;
  /** Where the deciding record stands in the log: the intent, the denial, or the hold that nothing followed. */
  readonly seq: number;
  readonly capability: string;
  readonly function: string;
  readonly effect: EffectName | null;
  readonly target: TargetRef | null;
  readonly verdict: "admitted" | "denied";
  /** `unknown` is also what an intent without an outcome is, while its session is live. */
  readonly effectState: "confirmed" | "failed" | "unknown" | "none";
  readonly evidence: Evidence;
  /** By which manifest it was decided: the file's digest, the resolved form's, the profile. */
  readonly authority: { readonly manifest: HexDigest; readonly resolved: HexDigest; readonly profile: string | null };
  /** What the agent asked for by a name that the manifest does not have. */
  readonly asked?: { readonly capability: string; readonly function: string };
  /** The call of which this one is a redirect's hop. */
  readonly parent?: CallId;
  /** Set where the call was held and the session ended before anybody decided. It was not performed. */
  readonly undecided?: true;
  readonly cancelled?: true;
  readonly code?: string;
  readonly approval?: Approval;
  readonly rule?: RuleAt;
  readonly arguments?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
  /** Whether each payload could be opened, and why not. */
  readonly payloads: {
    readonly arguments: PayloadState;
    readonly result?: PayloadState;
    readonly error?: PayloadState;
  };
  readonly source?: ClaimedPlace;
  /** When it was decided; UTC, as recorded. */
  readonly at: string;
  /** Null where there is no outcome. */
  readonly durationMs: number | null;
}

interface CallRecords {
  intended?: TypedRecord<"call.intended">;
  denied?: TypedRecord<"call.denied">;
  held?: TypedRecord<"call.held">;
  settled?: TypedRecord<"call.settled">;
  cancelled?: TypedRecord<"call.cancelled">;
  granted?: TypedRecord<"approval.granted">;
  refused?: TypedRecord<"approval.refused">;
}

export interface CallsOptions {
  readonly makeLocator?: MakeLocator;
  /** Only these calls are read; all where absent. */
  readonly only?: (n: CallId) => boolean;
}

/** The rows of a session's calls, in the order in which they were decided. @throws EnclosureError SESSION_MISSING */
export function callsOf(reader: LogReader, id: SessionId, options: CallsOptions = {}): readonly CallRow[] {
  const { opened, records } = openedSession(reader, id);
  const { authority } = opened.data;
  const { makeLocator } = options;
  const context: RowContext = {
    reader,
    session: id,
    authority: { manifest: authority.manifest.sha256, resolved: authority.resolved, profile: authority.profile },
    locate: makeLocator === undefined ? () => undefined : sessionLocator(reader, opened.data, makeLocator),
  };
  const rows: CallRow[] = [];
  for (const [n, call] of groupByCall(records)) {
    const row = options.only?.(n) === false ? undefined : rowOf(context, n, call);
    if (row !== undefined) rows.push(row);
  }
  return rows.sort((a, b) => a.seq - b.seq);
}

function groupByCall(records: readonly StoredRecord[]): Map<CallId, CallRecords> {
  const calls = new Map<CallId, CallRecords>();
  const add = <Key extends keyof CallRecords>(
    key: Key,
    found: (CallRecords[Key] & { data: { call: CallId } }) | undefined,
  ): void => {
    if (found === undefined) return;
    const call = calls.get(found.data.call) ?? {};
    call[key] = found;
    calls.set(found.data.call, call);
  };
  for (const record of records) {
    add("intended", asType(record, "call.intended"));
    add("denied", asType(record, "call.denied"));
    add("held", asType(record, "call.held"));
    add("settled", asType(record, "call.settled"));
    add("cancelled", asType(record, "call.cancelled"));
    add("granted", asType(record, "approval.granted"));
    add("refused", asType(record, "approval.refused"));
  }
  return calls;
}

interface RowContext {
  readonly reader: LogReader;
  readonly session: SessionId;
  readonly authority: CallRow["authority"];
  readonly locate: LocateSource;
}

function rowOf(context: RowContext, n: CallId, call: CallRecords): CallRow | undefined {
  const decided = call.denied ?? call.intended ?? call.held;
  if (decided === undefined) return undefined;
  const { data, body, seq } = decided;
  const { settled } = call;
  const admitted = decided === call.intended;
  const code = call.denied?.data.code ?? settled?.data.code ?? undefined;
  const source = data.site === null ? undefined : context.locate(data.site.line, data.site.column);
  const approval = approvalOf(context.reader, call);
  const args = readPayload(context.reader, data.arguments);
  const asked = askedOf(data, args.value);
  const result = settled?.data.result ? readPayload(context.reader, settled.data.result) : undefined;
  const told = call.denied?.data.error ?? settled?.data.error;
  const error = told ? readPayload(context.reader, told) : undefined;
  return {
    session: context.session,
    n,
    seq,
    capability: data.capability,
    function: data.function,
    effect: data.effect,
    target: data.target,
    verdict: admitted ? "admitted" : "denied",
    effectState: admitted ? (settled?.data.effectState ?? "unknown") : "none",
    evidence: settled?.body.evidence ?? body.evidence,
    authority: context.authority,
    ...(asked && { asked }),
    ...(data.parent !== null && { parent: data.parent }),
    ...(decided === call.held && { undecided: true }),
    ...(call.cancelled && { cancelled: true }),
    ...(code !== undefined && { code }),
    ...(approval && { approval }),
    ...(data.rule && { rule: data.rule }),
    ...shown("arguments", args),
    ...(result && shown("result", result)),
    ...(error && shown("error", error)),
    payloads: { arguments: args.state, ...(result && { result: result.state }), ...(error && { error: error.state }) },
    ...(source && { source: { ...source, evidence: "agent_claimed" } }),
    at: body.time,
    durationMs: settled?.data.durationMs ?? null,
  };
}

/** A name that is not the manifest's is the agent's own text, so the record has it in the payload. */
function askedOf(data: { capability: string; function: string }, args: unknown): CallRow["asked"] {
  if (data.capability !== UNLISTED && data.function !== UNLISTED) return undefined;
  if (!isJsonObject(args)) return undefined;
  const { capability, function: fn } = args;
  return typeof capability === "string" && typeof fn === "string" ? { capability, function: fn } : undefined;
}

function shown<Key extends string>(key: Key, payload: ReadPayload): { readonly [K in Key]?: unknown } {
  return payload.state === "shown" ? ({ [key]: payload.value } as { [K in Key]?: unknown }) : {};
}

function approvalOf(reader: LogReader, { granted, refused }: CallRecords): Approval | undefined {
  const answer = granted ?? refused;
  if (answer === undefined) return undefined;
  const { by, how, reason } = answer.data;
  const why = reason === null ? undefined : readPayload(reader, reason).value;
  return {
    by: by === null ? "nobody" : readPrincipal(reader, by),
    granted: answer === granted,
    how,
    seq: answer.seq,
    at: answer.body.time,
    ...(typeof why === "string" && { reason: why }),
  };
}
