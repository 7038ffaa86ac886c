// Watches the compiler's process while it works for anybody: ends it when it takes more memory than a compiler may, and
// before it sends an answer that the host would have to hold. A few megabytes of source can ask for gigabytes of either:
// each message about a line holds the whole line. Whoever was being compiled learns that the process ended (compile.ts).
// The process is met as Node tells of it when esbuild starts it; on a system without /proc its memory is not seen.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { COMPILER_ANSWER_BYTES_MAX, COMPILER_MEMORY_BYTES_MAX } from "../base/limits.ts";

const LOOK_MS = 25;
const STARTED = "child_process";

/** Of a process that this one has started, what is needed here. */
interface Started {
  readonly pid?: number;
  readonly exitCode: number | null;
  readonly signalCode: string | null;
  readonly stdout: { on(event: "data", hear: (chunk: Uint8Array) => void): unknown } | null;
  kill(signal: "SIGKILL"): boolean;
}

/** Why the last compiler was ended by us; undefined where it was not. */
let overuse: string | undefined;
let compiler: Started | undefined;
let working = 0;
let looking: NodeJS.Timeout | undefined;

/** What the compiler was ended for since this was asked last. */
export function takeOveruse(): string | undefined {
  const taken = overuse;
  overuse = undefined;
  return taken;
}

/** Runs `work`, which may start the compiler as it is called, under watch until it settles. */
export async function watched<Result>(work: () => Promise<Result>): Promise<Result> {
  working++;
  looking ??= setInterval(look, LOOK_MS);
  try {
    return await meeting(work);
  } finally {
    if (--working === 0) {
      clearInterval(looking);
      looking = undefined;
    }
  }
}

function meeting<Result>(work: () => Promise<Result>): Promise<Result> {
  const meet = (message: unknown): void => {
    compiler = (message as { readonly process: Started }).process;
  };
  const before = compiler;
  subscribe(STARTED, meet);
  try {
    return work();
  } finally {
    unsubscribe(STARTED, meet);
    if (compiler !== before) readAlong(compiler as Started);
  }
}

function readAlong(started: Started): void {
  const sizes = answerSizes(COMPILER_ANSWER_BYTES_MAX);
  started.stdout?.on("data", (chunk: Uint8Array) => {
    if (sizes(chunk)) end(started, `has an answer of more than ${COMPILER_ANSWER_BYTES_MAX} bytes`);
  });
}

/** Follows the packets of esbuild's protocol (u32le length ‖ bytes): true once one is announced that is longer than `max`. */
export function answerSizes(max: number): (chunk: Uint8Array) => boolean {
  const prefix = new Uint8Array(4);
  let filled = 0;
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (left > 0) {
        const skipped = Math.min(left, chunk.length - at);
        left -= skipped;
        at += skipped;
        continue;
      }
      prefix[filled++] = chunk[at++] as number;
      if (filled < prefix.length) continue;
      filled = 0;
      left = new DataView(prefix.buffer).getUint32(0, true);
      if (left > max) return true;
    }
    return false;
  };
}

function look(): void {
  if (compiler?.pid === undefined || compiler.exitCode !== null || compiler.signalCode !== null) return;
  if (residentBytes(compiler.pid) > COMPILER_MEMORY_BYTES_MAX)
    end(compiler, `takes more than ${COMPILER_MEMORY_BYTES_MAX} bytes of memory`);
}

function end(process: Started, why: string): void {
  overuse = why;
  process.kill("SIGKILL");
}

/** VmRSS of proc(5); 0 where it is not told. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
