// Opening a log for writing: store, keys and head are made at first use and held against each other at every later one;
// what a dead process has left open is recovered before anything else is written.
// Invariants: keys are on the disk before the first record is; a liveness lock is held before anything is written, so that
// nobody takes this process for dead, and what its head says for spent.

import { dirname } from "node:path";
import { hex, type HexDigest } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import type { Clock, Random, Timers } from "../base/powers.ts";
import type { LogWriter, SessionDraft, SessionLog, Signed } from "../audit/contract.ts";
import { spellVerifierKey } from "../audit/note.ts";
import type { PreparedRecord } from "../audit/record.ts";
import type { AuditStore } from "../audit/store.ts";
import { systemClock, systemRandom, systemTimers } from "../outside/clock.ts";
import { hmacHex, hostChecker, hostHasher, hostSealer, hostTreeHasher } from "../outside/crypto.ts";
import { makeFolder } from "../outside/folders.ts";
import { openHead, readHeads, removeHead } from "../outside/head.ts";
import { loadLogKeys, type LogKeys, makeLogKeys, makeOrigin, removeLogKeys } from "../outside/keys.ts";
import { productVersion } from "../outside/programs.ts";
import { type Ballast, ballastOf } from "./ballast.ts";
import { checkEmptied } from "./emptied.ts";
import { checkForks, checkHeads, countUnremembered, spentSlots } from "./heads.ts";
import { type HeldLife, Liveness } from "./liveness.ts";
import { Log } from "./log.ts";
import { checkApart, identityOf, realPathOf } from "./place.ts";
import { recover } from "./recovery.ts";
import { SessionEnd } from "./session-log.ts";
import { SqliteStore } from "./sqlite.ts";
import { originOf } from "./stored-record.ts";

export interface WriterPowers {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
}

export interface WriterOptions {
  /** The SQLite file. It and its folder are made where they are not there. */
  readonly path: string;
  /** The folder of keys and heads. Must not be the store's own, nor lie in one that we made for it. */
  readonly home: string;
  readonly powers?: WriterPowers;
}

/** A writer that tells what its opening has made. */
export interface OpenedWriter extends LogWriter {
  readonly made: { readonly store: boolean; readonly key: boolean };
}

const SYSTEM: WriterPowers = { clock: systemClock, random: systemRandom, timers: systemTimers };

/**
 * Opens the log for writing.
 * @throws EnclosureError STORE_FOREIGN, STORE_LINKED, STORE_NEWER, STORE_BUSY, STORE_UNWRITABLE, STORE_DAMAGED,
 *   LOG_WRITE_FAILED, LOG_BEHIND_HEAD, LOG_INVALID, KEY_MISSING, KEY_UNWRITABLE, KEY_EXPOSED, KEY_INVALID
 */
export async function openLogWriter({ path: named, home, powers = SYSTEM }: WriterOptions): Promise<OpenedWriter> {
  const path = realPathOf(named);
  checkApart(path, home);
  await checkEmptied({ path, home }, powers);
  makeFolderOf(path);
  const store = await SqliteStore.open(path, hostTreeHasher, powers);
  try {
    return await openOver(store, { path, home, powers });
  } catch (error) {
    store.close();
    throw error;
  }
}

function makeFolderOf(path: string): void {
  try {
    makeFolder(dirname(path));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new EnclosureError("STORE_UNWRITABLE", `${path}: its folder cannot be made (${code})`, { cause });
  }
}

/** What one opening goes by. */
interface Opening extends Required<WriterOptions> {
  readonly boot: string;
  readonly ballast: Ballast;
  /** Of the store's file. */
  readonly identity: HexDigest;
  readonly liveness: Liveness;
  /** Held under `boot`. */
  readonly life: HeldLife;
}

async function openOver(store: SqliteStore, options: Required<WriterOptions>): Promise<OpenedWriter> {
  const { path, powers } = options;
  const ballast = ballastOf(path);
  const boot = hex(powers.random.bytes(8));
  const identity = identityOf(path);
  const liveness = new Liveness(path);
  liveness.makeFolder();
  const life = liveness.hold(boot);
  try {
    return await openHeld(store, { ...options, boot, ballast, identity, liveness, life });
  } catch (error) {
    life.end("remove");
    throw error;
  }
}

async function openHeld(store: SqliteStore, opening: Opening): Promise<OpenedWriter> {
  const { powers, boot, ballast, identity, liveness, life } = opening;
  const founded = await found(store, opening);
  const { log, keys } = founded ?? joinLog(store, opening);
  const heads = readHeads(keys.folder);
  checkHeads(store, { slots: heads, store: identity });
  ballast.load();
  const greeted = founded !== undefined || (await greetUnremembered(log, store, { ...opening, folder: keys.folder }));
  const dead = liveness.dead();
  await recover(log, store, dead);
  for (const one of dead) liveness.bury(one);
  const made = { store: founded !== undefined, key: founded !== undefined };
  return new Writer({ store, log, keys, life, powers, made, boot, greeted }, () => {
    for (const one of spentSlots({ slots: heads, store: identity }, store.size(), liveness))
      removeHead(keys.folder, one);
  });
}

/** Makes the log of a store without one: its keys, and its first record. Undefined where there is one already. */
async function found(
  store: SqliteStore,
  opening: Opening,
): Promise<{ readonly log: Log; readonly keys: LogKeys } | undefined> {
  const { home, powers } = opening;
  if (store.size() > 0) return undefined;
  const origin = makeOrigin(powers.random);
  const keys = makeLogKeys(home, origin, powers.random);
  const log = logOver(store, keys, opening);
  let isOurs = false;
  await log.write((assembly, tip) => {
    if (tip.size > 0) return;
    assembly.add(greeting(log, store, 0));
    isOurs = true;
  });
  if (isOurs) return { log, keys };
  // Another process was quicker, and the store bears its name.
  removeLogKeys(home, origin);
  return undefined;
}

function joinLog(store: SqliteStore, opening: Opening): { readonly log: Log; readonly keys: LogKeys } {
  const keys = loadLogKeys(opening.home, originOf(store));
  return { log: logOver(store, keys, opening), keys };
}

function logOver(store: AuditStore, keys: LogKeys, { boot, powers, ballast, identity }: Opening): Log {
  return new Log({
    store,
    origin: keys.verifier.name,
    boot,
    clock: powers.clock,
    timers: powers.timers,
    hasher: hostTreeHasher,
    checker: hostChecker,
    signer: keys.signer,
    verifier: keys.verifier,
    head: openHead(keys.folder, boot, identity),
    checkForks: (reads) => checkForks(reads, { slots: readHeads(keys.folder), store: identity }),
    freeRoom: () => ballast.drop(),
  });
}

/**
 * Records beyond every head are on the record before anything of this process signs for them. True where there were any.
 * Those of a process that goes on are not among them: it has written its head, or will.
 */
async function greetUnremembered(
  log: Log,
  store: SqliteStore,
  { folder, boot, liveness, powers }: Opening & { readonly folder: string },
): Promise<boolean> {
  const asking = { liveness, timers: powers.timers, boot };
  const unremembered = await countUnremembered(store.size(), () => readHeads(folder), asking);
  if (unremembered > 0) await log.write((assembly) => void assembly.add(greeting(log, store, unremembered)));
  return unremembered > 0;
}

function greeting(log: Log, { settings }: SqliteStore, unremembered: number): PreparedRecord {
  const { sqlite, journal, synchronous } = settings;
  const keyId = hex(log.ports.verifier.keyId);
  const data = {
    enclosure: productVersion(),
    node: process.version,
    sqlite,
    journal,
    synchronous,
    keyId,
    unremembered,
  };
  return log.prepareOwn("log.opened", data);
}

interface WriterParts {
  readonly store: SqliteStore;
  readonly log: Log;
  readonly keys: LogKeys;
  readonly life: HeldLife;
  readonly powers: WriterPowers;
  readonly boot: string;
  readonly made: { readonly store: boolean; readonly key: boolean };
  /** This opening stands in the log already. */
  readonly greeted: boolean;
}

class Writer implements OpenedWriter {
  readonly origin: string;
  readonly key: string;
  readonly boot: string;
  readonly made: { readonly store: boolean; readonly key: boolean };
  readonly #parts: WriterParts;
  readonly #removeSpent: () => void;
  readonly #sessions = new Set<SessionEnd>();
  #greeted: boolean;
  #closing: Promise<void> | undefined;

  constructor(parts: WriterParts, removeSpent: () => void) {
    this.#parts = parts;
    this.#removeSpent = removeSpent;
    this.#greeted = parts.greeted;
    this.origin = parts.keys.verifier.name;
    this.key = spellVerifierKey(parts.keys.verifier);
    this.boot = parts.boot;
    this.made = parts.made;
  }

  openSession(opened: SessionDraft<"session.opened">): SessionLog {
    const { log, store, keys, powers } = this.#parts;
    if (log.failure !== undefined) throw log.failure;
    if (!this.#greeted) log.enqueue({ record: greeting(log, store, 0), payloads: [], dataKeys: [] });
    this.#greeted = true;
    for (const session of this.#sessions) if (session.isClosed) this.#sessions.delete(session);
    const seal = { hasher: hostHasher, sealer: hostSealer, random: powers.random };
    const session = new SessionEnd({ log, reads: store, seal, wrapping: keys.wrapping });
    log.members.add(session);
    this.#sessions.add(session);
    session.append(opened);
    return session;
  }

  pseudonym(kind: string, name: string): HexDigest {
    return hmacHex(this.#parts.keys.person, `${kind}\0${name}`);
  }

  checkpoint(): Promise<Signed> {
    return this.#parts.log.checkpoint();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { store, log, life } = this.#parts;
    await log.end();
    if (log.failure === undefined) this.#removeSpent();
    log.ports.head.close();
    const isDone = [...this.#sessions].every((session) => session.isClosed);
    // The lock's file stays where there is something left to recover.
    life.end(isDone ? "remove" : "leave");
    store.close();
  }
}
