// Writers in processes of their own, and their deaths.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import type { Place } from "./logs.ts";

export interface Told {
  readonly opened?: string;
  readonly released?: number;
  readonly seq?: number;
  readonly session?: string;
  readonly closed?: string;
  readonly ended?: boolean;
}

export interface ChildEnd {
  readonly told: readonly Told[];
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs a process that takes locks of a store's liveness, one after the other: see comer.ts. */
export async function runComer(
  path: string,
  which: string,
  times: number,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const program = join(import.meta.dirname, "comer.ts");
  const child = spawn(process.execPath, [program, path, which, String(times)], { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stderr };
}

/** Runs a writer; kills it (SIGKILL) once it has told `killAfter` lines, where that is given. */
export async function runChild(
  { path, home }: Place,
  { sessions, calls, killAfter = Infinity }: { sessions: number; calls: number; killAfter?: number },
  onTold?: (one: Told) => void | Promise<void>,
): Promise<ChildEnd> {
  const program = join(import.meta.dirname, "child.ts");
  const child = spawn(process.execPath, [program, path, home, String(sessions), String(calls)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "close") as Promise<[number | null]>;
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const told: Told[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const one = JSON.parse(line) as Told;
    told.push(one);
    await onTold?.(one);
    if (told.length >= killAfter) child.kill("SIGKILL");
  }
  const [code] = await ended;
  return { told, code, stderr };
}
