import { join } from "node:path";
import { onTestFinished } from "vitest";
import { systemClock, systemTimers } from "../../src/outside/clock.ts";
import { hostTreeHasher } from "../../src/outside/crypto.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { SqliteStore } from "../../src/store/sqlite.ts";
import { temporaryFolder } from "../support/folder.ts";
import { conforms } from "./conformance.ts";

conforms("the store in memory", async () => {
  const store = new MemoryStore(hostTreeHasher);
  return { store, again: async () => store };
});

conforms("the store in SQLite", async () => {
  const path = join(temporaryFolder(), "audit.db");
  const open = async (): Promise<SqliteStore> => {
    const store = await SqliteStore.open(path, hostTreeHasher, { clock: systemClock, timers: systemTimers });
    onTestFinished(() => store.close());
    return store;
  };
  return { store: await open(), again: open };
});
