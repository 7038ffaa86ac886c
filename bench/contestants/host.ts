// What every contestant's host has in common: the functions that the manifest grants and no other, what an agent finds
// beside them, and the one JSON value that says how the agent ended.

import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { desk } from "../../test/escape/stand-ins/bare.ts";
import { LIMITS } from "./limits.ts";

/** The agent, compiled to a classic script that defines `agent`; its value is the promise of what it hands out. */
export const code = `${readFileSync("agent.js", "utf8")}\n(async () => agent.default())()`;

interface Manifest {
  readonly capabilities: { readonly desk: { readonly allow: readonly unknown[] } };
}

const { capabilities } = JSON.parse(readFileSync("enclosure.yaml", "utf8")) as Manifest;
type Performed = (arg: unknown) => Promise<unknown>;

/** The desk's functions that the manifest grants. What else the desk has (a vault, what reveals it) stays in the host. */
export const granted: ReadonlyMap<string, Performed> = new Map(
  capabilities.desk.allow
    .filter((name) => typeof name === "string")
    .map((name) => [name, (desk as unknown as Record<string, Performed>)[name] as Performed]),
);

export async function perform(name: unknown, arg: unknown): Promise<unknown> {
  const run = granted.get(String(name));
  if (run === undefined) throw new Error(`there is no ${String(name)}`);
  return run(arg);
}

export function print(line: unknown): void {
  process.stderr.write(`${String(line)}\n`);
}

export async function sleep(ms: unknown): Promise<void> {
  await pause(Number(ms));
}

/** For engines that have the language alone: `desk`, `console` and timers, made of three functions of the host's. */
export const GUEST = `(names, call, print, sleep) => {
  globalThis.desk = Object.create(null);
  for (const name of names) globalThis.desk[name] = (arg) => call(name, arg);
  const say = (...args) => print(args.map(String).join(" "));
  globalThis.console = { log: say, info: say, warn: say, error: say, debug: say };
  const armed = new Set();
  let last = 0;
  globalThis.setTimeout = (run, ms, ...args) => {
    const id = ++last;
    armed.add(id);
    sleep(Number(ms) || 0)
      .then(() => armed.delete(id) && run(...args))
      .catch((error) => print("a timer failed: " + error));
    return id;
  };
  globalThis.queueMicrotask = (run) => void Promise.resolve().then(run);
  globalThis.clearTimeout = (id) => void armed.delete(id);
}`;

export interface Ended {
  readonly status: "completed" | "failed" | "limit";
  readonly output?: unknown;
  readonly error?: { readonly code?: string; readonly name?: string; readonly message: string };
}

/** Says how the agent ended, and ends. */
export function say(ended: Ended): never {
  const { output } = ended;
  const isNamed = typeof output === "function" || typeof output === "symbol";
  let text: string;
  try {
    text = JSON.stringify(isNamed ? { ...ended, output: String(output) } : ended);
  } catch (error) {
    sayInvalid(error);
  }
  // Not by process.stdout, which would be cut off at the exit.
  writeFileSync(1, text);
  process.exit(0);
}

/** An output that cannot leave: it was not nothing. */
export function sayInvalid(thrown: unknown): never {
  return say({ status: "failed", error: { code: "OUTPUT_INVALID", message: read(thrown, "message") ?? "unspelled" } });
}

/** `stopped`: what the contestant's own limits say. */
export function sayThrown(thrown: unknown, stopped: RegExp): never {
  const message = read(thrown, "message") ?? "it threw what has no message";
  if (stopped.test(message)) return say({ status: "limit", error: { message } });
  return say({ status: "failed", error: { name: read(thrown, "name") ?? "", message } });
}

/** The limit of time that a host has for what its engine's own does not see: an agent that waits. */
export function whenOver(run: () => void): void {
  setTimeout(run, LIMITS.ms);
}

/** What was thrown can be the agent's own object, and reading it the agent's own code. */
function read(thrown: unknown, name: string): string | undefined {
  try {
    return String((thrown as Record<string, unknown>)[name]).slice(0, 2000);
  } catch {
    return undefined;
  }
}
