// A desk whose every write shows outside: its host module appends one line for each to a ledger that only this test reads.
// And the processes of a batch, as the operating system tells of them.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { makePlace, type Place, type Started } from "../cli/script.ts";

export interface Work {
  readonly id: string;
  readonly reads: number;
  readonly writes: number;
}

const manifest = (ledger: string): string => `enclosure: 1
name: payer
version: "1"
limits: { calls: 100000 }
capabilities:
  desk:
    use: module
    from: ./desk.ts
    env: { LEDGER: ${JSON.stringify(ledger)} }
    allow: [look, pay, hang]
`;

const MODULE = `import { defineCapability, defineModule } from "agent-enclosure";
import { appendFileSync } from "node:fs";
const input = { type: "object", required: ["id", "n"], properties: { id: { type: "string" }, n: { type: "integer" } } };
export default defineModule(({ env }) => [
  defineCapability({ name: "look", effect: "read", input, run: ({ n }) => n }),
  defineCapability({ name: "pay", effect: "write", input, run: ({ id, n }) => {
    appendFileSync(env.LEDGER, id + " " + n + "\\n");
    return n;
  } }),
  defineCapability({ name: "hang", effect: "write", run: () => new Promise(() => {}) }),
]);
`;

const AGENT = `import { desk } from "enclosure:caps";
export default async ({ id, reads, writes }: { id: string; reads: number; writes: number }) => {
  for (let n = 0; n < reads; n++) await desk.look({ id, n });
  for (let n = 0; n < writes; n++) await desk.pay({ id, n });
  return id;
};
`;

export interface Desk extends Place {
  readonly store: string;
  /** What was paid: one line a write, in order. */
  readonly paid: () => readonly string[];
  /** Bytes of the store and its WAL: a clock that runs while records are written. */
  readonly bytes: () => number;
  readonly results: () => readonly Result[];
  readonly verify: () => Promise<{ readonly exit: number | null; readonly report: Verified }>;
  readonly calls: (...args: readonly string[]) => Promise<readonly Call[]>;
  readonly sessions: () => Promise<readonly Session[]>;
}

export interface Result {
  readonly id: string;
  readonly session: string;
  readonly status: string;
  readonly exit: number;
  readonly error?: { readonly code: string };
  readonly calls: { readonly admitted: number; readonly unknown: number };
}

export interface Verified {
  readonly valid: boolean;
  readonly verdicts: Readonly<Record<string, { readonly verdict: string; readonly detail: string }>>;
  readonly records: number;
  /** Where there was nothing to verify. */
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Session {
  readonly session: string;
  readonly status: string | null;
  readonly calls: { readonly admitted: number; readonly unknown: number };
}

export interface Call {
  readonly session: string;
  readonly function: string;
  readonly effect: string;
  readonly verdict: string;
  readonly effectState: string;
}

export function makeDesk(jobs: readonly Work[] = []): Desk {
  const place = makePlace();
  const store = join(place.folder, ".enclosure", "audit.db");
  const lines = (name: string): readonly string[] => {
    const path = join(place.folder, name);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  };
  const listed = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await place.run(...args, "--json")).stdout) as Record<string, unknown>;
  place.write({
    "enclosure.yaml": manifest(join(place.folder, "ledger.txt")),
    "desk.ts": MODULE,
    "agent.ts": AGENT,
    "jobs.jsonl": jobs.map((input) => `${JSON.stringify({ id: input.id, agent: "agent.ts", input })}\n`).join(""),
  });
  return {
    ...place,
    store,
    paid: () => lines("ledger.txt"),
    bytes: () => sizeOf(store) + sizeOf(`${store}-wal`),
    results: () => lines("results.jsonl").map((line) => JSON.parse(line) as Result),
    verify: async () => {
      const { exit, stdout } = await place.run("verify", "--json");
      return { exit, report: JSON.parse(stdout) as Verified };
    },
    calls: async (...args) => (await listed("calls", ...args))["calls"] as readonly Call[],
    sessions: async () => (await listed("sessions"))["sessions"] as readonly Session[],
  };
}

export const BATCH = ["batch", "jobs.jsonl", "--jobs", "2", "--out", "results.jsonl"] as const;

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Looks again and again until it is so, or until the process has ended. True if it came to be so. */
export async function until(isSo: () => boolean, running?: Started): Promise<boolean> {
  let over = false;
  void running?.ended.then(() => (over = true));
  while (!isSo()) {
    if (over) return false;
    await pause(1);
  }
  return true;
}

export interface Child {
  readonly pid: number;
  readonly command: string;
}

/** The children of a process, and theirs. */
export function childrenOf(pid: number): readonly Child[] {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === pid);
  return children.flatMap((name) => [
    { pid: Number(name), command: commandOf(Number(name)) },
    ...childrenOf(Number(name)),
  ]);
}

/** The guests themselves, not what wraps them. */
export function guestsOf(pid: number): readonly Child[] {
  return childrenOf(pid).filter(isGuest);
}

export function isGuest({ command }: Child): boolean {
  return /^[^\0]*\/node\0.*guest\.cjs/s.test(command);
}

/** Whether that very process is still there, and more than a name that nobody has collected yet. */
export function isThere({ pid, command }: Child): boolean {
  return command !== "" && commandOf(pid) === command;
}

function parentOf(pid: number): number | undefined {
  const parent = statOf(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** State, parent and so on: what stands behind the name, which may hold anything. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Stops the host where it stands, looks at its children, kills it. Returns them. */
export async function killHost(running: Started): Promise<readonly Child[]> {
  running.kill("SIGSTOP");
  await until(() => statOf(running.pid)?.[0] === "T", running);
  const children = childrenOf(running.pid);
  running.kill("SIGKILL");
  await running.ended;
  return children;
}
