// Programs in the place of the guest's, under a real supervisor, a real session and a real store: a process that says what
// it is told to say, byte for byte, and dies as it is told to die.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordBody } from "../../src/audit/events.ts";
import type { StoredRecord } from "../../src/audit/contract.ts";
import type { SessionId } from "../../src/base/ids.ts";
import { sessionIdOf } from "../../src/base/ids.ts";
import { spawnGuest } from "../../src/enclosure/supervisor.ts";
import { systemClock, systemRandom, systemTimers } from "../../src/outside/clock.ts";
import { programPath, productVersion } from "../../src/outside/programs.ts";
import type { RunResult } from "../../src/session/contract.ts";
import { prepare } from "../../src/session/prepare.ts";
import { runPrepared } from "../../src/session/run.ts";
import { openLogReader } from "../../src/store/reader.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { openLogWriter } from "../../src/store/writer.ts";
import { PROGRAMS } from "../enclosure/session.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What a fake guest does, step by step. */
export type Step =
  | { readonly write: Uint8Array }
  /** Waits for something from the host. */
  | { readonly read: true }
  /** JavaScript of the guest process: how it dies, for one. */
  | { readonly run: string };

/** Without an end of its own it stays until it is killed. */
const PROGRAM = `
const { closeSync, readSync, writeSync } = require("node:fs");
const write = (text) => {
  const bytes = Buffer.from(text, "base64");
  try { for (let at = 0; at < bytes.length;) at += writeSync(3, bytes, at); } catch { process.exit(9); }
};
const read = () => {
  try { if (readSync(3, Buffer.alloc(65536)) === 0) process.exit(8); } catch { process.exit(8); }
};
const stay = () => { for (;;) read(); };
`;

export interface FakeWorld {
  /** One session with a guest that does this. `limits` are the manifest's. */
  run(steps: readonly Step[], limits?: string): Promise<RunResult>;
  /** One session with a real guest. */
  runAgent(agent: string, limits?: string): Promise<RunResult>;
  /** Closes the log, and gives what it holds. */
  close(): Promise<Closed>;
}

interface Closed {
  readonly valid: boolean;
  /** How each session's last record says that it ended. */
  readonly ends: ReadonlyMap<string, string>;
  readonly records: (session: SessionId) => readonly StoredRecord[];
}

const LIMITS = "wall: 1s, log: 128KiB, calls: 200";

const manifestWith = (limits: string): string => `enclosure: 1
name: tested
version: "1"
limits: { ${limits} }
capabilities: { files: { use: fs, mounts: { /in: { path: data, access: ro }, /out: { path: out, access: rw } } } }
`;

export async function makeFakeWorld(): Promise<FakeWorld> {
  const folder = temporaryFolder();
  const at = { path: join(folder, "audit.db"), home: join(folder, "home") };
  const agent = join(folder, "agent.ts");
  writeFileSync(join(folder, "package.json"), "{}");
  for (const name of ["data", "out"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "data", "a.txt"), "text");
  writeFileSync(agent, "export default () => 1;\n");
  const writer = await openLogWriter(at);
  const powers = { clock: systemClock, random: systemRandom, timers: systemTimers };
  const place = {
    store: at.path,
    home: at.home,
    ...powers,
    env: {},
    cache: undefined,
    product: productVersion(),
    moduleProgram: programPath("module-host.js"),
  };
  let programs = 0;
  const runWith = async (guestProgram: string, path: string, limits = LIMITS): Promise<RunResult> => {
    const manifest = join(folder, `enclosure-${++programs}.yaml`);
    writeFileSync(manifest, manifestWith(limits));
    const options = { agent: path, manifest };
    const guest = spawnGuest({ programs: { ...PROGRAMS, guest: guestProgram } });
    const prepared = await prepare(options, place);
    try {
      return await runPrepared(writer, guest, prepared, options, powers);
    } finally {
      await guest.stop();
      await Promise.allSettled([...prepared.providers.values()].map((provider) => provider.close()));
    }
  };
  return {
    run: (steps, limits) => {
      const program = join(folder, `guest-${++programs}.cjs`);
      writeFileSync(program, `${PROGRAM}${steps.map(spell).join("\n")}\nstay();\n`);
      return runWith(program, agent, limits);
    },
    runAgent: (text, limits) => {
      const path = join(folder, `agent-${++programs}.ts`);
      writeFileSync(path, text);
      return runWith(PROGRAMS.guest, path, limits);
    },
    close: async () => {
      await writer.close();
      const reader = await openLogReader(at);
      const ids = Array.from(reader.sessions(), ({ leaf }) => sessionIdOf(leaf));
      const all = new Map(ids.map((id) => [id, reader.session(id)] as const));
      reader.close();
      return {
        valid: (await verifyStore(at)).valid,
        ends: new Map([...all].map(([id, records]) => [id, endOf(records.at(-1)?.body)])),
        records: (session) => all.get(session) ?? [],
      };
    },
  };
}

function endOf(body: RecordBody | undefined): string {
  return body?.type === "session.closed" ? `${body.data.status} ${body.data.code}` : `not closed: ${body?.type}`;
}

function spell(step: Step): string {
  if ("write" in step) return `write(${JSON.stringify(Buffer.from(step.write).toString("base64"))});`;
  return "read" in step ? "read();" : step.run;
}
