// The log of one process: one queue for all its sessions, committed in groups. What is appended in one turn of the event
// loop, and while a commit waits, shares one transaction; a lone release commits at once; leftovers are committed after a
// few milliseconds. The head is written after each commit, a checkpoint signed (signing.ts) by count, by time and when
// one is asked for.
// Invariants: a release resolves only after the commit and the head's write; the first fault ends everything, and nothing
// is retried.

import { digestOf, type HexDigest } from "../base/bytes.ts";
import { EnclosureError, isFault } from "../base/errors.ts";
import type { JsonObject } from "../base/json.ts";
import type { Signed } from "../audit/contract.ts";
import { CHECKPOINT_MS, CHECKPOINT_RECORDS } from "../base/limits.ts";
import type { Clock, Timers } from "../base/powers.ts";
import type { EventType } from "../audit/events.ts";
import type { SealedPayload } from "../audit/payload.ts";
import { prepareRecord, type PreparedRecord } from "../audit/record.ts";
import type { ArtefactRow, DataKeyRow, Tip } from "../audit/store.ts";
import { Assembly, type Chain, type Placed } from "./assembly.ts";
import { Signing, type SigningPorts } from "./signing.ts";
import { isFull } from "./sqlite-file.ts";

/** How long records that nobody has asked to release may wait. */
const IDLE_MS = 4;

export interface LogPorts extends SigningPorts {
  readonly boot: string;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Called when the disk is full, before the last words. */
  readonly freeRoom: () => void;
}

/** A session, as the queue sees it. */
export interface Member {
  readonly chain: Chain;
  /** The next of its records is durable, there. */
  committed(placed: Placed): void;
  fail(error: Error): void;
}

export interface Entry {
  readonly record: PreparedRecord;
  /** Absent for the store's own records. */
  readonly member?: Member;
  readonly payloads: readonly SealedPayload[];
  readonly dataKeys: readonly DataKeyRow[];
}

export class Log {
  readonly ports: LogPorts;
  readonly members = new Set<Member>();
  #pending: Entry[] = [];
  #artefacts: ArtefactRow[] = [];
  readonly #kept = new Set<HexDigest>();
  #isDue = false;
  #isScheduled = false;
  #running: Promise<void> | undefined;
  #wanted: PromiseWithResolvers<Signed> | undefined;
  #failure: Error | undefined;
  #lastWords: Promise<void> = Promise.resolve();
  #cancelIdle: (() => void) | undefined;
  #cancelCheckpoint: (() => void) | undefined;
  readonly #signing: Signing;
  readonly #startUs: number;

  constructor(ports: LogPorts) {
    this.ports = ports;
    this.#signing = new Signing(ports, (data) => this.prepareOwn("log.checkpointed", data));
    this.#startUs = ports.clock.monotonicUs();
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  monoUs(): number {
    return this.ports.clock.monotonicUs() - this.#startUs;
  }

  /** A record of the store's own. */
  prepareOwn(type: EventType, data: JsonObject): PreparedRecord {
    const { origin, boot, clock } = this.ports;
    const [timeMs, monoUs] = [clock.nowMs(), this.monoUs()];
    return prepareRecord({ log: origin, boot, type, evidence: "observed", timeMs, monoUs, data });
  }

  enqueue(entry: Entry): void {
    this.#pending.push(entry);
    this.#rest();
  }

  /** The bytes go with the next commit. */
  keep(artefact: ArtefactRow): void {
    if (this.#kept.has(artefact.sha256)) return;
    this.#kept.add(artefact.sha256);
    this.#artefacts.push(artefact);
  }

  /** Commits what is pending at the end of this turn of the event loop. */
  commitSoon(): void {
    // After a failure nothing is due any more: asking again would be asked again, for ever.
    if (this.#failure !== undefined) return;
    this.#isDue = true;
    if (this.#isScheduled || this.#running !== undefined) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#start();
    });
  }

  /** Commits what is pending, and signs for all that is committed. */
  checkpoint(): Promise<Signed> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#wanted ??= Promise.withResolvers<Signed>();
    const { promise } = this.#wanted;
    this.commitSoon();
    return promise;
  }

  /** Commits, signs where there is anything new to sign for, and rests for ever. Never rejects: a fault has reached the sessions. */
  async end(): Promise<void> {
    if (this.#failure === undefined) await this.checkpoint().catch(() => {});
    this.#cancelIdle?.();
    this.#cancelCheckpoint?.();
    await this.#running;
    await this.#lastWords;
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Those whom the last commit released may have asked for the next one already.
      if (this.#isDue || this.#wanted !== undefined) this.commitSoon();
    });
  }

  async #run(): Promise<void> {
    while (this.#failure === undefined && (this.#isDue || this.#wanted !== undefined)) {
      this.#isDue = false;
      const wanted = this.#wanted;
      this.#wanted = undefined;
      try {
        const size = await this.#commit(wanted !== undefined);
        if (wanted === undefined) this.#scheduleCheckpoint(size);
        else wanted.resolve(await this.#sign(size));
      } catch (error) {
        this.#fail(error);
        wanted?.reject(this.#failure);
      }
    }
    this.#rest();
  }

  /** Starts the timer that looks after what nobody has asked for. */
  #rest(): void {
    if (this.#failure !== undefined) return;
    this.#cancelIdle ??= this.ports.timers.after(IDLE_MS, () => {
      this.#cancelIdle = undefined;
      if (this.#pending.length > 0) this.commitSoon();
      else if (this.#running === undefined) this.ports.store.tidy();
    });
  }

  /** Commits all that is pending. Returns the size of the log, as far as this process has seen it. */
  async #commit(beforeCheckpoint: boolean): Promise<number> {
    let taken: Entry[] = [];
    let placed: Placed[] = [];
    const size = await this.write((assembly, tip) => {
      taken = this.#pending;
      this.#pending = [];
      placed = taken.map(({ record, member, payloads, dataKeys }) => {
        assembly.payloads.push(...payloads);
        assembly.dataKeys.push(...dataKeys);
        return assembly.add(record, member?.chain);
      });
      if (!assembly.isEmpty) assembly.artefacts.push(...this.#artefacts.splice(0));
      if (beforeCheckpoint) this.#signing.nameLast(assembly, tip);
    });
    taken.forEach(({ member }, i) => member?.committed(placed[i] as Placed));
    return size;
  }

  /** One transaction, and the head after it. Returns the size of the log. For those who run before any session does. */
  async write(fill: (assembly: Assembly, tip: Tip) => void): Promise<number> {
    const { store, hasher } = this.ports;
    let last: Assembly | undefined;
    let size = 0;
    await store.append((tip) => {
      const assembly = new Assembly(tip, hasher);
      fill(assembly, tip);
      size = assembly.range.size;
      if (assembly.isEmpty) return undefined;
      last = assembly;
      return assembly.batch();
    });
    if (last !== undefined) this.#signing.writeHead(last.range.size, digestOf(last.range.root()));
    return size;
  }

  async #sign(size: number): Promise<Signed> {
    const signed = await this.#signing.sign(size);
    this.#cancelCheckpoint?.();
    this.#cancelCheckpoint = undefined;
    return signed;
  }

  #scheduleCheckpoint(size: number): void {
    const { covered } = this.#signing;
    if (size - covered >= CHECKPOINT_RECORDS) this.#wantCheckpoint();
    else if (size > covered) {
      this.#cancelCheckpoint ??= this.ports.timers.after(CHECKPOINT_MS, () => {
        this.#cancelCheckpoint = undefined;
        this.#wantCheckpoint();
      });
    }
  }

  #wantCheckpoint(): void {
    // Its fault reaches the sessions through their own ends.
    this.checkpoint().catch(() => {});
  }

  #fail(error: unknown): void {
    const failure = isFault(error) ? error : asWriteFault(error);
    this.#failure = failure;
    this.#pending = [];
    this.#cancelIdle?.();
    this.#cancelCheckpoint?.();
    this.#wanted?.reject(failure);
    this.#wanted = undefined;
    for (const member of this.members) member.fail(failure);
    if (failure.code === "LOG_WRITE_FAILED") this.#lastWords = this.#sayLast(failure);
  }

  /** What can still be said of a log that fails: that it did, and a signature over what it holds. */
  async #sayLast(failure: EnclosureError): Promise<void> {
    try {
      if (isFull(failure)) this.ports.freeRoom();
      const size = await this.write((assembly, tip) => {
        assembly.add(this.prepareOwn("log.failed", { code: failure.code }));
        this.#signing.nameLast(assembly, tip);
      });
      await this.#sign(size);
    } catch {
      // The fault itself has been told; the next process to open the store finds what is there.
    }
  }
}

function asWriteFault(cause: unknown): EnclosureError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new EnclosureError("LOG_WRITE_FAILED", message, { cause });
}
