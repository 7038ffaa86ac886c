// One session's end of the log: seals what its records refer to, spells them as far as they can be, and keeps account of
// what is durable. See SessionLog in audit/contract.ts for what it promises.

import { assert } from "../base/assert.ts";
import { type HexDigest, sha256Hex } from "../base/bytes.ts";
import { type SessionId, sessionIdOf } from "../base/ids.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import type { PayloadInput, Position, SessionDraft, SessionLog, Signed, Ticket } from "../audit/contract.ts";
import type { EventType } from "../audit/events.ts";
import {
  type DataKey,
  makeDataKey,
  type SealedPayload,
  sealPayload,
  type SealPowers,
  wrapDataKey,
} from "../audit/payload.ts";
import { prepareRecord } from "../audit/record.ts";
import type { AuditReads, DataKeyRow } from "../audit/store.ts";
import { Chain } from "./assembly.ts";
import type { Log, Member } from "./log.ts";

export interface SessionPorts {
  readonly log: Log;
  readonly reads: AuditReads;
  readonly seal: SealPowers;
  readonly wrapping: Uint8Array;
}

export class SessionEnd implements SessionLog, Member {
  readonly chain = new Chain();
  readonly failed: Promise<Error>;
  readonly #ports: SessionPorts;
  readonly #failing = Promise.withResolvers<Error>();
  readonly #waiting = new Map<number, PromiseWithResolvers<Position>>();
  #failure: Error | undefined;
  #appended = 0;
  #timeMs = 0;
  #isClosed = false;
  #durable: Position | undefined;
  #id: SessionId | undefined;
  #dataKey: DataKey | undefined;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.failed = this.#failing.promise;
  }

  /** Its closing record is durable. */
  get isClosed(): boolean {
    return this.#isClosed && this.#durable?.n === this.#appended - 1;
  }

  append<Type extends EventType>(draft: SessionDraft<Type>): Ticket {
    if (this.#failure !== undefined) throw this.#failure;
    assert(!this.#isClosed, "nothing can be appended to a session after its closing record");
    const { log } = this.#ports;
    const { type, evidence, turn, before } = draft;
    const timeMs = Math.max(this.#timeMs, log.ports.clock.nowMs());
    const kept = { payloads: [] as SealedPayload[], dataKeys: [] as DataKeyRow[] };
    const { origin, boot } = log.ports;
    try {
      const data = this.#seal(draft.data, kept) as JsonObject;
      const event = { log: origin, boot, type, evidence, timeMs, monoUs: log.monoUs(), data, turn };
      const record = prepareRecord(before === undefined ? event : { ...event, before });
      log.enqueue({ record, member: this, ...kept });
    } catch (error) {
      // A session that cannot record one thing cannot go on as if it had.
      this.fail(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
    this.#timeMs = timeMs;
    this.#isClosed = type === "session.closed";
    return { timeMs, n: this.#appended++ };
  }

  keep(bytes: Uint8Array): { readonly sha256: HexDigest; readonly bytes: number } {
    const sha256 = sha256Hex(bytes, this.#ports.seal.hasher);
    this.#ports.log.keep({ sha256, bytes });
    return { sha256, bytes: bytes.length };
  }

  release(ticket?: Ticket): Promise<Position> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const n = ticket?.n ?? this.#appended - 1;
    if (this.#durable !== undefined && n <= this.#durable.n) return Promise.resolve(this.#positionOf(n));
    let waiting = this.#waiting.get(n);
    if (waiting === undefined) this.#waiting.set(n, (waiting = Promise.withResolvers<Position>()));
    this.#ports.log.commitSoon();
    return waiting.promise;
  }

  id(): SessionId | undefined {
    return this.#id;
  }

  async checkpoint(): Promise<Signed> {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#ports.log.checkpoint();
  }

  committed(position: Position): void {
    const { n, leaf } = position;
    this.#durable = position;
    this.#id ??= sessionIdOf(leaf);
    this.#waiting.get(n)?.resolve(position);
    this.#waiting.delete(n);
    if (this.isClosed) this.#ports.log.members.delete(this);
  }

  fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#failing.resolve(error);
  }

  #positionOf(n: number): Position {
    const { seq, leaf, n: last } = this.#durable as Position;
    if (n === last) return { seq, n, leaf };
    const row = this.#ports.reads.sessionRow(this.chain.opening as number, n);
    assert(row !== undefined, "a durable record of a live session can be read");
    return { seq: row.seq, n, leaf: row.leaf };
  }

  /** Payloads replaced by their references, at any depth; members that are undefined are left out. */
  #seal(value: unknown, kept: { readonly payloads: SealedPayload[]; readonly dataKeys: DataKeyRow[] }): JsonValue {
    if (value === null || typeof value !== "object") return value as JsonValue;
    if (Array.isArray(value)) return value.map((item) => this.#seal(item, kept));
    if (isPayload(value)) {
      const { ref, kept: sealed } = sealPayload(this.#ports.seal, value, () => this.#keyFor(kept.dataKeys));
      if (sealed !== undefined) kept.payloads.push(sealed);
      return ref as unknown as JsonValue;
    }
    const object: Record<string, JsonValue> = {};
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) object[key] = this.#seal(member, kept);
    }
    return object;
  }

  #keyFor(dataKeys: DataKeyRow[]): DataKey {
    if (this.#dataKey === undefined) {
      const { seal, wrapping, log } = this.#ports;
      this.#dataKey = makeDataKey(seal.random, log.ports.clock.nowMs());
      dataKeys.push({ kid: this.#dataKey.kid, wrapped: wrapDataKey(seal.sealer, wrapping, this.#dataKey) });
    }
    return this.#dataKey;
  }
}

function isPayload(value: object): value is PayloadInput {
  return "text" in value && "media" in value && "level" in value;
}
