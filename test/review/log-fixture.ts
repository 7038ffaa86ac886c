// A log in memory, written record by record: what review reads, without a run behind it.
import type { LogReader, OpenedPayload, SessionFilter, StoredRecord } from "../../src/audit/contract.ts";
import type { EventData, EventType, Evidence, PayloadRef, RecordBody } from "../../src/audit/events.ts";
import { type HexDigest, sha256Hex, utf8 } from "../../src/base/bytes.ts";
import type { SessionId } from "../../src/base/ids.ts";

const START_MS = Date.UTC(2026, 10, 23, 9);

export class FixtureLog implements LogReader {
  readonly origin = "enclosure.test/log";
  readonly records: StoredRecord[] = [];
  readonly checkpoints: { readonly size: number; readonly root: HexDigest }[] = [];
  readonly live = new Set<SessionId>();
  readonly #payloads = new Map<string, OpenedPayload>();
  readonly #artefacts = new Map<string, Uint8Array>();

  /** A payload whose bytes are kept; `state` takes them away again. */
  payloadOf(value: unknown, media = "application/json", state: OpenedPayload["state"] = "shown"): PayloadRef {
    const text = media === "application/json" ? JSON.stringify(value) : String(value);
    const commit = sha256Hex(`${this.#payloads.size}${text}`);
    if (state !== "shown" && state !== "invalid") this.#payloads.set(commit, { state });
    else this.#payloads.set(commit, state === "shown" ? { state, text } : { state, detail: "altered" });
    return { commit, bytes: text.length, media, level: "full" };
  }

  keep(text: string): { readonly sha256: HexDigest; readonly bytes: number } {
    const sha256 = sha256Hex(text);
    this.#artefacts.set(sha256, utf8(text));
    return { sha256, bytes: text.length };
  }

  /** Opens a session whose agent is `name`. */
  open(
    name = "refund-desk",
    change: Partial<EventData["session.opened"]> = {},
    session = sha256Hex(`session ${this.records.length}`) as SessionId,
  ): SessionWriter {
    const nothing = this.keep("");
    const writer = new SessionWriter(this, session);
    writer.add("session.opened", {
      agent: {
        name,
        version: "1.0",
        source: nothing,
        script: nothing,
        sourceMap: this.keep("the map"),
        inputs: nothing,
        inputsDigest: nothing.sha256,
      },
      authority: {
        manifest: this.keep("enclosure: 1\nname: refund-desk\n"),
        resolved: nothing.sha256,
        resolvedForm: nothing,
        profile: null,
        lock: null,
        modules: [],
      },
      principal: { id: "p-1", kind: "os_user", evidence: "observed", name: this.payloadOf("ada", "text/plain") },
      onBehalfOf: null,
      purpose: null,
      correlation: null,
      batchJob: null,
      parent: null,
      semantics: 1,
      seed: "00",
      prelude: nothing,
      functions: nothing,
      fingerprint: {
        enclosure: "0",
        node: "26",
        v8: "14",
        icu: "1",
        tz: "1",
        unicode: "1",
        isolatedVm: "7",
        arch: "x64",
        os: "linux",
        flags: [],
      },
      walls: ["isolate", "process"],
      limits: {
        wallMs: 1,
        cpuMs: 1,
        memoryBytes: 1,
        calls: 1,
        inFlight: 1,
        timers: 1,
        argumentBytes: 1,
        resultBytes: 1,
        logBytes: 1,
      },
      ...change,
    });
    return writer;
  }

  append<Type extends EventType>(
    type: Type,
    data: EventData[Type],
    session: SessionId | null = null,
    evidence: Evidence = "observed",
  ): number {
    const seq = this.records.length;
    const time = new Date(START_MS + seq * 1000).toISOString();
    const body = {
      v: "enclosure.audit/1",
      log: this.origin,
      seq,
      type,
      time,
      boot: "0".repeat(16),
      monoUs: seq,
      evidence,
      data,
    };
    this.records.push({
      seq,
      leaf: sha256Hex(String(seq)),
      session,
      bodyText: JSON.stringify(body),
      body: body as RecordBody,
    });
    return seq;
  }

  size(): number {
    return this.records.length;
  }
  session(id: SessionId): readonly StoredRecord[] {
    return this.records.filter((record) => record.session === id);
  }
  sessions({
    sinceMs = 0,
    untilMs = Infinity,
    newestFirst = false,
    limit = Infinity,
  }: SessionFilter = {}): Iterable<StoredRecord> {
    const found = this.records.filter(({ body }) => {
      const ms = Date.parse(body.time);
      return body.type === "session.opened" && ms >= sinceMs && ms <= untilMs;
    });
    return (newestFirst ? found.toReversed() : found).slice(0, limit);
  }
  sessionsByPrefix(prefix: string, limit: number): readonly SessionId[] {
    return [...this.sessions()]
      .flatMap(({ session }) => (session?.startsWith(prefix) ? [session] : []))
      .slice(0, limit);
  }
  closing(id: SessionId): StoredRecord | undefined {
    return this.session(id).find(({ body }) => body.type === "session.closed");
  }
  record(seq: number): StoredRecord | undefined {
    return this.records[seq];
  }
  payload(ref: PayloadRef): OpenedPayload {
    return this.#payloads.get(ref.commit ?? "") ?? { state: "missing" };
  }
  artefact(sha256: HexDigest): Uint8Array | undefined {
    return this.#artefacts.get(sha256);
  }
  checkpointOver(seq: number): { readonly size: number; readonly root: HexDigest } | undefined {
    return this.checkpoints.find(({ size }) => size > seq);
  }
  sessionsOfJob(batchJob: HexDigest): readonly SessionId[] {
    return this.records.flatMap(({ body, session }) =>
      body.type === "session.opened" && body.data.batchJob === batchJob && session !== null ? [session] : [],
    );
  }
  isLive(id: SessionId): boolean {
    return this.live.has(id);
  }
  close(): void {}
}

type CallData = EventData["call.intended"];

/** Appends the records of one session. */
export class SessionWriter {
  readonly log: FixtureLog;
  readonly session: SessionId;

  constructor(log: FixtureLog, session: SessionId) {
    this.log = log;
    this.session = session;
  }

  add<Type extends EventType>(type: Type, data: EventData[Type], evidence: Evidence = "observed"): number {
    return this.log.append(type, data, this.session, evidence);
  }

  #callData(call: number, change: Partial<CallData>): CallData {
    return {
      call,
      capability: "refunds",
      function: "pay",
      effect: "write",
      target: { kind: "function", name: "refunds.pay" },
      rule: { pointer: "/capabilities/refunds/allow/0", line: 2, column: 1 },
      arguments: this.log.payloadOf({ amount: 40 }),
      parent: null,
      approval: null,
      site: null,
      ...change,
    };
  }

  intend(call: number, change: Partial<CallData> = {}): number {
    return this.add("call.intended", this.#callData(call, change));
  }

  hold(call: number): number {
    const { approval: _, ...data } = this.#callData(call, {});
    return this.add("call.held", { ...data, timeoutMs: 1000 });
  }

  deny(call: number, code: string, change: Partial<EventData["call.denied"]> = {}): number {
    const { approval: _, ...data } = this.#callData(call, {});
    const error = this.log.payloadOf({ name: "CapabilityDenied", code, message: "refused" });
    return this.add("call.denied", { ...data, madeIn: 0, code, error, delivered: "true", ...change });
  }

  settle(call: number, change: Partial<EventData["call.settled"]> = {}, evidence: Evidence = "host_claimed"): number {
    const outcome = {
      effectState: "confirmed",
      code: null,
      result: this.log.payloadOf({ ok: true }),
      error: null,
    } as const;
    return this.add("call.settled", { call, ...outcome, durationMs: 12, delivered: "true", ...change }, evidence);
  }

  end(change: Partial<EventData["session.closed"]> = {}): number {
    const calls = { admitted: 0, denied: 0, failed: 0, unknown: 0 };
    return this.add("session.closed", {
      status: "completed",
      code: null,
      error: null,
      calls,
      refusedInside: 0,
      ...change,
    });
  }
}
