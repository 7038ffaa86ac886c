// A log over a real store of which a test has put one part in another's place.
import type { AuditStore } from "../../src/audit/store.ts";
import { systemClock, systemTimers } from "../../src/outside/clock.ts";
import { hostChecker, hostTreeHasher } from "../../src/outside/crypto.ts";
import { openHead } from "../../src/outside/head.ts";
import { loadLogKeys, type LogKeys } from "../../src/outside/keys.ts";
import { Liveness } from "../../src/store/liveness.ts";
import { Log, type LogPorts } from "../../src/store/log.ts";
import { identityOf } from "../../src/store/place.ts";
import { originOf } from "../../src/store/stored-record.ts";
import { SqliteStore } from "../../src/store/sqlite.ts";
import type { Place } from "./logs.ts";

export interface Rigged {
  readonly log: Log;
  readonly store: SqliteStore;
  readonly keys: LogKeys;
  /** The process ends, and its lock is free. */
  end(): Promise<void>;
}

/** The store must be there. */
export async function logOver(
  place: Place,
  boot: string,
  change: (whole: LogPorts) => Partial<LogPorts>,
): Promise<Rigged> {
  const waiting = { clock: systemClock, timers: systemTimers };
  const store = await SqliteStore.open(place.path, hostTreeHasher, waiting);
  const keys = loadLogKeys(place.home, originOf(store));
  const liveness = new Liveness(place.path);
  liveness.makeFolder();
  const life = liveness.hold(boot);
  const whole: LogPorts = {
    store,
    origin: keys.verifier.name,
    boot,
    ...waiting,
    hasher: hostTreeHasher,
    checker: hostChecker,
    signer: keys.signer,
    verifier: keys.verifier,
    head: openHead(keys.folder, boot, identityOf(place.path)),
    checkForks: () => {},
    freeRoom: () => {},
  };
  const log = new Log({ ...whole, ...change(whole) });
  return {
    log,
    store,
    keys,
    end: async () => {
      await log.end();
      life.end("leave");
      store.close();
    },
  };
}

/** The store with another `append`. */
export function withAppend(store: AuditStore, append: AuditStore["append"]): AuditStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "append") return append;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}
