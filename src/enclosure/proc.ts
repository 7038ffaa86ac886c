// What a watchdog reads of another process: /proc/<pid>/stat of Linux (proc(5)).

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { EnclosureError } from "../base/errors.ts";

export interface ProcessUse {
  /** User and system time since the process began, in steps of a clock tick (10 ms). */
  readonly cpuMs: number;
  readonly residentBytes: number;
  readonly threads: number;
  /** Its first thread has ended and others run on: it lives, and its memory is not told. No guest of ours does that. */
  readonly headless: boolean;
  /** When it began, in clock ticks since the machine did: tells it from a later process of the same number. */
  readonly began: string;
}

/** Clock ticks of user space are 100 a second on every Linux architecture (USER_HZ). */
const TICK_MS = 10;
const AUXV_PAGE_SIZE = 6n;
const AUXV_ENTRY_BYTES = 16;

/** Undefined when there is no such process, or none that lives. */
export function readUse(pid: number, pageBytes: number): ProcessUse | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"), pageBytes);
  } catch {
    return undefined;
  }
}

/** @returns undefined for a process that is dead and not yet reaped. */
export function parseStat(stat: string, pageBytes: number): ProcessUse | undefined {
  // The second field is the program's name in brackets, and may hold anything; the third is the first after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): string => fields[number - 3] ?? "";
  const threads = Number(field(20));
  const dead = field(3) === "Z" || field(3) === "X";
  // Of a process that is dead and not yet reaped its one thread is left.
  if (dead && threads <= 1) return undefined;
  return {
    cpuMs: (Number(field(14)) + Number(field(15))) * TICK_MS,
    residentBytes: Number(field(24)) * pageBytes,
    threads,
    headless: dead,
    began: field(22),
  };
}

/** FD_CLOEXEC as fdinfo shows it, among the flags of open(2). */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Descriptors of this process that a process which it starts would have as well (proc_pid_fdinfo(5)): what was open when
 * it began itself. Node marks those that it finds at its start, and looks no further than the first gap.
 */
export function inheritableDescriptors(): readonly number[] {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((descriptor) => descriptor > 2 && isInheritable(descriptor));
}

/** What a process has open and a guest has not: files, devices but the null one. */
export function strayDescriptors(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  const targets = readdirSync(folder).map((descriptor) => readlinkSync(`${folder}/${descriptor}`));
  return targets.filter((target) => target !== "/dev/null" && !/^(socket|pipe|anon_inode):/.test(target));
}

function isInheritable(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // It was the listing's own, and is closed.
    return false;
  }
}

/**
 * The machine's page size, from the auxiliary vector that the kernel gave this process (getauxval(3)).
 * @throws EnclosureError GUEST_START_FAILED where there is none: without /proc no limit can be kept
 */
export function readPageBytes(path = "/proc/self/auxv"): number {
  try {
    const vector = readFileSync(path);
    for (let at = 0; at + AUXV_ENTRY_BYTES <= vector.length; at += AUXV_ENTRY_BYTES) {
      if (vector.readBigUInt64LE(at) === AUXV_PAGE_SIZE) return Number(vector.readBigUInt64LE(at + 8));
    }
  } catch {
    // Said below, like a vector without the entry.
  }
  throw new EnclosureError("GUEST_START_FAILED", "limits cannot be kept on this system: it has no /proc of Linux");
}
