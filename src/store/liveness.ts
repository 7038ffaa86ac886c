// Liveness: whether the process that wrote under a boot id is still running. Each process holds a lock on a file of its
// own, <store>.live/<boot>, which the operating system frees when the process dies, however it dies. The lock is SQLite's
// own exclusive one, so it works wherever the store does.
// Invariants: a file is removed only by someone who holds its lock; a process that holds its lock has checked that the
// file is still the one that has its name. These files must never be opened but through SQLite: closing another
// descriptor of the file would drop the lock (POSIX).

import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { isBusy } from "./sqlite-file.ts";

/** This process's own lock. */
export interface HeldLife {
  /** `leave`: the file stays, free, for whoever recovers. */
  end(how: "remove" | "leave"): void;
}

/** Others hold the lock of a file for the time of a look, no longer. */
const LOCK_MS = 5_000;

export class Liveness {
  readonly #folder: string;

  constructor(storePath: string) {
    this.#folder = `${storePath}.live`;
  }

  /** True where the folder had to be made: then no file says who has been here. */
  makeFolder(): boolean {
    return mkdirSync(this.#folder, { recursive: true, mode: 0o700 }) !== undefined;
  }

  /** Takes the lock of a new boot id. */
  hold(boot: string): HeldLife {
    const path = this.#pathOf(boot);
    for (;;) {
      const db = new Database(path, { timeout: LOCK_MS });
      db.exec("BEGIN EXCLUSIVE");
      // Someone who took the file for a dead process's may have removed it before the lock was there.
      if (statSync(path, { throwIfNoEntry: false }) === undefined) {
        db.close();
        continue;
      }
      return {
        end: (how) => {
          if (how === "remove") rmSync(path, { force: true });
          db.close();
        },
      };
    }
  }

  isLive(boot: string): boolean {
    const db = this.#open(boot);
    if (db === undefined) return false;
    try {
      // A read's lock is enough to ask, and two who ask do not take each other for the owner.
      db.prepare("SELECT count(*) FROM sqlite_schema").get();
      return false;
    } catch (error) {
      if (isBusy(error)) return true;
      throw error;
    } finally {
      db.close();
    }
  }

  /** Boot ids of processes that have ended without removing their file. */
  dead(): string[] {
    const boots = readdirSync(this.#folder).filter((name) => /^[0-9a-f]{16}$/.test(name));
    return boots.filter((boot) => !this.isLive(boot));
  }

  /** Removes the file of a dead process; one that turns out to be alive is left. */
  bury(boot: string): void {
    const db = this.#open(boot);
    if (db === undefined) return;
    try {
      db.exec("BEGIN EXCLUSIVE");
      rmSync(this.#pathOf(boot), { force: true });
    } catch (error) {
      if (!isBusy(error)) throw error;
    } finally {
      db.close();
    }
  }

  #open(boot: string): Database.Database | undefined {
    const path = this.#pathOf(boot);
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    try {
      return new Database(path, { timeout: 0, fileMustExist: true });
    } catch (error) {
      if ((error as { code?: unknown }).code === "SQLITE_CANTOPEN") return undefined;
      throw error;
    }
  }

  #pathOf(boot: string): string {
    return join(this.#folder, boot);
  }
}
