// What a limit bounds, and how well: for each attack the time from the moment at which the limit was reached to a process
// that is dead and reaped, the guest's resident peak over its cap, and what the attack cost its host, in memory and in
// time during which its event loop stood still. Each run has a host process of its own, which this one watches from
// outside; "idle" is a session in which nothing happens, on the same machine in the same minute.

import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { Attack } from "./limit-attacks.ts";
import { agentOf, ATTACKS, IDLE, LARGEST, manifestOf, WARM } from "./limit-attacks.ts";
import type { Measured, Samples } from "./rounds.ts";
import { benchFolder, withWork } from "./work.ts";
import type { Work } from "./work.ts";

const ROUNDS = 5;
const TICK_MS = 10;
const PAGE_MIB = 4096 / 2 ** 20;

/** What the host process says: first that the session has opened, then how it ended. */
export type HostTold =
  | { readonly opened: string }
  | { readonly end: string; readonly growthMiB: number; readonly busyMs: number; readonly delayMs: number };

/** One run. NaN where there is no such figure. */
interface Run {
  readonly overMs: number;
  readonly peak: number;
  readonly growthMiB: number;
  readonly busyMs: number;
  readonly delayMs: number;
}

const TABLES: readonly (readonly [figure: keyof Run, title: string, unit: string, target: number])[] = [
  ["overMs", "from the limit to a dead process", "ms", 250],
  ["peak", "the guest's resident peak over its cap", "x", 1.5],
  ["growthMiB", "the host's own memory, growth", "MiB", 32],
  ["busyMs", "the host's longest stretch of work", "ms of CPU", 50],
  ["delayMs", "the host's longest delay by the clock", "ms", 50],
];

export async function measure(): Promise<Measured[]> {
  const runs = new Map<string, Run[]>();
  // It takes its time: what was measured is kept as it comes.
  const kept = join(benchFolder, "out", "limits-runs.jsonl");
  rmSync(kept, { force: true });
  await withWork(async (work) => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const attack of [IDLE, ...ATTACKS, ...LARGEST]) {
        const run = await attempt(work, attack);
        appendFileSync(kept, `${JSON.stringify({ attack: attack.name, ...run })}\n`);
        runs.set(attack.name, [...(runs.get(attack.name) ?? []), run]);
      }
    }
  });
  const within = (names: readonly Attack[], title: string) =>
    TABLES.map(([figure, name, unit, target]) => ({
      title: `${name}${title}`,
      unit,
      target,
      samples: samplesOf(runs, names, figure),
      against: [],
    })).filter(({ samples }) => Object.keys(samples).length > 0);
  return [...within([IDLE, ...ATTACKS], ""), ...within([IDLE, ...LARGEST], " (at the largest limits)")];
}

function samplesOf(runs: ReadonlyMap<string, readonly Run[]>, attacks: readonly Attack[], figure: keyof Run): Samples {
  const of = attacks.map(({ name }) => [name, (runs.get(name) ?? []).map((run) => run[figure])] as const);
  return Object.fromEntries(of.filter(([, values]) => values.some((value) => !Number.isNaN(value))));
}

async function attempt(work: Work, attack: Attack): Promise<Run> {
  const folder = join(work.folder, "attack");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "out"), { recursive: true });
  for (const [name, one] of [
    ["warm", WARM],
    ["agent", attack],
  ] as const) {
    writeFileSync(join(folder, `${name}.ts`), agentOf(one));
    writeFileSync(join(folder, `${name}.yaml`), manifestOf(one));
  }
  const host = spawn(process.execPath, ["--expose-gc", join(benchFolder, "limits-host.ts"), folder, work.home], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const watched = new Watched(host.pid as number, attack);
  const watching = watched.toTheEnd();
  let ended: Extract<HostTold, { end: string }> | undefined;
  for await (const line of createInterface({ input: host.stdout })) {
    const told = JSON.parse(line) as HostTold;
    if ("opened" in told) watched.open(Number(BigInt(told.opened)) / 1e6);
    else ended = told;
  }
  watched.over = true;
  await watching;
  if (ended?.end !== attack.end) throw new Error(`${attack.name} ended as ${ended?.end}`);
  return { ...ended, ...watched.figures() };
}

interface Use {
  readonly cpuMs: number;
  readonly residentMiB: number;
}

/** Looks at a host's guest about every millisecond. */
class Watched {
  over = false;
  readonly #host: number;
  readonly #attack: Attack;
  #guest: number | undefined;
  #last: Use = { cpuMs: 0, residentMiB: 0 };
  #base: Use | undefined;
  #openedMs = NaN;
  #peakMiB = 0;
  #reachedMs: number | undefined;
  #reapedMs = NaN;

  constructor(host: number, attack: Attack) {
    this.#host = host;
    this.#attack = attack;
  }

  open(atMs: number): void {
    this.#openedMs = atMs;
    this.#base = this.#last;
  }

  async toTheEnd(): Promise<void> {
    while (!this.over && Number.isNaN(this.#reapedMs)) {
      if (this.#guest === undefined) this.#guest = findGuest(this.#host);
      else this.#look(this.#guest);
      await pause(1);
    }
  }

  figures(): Pick<Run, "overMs" | "peak"> {
    const { end, limits } = this.#attack;
    const isTimed = ["cpu", "memory", "wall", "log"].includes(end) && this.#attack.timed !== false;
    const cap = end === "memory" ? amountOf(limits["memory"] ?? "") : NaN;
    return {
      // Never seen beyond its limit: it was dead by the next look.
      overMs: isTimed ? Math.max(0, this.#reapedMs - (this.#reachedMs ?? this.#reapedMs)) : NaN,
      peak: (this.#peakMiB - (this.#base?.residentMiB ?? 0)) / cap,
    };
  }

  #look(guest: number): void {
    const nowMs = Number(process.hrtime.bigint()) / 1e6;
    const use = useOf(guest);
    if (use === undefined) {
      // The guest of the ordinary work has gone, or that of the attack.
      if (this.#base === undefined) this.#guest = undefined;
      else this.#reapedMs = nowMs;
      return;
    }
    if (use === "dead") return;
    this.#last = use;
    this.#peakMiB = Math.max(this.#peakMiB, peakOf(guest));
    if (this.#reachedMs === undefined && this.#base !== undefined && this.#isBeyond(guest, use, this.#base, nowMs)) {
      this.#reachedMs = nowMs;
    }
  }

  #isBeyond(guest: number, use: Use, base: Use, nowMs: number): boolean {
    const { end, limits } = this.#attack;
    const bound = amountOf(limits[end] ?? "1MiB");
    if (end === "cpu") return use.cpuMs - base.cpuMs >= bound;
    if (end === "memory") return use.residentMiB - base.residentMiB > bound;
    if (end === "wall") return nowMs - this.#openedMs >= bound;
    return end === "log" && writtenMiB(guest) >= bound;
  }
}

/** Milliseconds, or MiB. */
function amountOf(text: string): number {
  const [, number = "", unit = ""] = /^(\d+)(ms|s|MiB|GiB)$/.exec(text) ?? [];
  return Number(number) * (unit === "s" ? 1000 : unit === "GiB" ? 1024 : 1);
}

/** The process of a host's guest: the innermost, where others stand around it. */
function findGuest(host: number): number | undefined {
  const family = new Set([host]);
  let found: number | undefined;
  for (const pid of readdirSync("/proc")
    .map(Number)
    .filter(Number.isInteger)
    .toSorted((a, b) => a - b)) {
    const stat = read(`/proc/${pid}/stat`);
    if (!family.has(Number(fieldsOf(stat)[1]))) continue;
    family.add(pid);
    if (stat.includes("(node") && read(`/proc/${pid}/cmdline`).includes("guest.cjs")) found = pid;
  }
  return found;
}

function useOf(pid: number): Use | "dead" | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === "") return undefined;
  const fields = fieldsOf(stat);
  if (fields[0] === "Z" || fields[0] === "X") return "dead";
  const cpuMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  return { cpuMs, residentMiB: Number(fields[21]) * PAGE_MIB };
}

function peakOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
}

function writtenMiB(pid: number): number {
  return Number(/wchar: (\d+)/.exec(read(`/proc/${pid}/io`))?.[1] ?? 0) / 2 ** 20;
}

/** From the third on: what stands behind the program's name. */
function fieldsOf(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
