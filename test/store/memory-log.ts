// A session's end of a log over the store in memory, whose commits a test can hold back or let fail; and what it holds.

import { verifyLog } from "../../src/audit/verify.ts";
import type { VerifyReport } from "../../src/audit/verdict.ts";
import type { SessionLog } from "../../src/audit/contract.ts";
import type { EventType, PayloadRef, RecordBody } from "../../src/audit/events.ts";
import { verifierKey } from "../../src/audit/note.ts";
import { parseRecord } from "../../src/audit/record.ts";
import type { Batch, Tip } from "../../src/audit/store.ts";
import type { Clock } from "../../src/base/powers.ts";
import { systemRandom } from "../../src/outside/clock.ts";
import {
  hostChecker,
  hostHasher,
  hostSealer,
  hostTreeHasher,
  makeSigningKey,
  signerOf,
} from "../../src/outside/crypto.ts";
import { Log } from "../../src/store/log.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { Reader } from "../../src/store/reader.ts";
import { SessionEnd } from "../../src/store/session-log.ts";
import { ARTEFACT, openedDraft } from "./drafts.ts";
import { heldTimers } from "./timers.ts";

const ORIGIN = "log.example/tested";

/** The store in memory behind a gate. */
class GatedStore extends MemoryStore {
  gate: PromiseWithResolvers<void> | undefined;
  fault: Error | undefined;

  override async append(build: (tip: Tip) => Batch | undefined): Promise<void> {
    await this.gate?.promise;
    if (this.fault !== undefined) throw this.fault;
    await super.append(build);
  }
}

export interface MemoryLog {
  readonly session: SessionLog;
  /** Commits wait from now on. */
  hold(): void;
  /** Those that wait, and all later ones, go through. */
  free(): void;
  /** Those that wait, and all later ones, fail. */
  fail(fault: Error): void;
  /** What is durable of the session. */
  records(): readonly RecordBody[];
  bodies<Type extends EventType>(type: Type): readonly RecordBody<Type>[];
  /** A payload's text; "" for none, "(…)" for one that is not kept. */
  read(ref: PayloadRef | null | undefined): string;
  /** After the closing record: the verdicts of verify. */
  verify(): Promise<VerifyReport>;
}

/** A log with one session, whose first record is appended. Nothing is durable yet. */
export function memoryLog(clock: Clock): MemoryLog {
  const store = new GatedStore(hostTreeHasher);
  const signer = signerOf(makeSigningKey());
  const verifier = verifierKey(ORIGIN, signer.publicKey, hostHasher);
  const log = new Log({
    store,
    origin: ORIGIN,
    boot: "00000000000000ff",
    clock,
    timers: heldTimers(),
    hasher: hostTreeHasher,
    checker: hostChecker,
    signer,
    verifier,
    head: { write: () => {}, sync: () => {}, close: () => {} },
    checkForks: () => {},
    freeRoom: () => {},
  });
  const wrapping = systemRandom.bytes(32);
  const seal = { hasher: hostHasher, sealer: hostSealer, random: systemRandom };
  const session = new SessionEnd({ log, reads: store, seal, wrapping });
  log.members.add(session);
  session.append(openedDraft());
  session.keep(ARTEFACT);
  const reader = new Reader(store, ORIGIN, wrapping, { isLive: () => false }, () => {});
  const records = (): readonly RecordBody[] => store.rows(0, Infinity).map((row) => parseRecord(row.body).body);
  return {
    session,
    hold: () => (store.gate = Promise.withResolvers()),
    free: () => store.gate?.resolve(),
    fail: (fault) => {
      store.fault = fault;
      store.gate?.resolve();
    },
    records: () => records().filter((body) => body.session !== undefined),
    bodies: (type) => records().filter((body) => body.type === type) as never,
    read: (ref) => {
      if (ref == null) return "";
      const opened = reader.payload(ref);
      return opened.state === "shown" ? opened.text : `(${opened.state})`;
    },
    verify: () =>
      verifyLog(
        {
          reads: store,
          hasher: hostTreeHasher,
          digest: hostHasher,
          checker: hostChecker,
          sealer: hostSealer,
          lifeOf: () => "dead",
        },
        { keys: [verifier], heads: undefined, unremembered: 0, wrapping },
      ),
  };
}
