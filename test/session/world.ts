// A small world for a session: a folder with a manifest, an agent, keys and a store, and what was recorded afterwards.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { StoredRecord } from "../../src/audit/contract.ts";
import type { EventType, RecordBody } from "../../src/audit/events.ts";
import type { SessionId } from "../../src/base/ids.ts";
import type { LiveEvent, RunOptions, RunResult } from "../../src/session/contract.ts";
import { openRuntime } from "../../src/session/runtime.ts";
import { openLogReader } from "../../src/store/reader.ts";
import { temporaryFolder } from "../support/folder.ts";

export interface World {
  readonly folder: string;
  readonly store: string;
  readonly home: string;
  write(path: string, text: string): string;
  run(agent: string, options?: Partial<RunOptions>): Promise<Ran>;
}

export interface Ran {
  readonly result: RunResult;
  readonly events: readonly LiveEvent[];
  readonly records: readonly StoredRecord[];
  bodies<Type extends EventType>(type: Type): readonly RecordBody<Type>[];
  /** The texts of all payloads of a kind of record, in order. */
  readonly read: (ref: { readonly bytes: number } | null) => string;
}

const MANIFEST = `enclosure: 1
name: tested
version: "1"
`;

/** `manifest`: the lines after name and version. */
export function makeWorld(manifest = "", env: Record<string, string> = {}): World {
  const folder = temporaryFolder();
  const home = join(folder, "home");
  const store = join(folder, "store", "audit.db");
  const write = (path: string, text: string): string => {
    const full = join(folder, "project", path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  };
  write("package.json", "{}");
  const manifestPath = write("enclosure.yaml", MANIFEST + manifest);
  const run = async (agent: string, options: Partial<RunOptions> = {}): Promise<Ran> => {
    const runtime = await openRuntime({ store, home, env });
    const events: LiveEvent[] = [];
    try {
      const path = write("agent.ts", agent);
      const onEvent = (event: LiveEvent): void => void events.push(event);
      const result = await runtime.run({ agent: path, manifest: manifestPath, onEvent, ...options });
      return { result, events, ...(await recorded(store, home, result.session)) };
    } finally {
      await runtime.close();
    }
  };
  return { folder: join(folder, "project"), store, home, write, run };
}

async function recorded(path: string, home: string, session: SessionId): Promise<Omit<Ran, "result" | "events">> {
  const reader = await openLogReader({ path, home });
  onTestFinished(() => reader.close());
  const records = reader.session(session);
  return {
    records,
    bodies: (type) => records.map(({ body }) => body).filter((body) => body.type === type) as never,
    read: (ref) => {
      if (ref === null) return "";
      const opened = reader.payload(ref as never);
      return opened.state === "shown" ? opened.text : `(${opened.state})`;
    },
  };
}
