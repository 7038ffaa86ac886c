// The composition root of live runs: a store opened for writing, and sessions run on it, many at once if asked. The store
// is opened with the first run that gets as far as having something to record, so that a refused manifest leaves nothing.

import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { LogWriter } from "../audit/contract.ts";
import type { BundleCache } from "../bundle/cache.ts";
import type { HexDigest } from "../base/bytes.ts";
import { spawnGuest } from "../enclosure/supervisor.ts";
import { systemClock, systemRandom, systemTimers } from "../outside/clock.ts";
import { loadCacheKey } from "../outside/cache-key.ts";
import { knownEngine, productVersion, programPath } from "../outside/programs.ts";
import { openLogWriter } from "../store/writer.ts";
import type { RunOptions, RunResult, Runtime, RuntimeOptions } from "./contract.ts";
import { machineWarnings } from "./machine.ts";
import { type Place, prepare } from "./prepare.ts";
import { runPrepared } from "./run.ts";

const POWERS = { clock: systemClock, random: systemRandom, timers: systemTimers };

/** Makes ready to run agents on a store; the store itself is opened with the first run that has something to record. */
export function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  return Promise.resolve(new LiveRuntime(options));
}

class LiveRuntime implements Runtime {
  readonly #place: Place;
  readonly #known = knownEngine();
  #opening: ReturnType<typeof openLogWriter> | undefined;
  #made = { store: false, key: false };

  constructor(options: RuntimeOptions) {
    const store = resolve(options.store);
    const home = options.home ?? join(homedir(), ".config", "enclosure");
    this.#place = {
      store,
      home,
      env: options.env ?? {},
      cache: cacheAt(options.cache ?? join(dirname(store), "cache"), home),
      moduleProgram: programPath("module-host.js"),
      timers: systemTimers,
      random: systemRandom,
      product: productVersion(),
    };
  }

  get made(): Runtime["made"] {
    return this.#made;
  }

  async run(options: RunOptions): Promise<RunResult> {
    // First of all: the guest process starts while the manifest is read and the agent is compiled.
    const guest = spawnGuest({
      programs: {
        guest: programPath("guest.cjs"),
        prelude: programPath("prelude.js"),
        watchdog: programPath("watchdog.js"),
        filter: programPath("guest.bpf"),
      },
      requireOsSandbox: options.requireOsSandbox ?? false,
    });
    guest.facts.catch(() => {});
    try {
      const prepared = await prepare(options, this.#place);
      try {
        for (const { severity: _severity, pointer: _pointer, ...problem } of prepared.warnings) {
          options.onEvent?.({ type: "warning", ...problem });
        }
        for (const warning of machineWarnings(await guest.facts, this.#known)) {
          options.onEvent?.({ type: "warning", ...warning });
        }
        return await runPrepared(await this.#writer(), guest, prepared, options, POWERS);
      } finally {
        await Promise.allSettled([...prepared.providers.values()].map((provider) => provider.close()));
      }
    } finally {
      await guest.stop();
    }
  }

  async open(): Promise<void> {
    await this.#writer();
  }

  async batchJob(identity: string): Promise<HexDigest> {
    return (await this.#writer()).pseudonym("batch_job", identity);
  }

  async close(): Promise<void> {
    if (this.#opening === undefined) return;
    const writer = await this.#opening.catch(() => undefined);
    await writer?.close();
  }

  async #writer(): Promise<LogWriter> {
    const { store: path, home } = this.#place;
    this.#opening ??= openLogWriter({ path, home });
    const writer = await this.#opening;
    this.#made = writer.made;
    return writer;
  }
}

function cacheAt(folder: string, home: string): BundleCache | undefined {
  const key = loadCacheKey(home, systemRandom);
  return key === undefined ? undefined : { folder, key };
}
