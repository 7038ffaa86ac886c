// The watchdog: a thread that looks at every running guest process some forty times a second, more often where a limit is
// near, and kills what is over it. It runs neither SQLite nor module code, so that a host whose main thread is stuck still
// has it.
// Invariant: it kills only a process that is the one it was told of, by the moment at which that began.

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { LimitName } from "./contract.ts";
import type { ProcessUse } from "./proc.ts";
import { readPageBytes, readUse } from "./proc.ts";

/** A guest to watch: its limits, and what it had used before the agent began. */
export interface Watch {
  readonly type: "watch";
  readonly pid: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly baseCpuMs: number;
  readonly baseBytes: number;
}

export type WatchOrder = Watch | { readonly type: "pause" | "resume" | "forget"; readonly pid: number };

/** A limit was struck, and the process killed for it. */
export interface Struck {
  readonly pid: number;
  readonly limit: Extract<LimitName, "wall" | "cpu" | "memory">;
  readonly used: number;
  readonly max: number;
}

/** The process did what no guest of ours does, and was killed for it. */
export interface Broke {
  readonly pid: number;
  readonly broke: string;
}

interface Watched {
  readonly order: Watch;
  readonly began: string;
  /** Wall time counted until `since`; it runs on from there unless paused. */
  wallMs: number;
  since: number;
  paused: boolean;
  /** When it was last seen with its first thread. */
  whole: number;
}

/** The longest and the shortest time between two looks. */
const POLL_MS_MAX = 25;
const POLL_MS_MIN = 2;
/** How fast a guest can take memory, about: the next look comes before one that does could have passed its limit by much. */
const GROWTH_BYTES_A_MS = 1024 * 1024;

const { said } = workerData as { readonly said: MessagePort };
const watched = new Map<number, Watched>();
let polling: NodeJS.Timeout | undefined;

function obey(order: WatchOrder, pageBytes: number): void {
  const now = performance.now();
  if (order.type === "watch") {
    const use = readUse(order.pid, pageBytes);
    if (use === undefined) return;
    watched.set(order.pid, { order, began: use.began, wallMs: 0, since: now, paused: false, whole: now });
    clearTimeout(polling);
    polling = setTimeout(() => look(pageBytes), POLL_MS_MIN);
    return;
  }
  const one = watched.get(order.pid);
  if (one === undefined) return;
  if (order.type === "forget") return forget(order.pid);
  one.wallMs = wallOf(one, now);
  one.since = now;
  one.paused = order.type === "pause";
}

function look(pageBytes: number): void {
  const now = performance.now();
  let room = POLL_MS_MAX;
  for (const [pid, one] of watched) {
    const use = readUse(pid, pageBytes);
    if (use?.began !== one.began) {
      forget(pid);
      continue;
    }
    const struck = suspect(one, use, now) ?? judge(one, use, now);
    if (struck === undefined) {
      room = Math.min(room, roomOf(one, use, now));
      continue;
    }
    // Said first: whoever learns of the death can know its cause.
    said.postMessage(struck);
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It died in this moment.
    }
    forget(pid);
  }
  if (watched.size > 0) polling = setTimeout(() => look(pageBytes), Math.max(room, POLL_MS_MIN));
}

/** A process that is being killed is without its first thread for a moment. */
const HEADLESS_MS_MAX = 500;
/** V8 and Node have a dozen threads; each that is made costs the kernel memory that no limit of ours sees. */
const THREADS_MAX = 64;

function suspect(one: Watched, { headless, threads }: ProcessUse, now: number): Broke | undefined {
  const { pid } = one.order;
  if (!headless) one.whole = now;
  if (now - one.whole > HEADLESS_MS_MAX) return { pid, broke: "its first thread ended and others ran on" };
  return threads > THREADS_MAX ? { pid, broke: `it made ${threads} threads` } : undefined;
}

function judge(one: Watched, use: ProcessUse, now: number): Struck | undefined {
  const { pid, wallMs, cpuMs, memoryBytes } = one.order;
  const wall = Math.round(wallOf(one, now));
  if (wall >= wallMs) return { pid, limit: "wall", used: wall, max: wallMs };
  const cpu = cpuOf(one, use);
  if (cpu >= cpuMs) return { pid, limit: "cpu", used: cpu, max: cpuMs };
  const memory = memoryOf(one, use);
  if (memory > memoryBytes) return { pid, limit: "memory", used: memory, max: memoryBytes };
  return undefined;
}

/** Milliseconds before which it will hardly have run into a limit. */
function roomOf(one: Watched, use: ProcessUse, now: number): number {
  const { wallMs, cpuMs, memoryBytes } = one.order;
  const wall = one.paused ? Infinity : wallMs - wallOf(one, now);
  return Math.min(wall, cpuMs - cpuOf(one, use), (memoryBytes - memoryOf(one, use)) / GROWTH_BYTES_A_MS);
}

function cpuOf(one: Watched, use: ProcessUse): number {
  return Math.round(use.cpuMs - one.order.baseCpuMs);
}

function memoryOf(one: Watched, use: ProcessUse): number {
  return use.residentBytes - one.order.baseBytes;
}

function wallOf(one: Watched, now: number): number {
  return one.paused ? one.wallMs : one.wallMs + now - one.since;
}

function forget(pid: number): void {
  watched.delete(pid);
  if (watched.size > 0) return;
  clearTimeout(polling);
  polling = undefined;
}

const pageBytes = readPageBytes();
parentPort?.on("message", (order: WatchOrder) => obey(order, pageBytes));
