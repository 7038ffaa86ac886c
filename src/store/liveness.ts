// Liveness: whether the process that wrote under a boot id is still running. Each process holds a lock on a file of its
// own, <store>.live/<boot>, which the operating system frees when the process dies, however it dies. The lock is SQLite's
// own exclusive one, so it works wherever the store does.
// Invariants: a file has its boot's name only once its owner holds the lock, and is removed only by someone who holds it.
// Without a file nobody can tell whether a process lives: it is never taken for dead then. These files must never be
// opened but through SQLite: closing another descriptor of the file would drop the lock (POSIX).

import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Life } from "../audit/verify-sessions.ts";
import { makeFolder, syncFolder } from "../outside/folders.ts";
import { livePathOf } from "./place.ts";
import { isBusy } from "./sqlite-file.ts";

/** This process's own lock. */
export interface HeldLife {
  /** `leave`: the file stays, free, for whoever recovers. */
  end(how: "remove" | "leave"): void;
}

export class Liveness {
  readonly #folder: string;

  /** `store`: the real path. */
  constructor(store: string) {
    this.#folder = livePathOf(store);
  }

  makeFolder(): void {
    makeFolder(this.#folder);
  }

  /** Takes the lock of a new boot id. Its name is durable: after a power cut, it says that its process is dead. */
  hold(boot: string): HeldLife {
    const path = this.#pathOf(boot);
    // Under a name that nobody looks for, until the lock is there: else it would be taken for a dead process's.
    const early = `${path}.new`;
    const db = new Database(early, { timeout: 0 });
    keepJournalInMemory(db);
    db.exec("BEGIN EXCLUSIVE");
    renameSync(early, path);
    syncFolder(this.#folder);
    return {
      end: (how) => {
        if (how === "remove") rmSync(path, { force: true });
        db.close();
      },
    };
  }

  isLive(boot: string): boolean {
    return this.stateOf(boot) === "live";
  }

  /** `unknown` where there is no file to ask. */
  stateOf(boot: string): Life {
    const db = this.#open(boot);
    if (db === undefined) return "unknown";
    try {
      // A read's lock is enough to ask, and two who ask do not take each other for the owner.
      db.prepare("SELECT count(*) FROM sqlite_schema").get();
      return "dead";
    } catch (error) {
      if (isBusy(error)) return "live";
      if (this.#isGone(boot)) return "unknown";
      throw error;
    } finally {
      db.close();
    }
  }

  /** Boot ids of processes that have ended without removing their file. */
  dead(): string[] {
    return this.boots().filter((boot) => !this.isLive(boot));
  }

  /** Whether any process but that of `boot` is running. */
  isAnyLive(boot?: string): boolean {
    return this.boots().some((one) => one !== boot && this.isLive(one));
  }

  /** Boot ids of all that have a file here. */
  boots(): string[] {
    try {
      return readdirSync(this.#folder).filter((name) => /^[0-9a-f]{16}$/.test(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  /** Removes the file of a dead process; one that turns out to be alive is left. */
  bury(boot: string): void {
    const db = this.#open(boot);
    if (db === undefined) return;
    try {
      keepJournalInMemory(db);
      db.exec("BEGIN EXCLUSIVE");
      rmSync(this.#pathOf(boot), { force: true });
    } catch (error) {
      if (!isBusy(error) && !this.#isGone(boot)) throw error;
    } finally {
      db.close();
    }
  }

  #open(boot: string): Database.Database | undefined {
    const path = this.#pathOf(boot);
    if (this.#isGone(boot)) return undefined;
    try {
      return new Database(path, { timeout: 0, fileMustExist: true });
    } catch (error) {
      if ((error as { code?: unknown }).code === "SQLITE_CANTOPEN") return undefined;
      throw error;
    }
  }

  /** SQLite calls it an I/O error where someone removes the file that it is about to lock. */
  #isGone(boot: string): boolean {
    return statSync(this.#pathOf(boot), { throwIfNoEntry: false }) === undefined;
  }

  #pathOf(boot: string): string {
    return join(this.#folder, boot);
  }
}

/** The file of a journal would stay for ever where its process is killed. */
function keepJournalInMemory(db: Database.Database): void {
  db.pragma("journal_mode = MEMORY");
}
