// The agent as a process of its own under `node --permission`: it may read its own script and nothing else, has an empty
// environment and a bounded heap, asks for host functions over IPC, and is killed when its time is over.

import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { code, granted, perform, print, say, whenOver } from "./host.ts";
import { LIMITS } from "./limits.ts";

interface Said {
  readonly id?: number;
  readonly name?: string;
  readonly arg?: unknown;
  readonly ended?: Parameters<typeof say>[0];
}

/** `escaped` is what some attacks are given first: code in the guest process's own Node. Here every agent is there. */
const BEFORE = `
globalThis.escaped = (code) => { try { return String(eval(code)); } catch (error) { return String(error); } };
{
  const waiting = new Map();
  let last = 0;
  process.on("message", ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    error === undefined ? resolve(value) : reject(new Error(error));
  });
  const call = (name, arg) => new Promise((resolve, reject) => {
    const id = ++last;
    waiting.set(id, { resolve, reject });
    process.send({ id, name, arg });
  });
  globalThis.desk = Object.create(null);
  for (const name of ${JSON.stringify([...granted.keys()])}) desk[name] = (arg) => call(name, arg);
}
`;
const AFTER = `
.then(
  (output) => process.send({ ended: { status: "completed", output: typeof output === "function" || typeof output === "symbol" ? String(output) : output } }, () => process.exit()),
  (error) => process.send({ ended: { status: "failed", error: { name: String(error?.name), message: String(error?.message) } } }, () => process.exit()),
);
`;

const script = resolve("agent.cjs");
writeFileSync(script, BEFORE + code + AFTER);
const child = fork(script, [], {
  execArgv: ["--permission", `--allow-fs-read=${script}`, `--max-old-space-size=${LIMITS.memoryMiB}`],
  env: {},
  stdio: ["ignore", "pipe", "pipe", "ipc"],
});
child.stdout?.on("data", print);
child.stderr?.on("data", print);
whenOver(() => {
  child.kill("SIGKILL");
  say({ status: "limit" });
});
child.on("message", ({ id, name, arg, ended }: Said) => {
  if (ended !== undefined) return say(ended);
  perform(name, arg).then(
    (value) => child.send({ id, value }),
    ({ message }: Error) => child.send({ id, error: message }),
  );
});
child.on("error", ({ message }) => say({ status: "failed", error: { message } }));
child.on("close", (exit, signal) => {
  say({ status: "failed", error: { message: `the process ended with ${String(exit ?? signal)}` } });
});
