// The child process's own Node realm, made poor before any agent code runs: permissions dropped, ways out taken away. It
// is the second wall: agent code should never get here; where a bug lets it, it finds nothing but its channel.

import { closeSync, statSync } from "node:fs";

/** Node's permission scopes; a misspelt one is silently accepted by `drop`, hence the check after each. */
const SCOPES = ["fs.read", "fs.write", "fs", "net", "child", "worker", "addon", "wasi", "inspector", "ffi"] as const;

/** Functions of `process` that act on this or other processes, load code or lead to Node's inside. */
const TAKEN = [
  "_channel",
  "_debugEnd",
  "_debugProcess",
  "_getActiveHandles",
  "_getActiveRequests",
  "_kill",
  "_linkedBinding",
  "_rawDebug",
  "_startProfilerIdleNotifier",
  "_stopProfilerIdleNotifier",
  "_tickCallback",
  "abort",
  "binding",
  "chdir",
  "dlopen",
  "execve",
  "exit",
  "getBuiltinModule",
  "kill",
  "loadEnvFile",
  "mainModule",
  "openStdin",
  "reallyExit",
  "report",
  "setegid",
  "seteuid",
  "setgid",
  "setgroups",
  "setuid",
  "stderr",
  "stdin",
  "stdout",
  "umask",
] as const;

/** Ends the process at once, without handlers. Bound to its process here: dropPowers takes both from the realm. */
export const exit: (status: number) => never = (Reflect.get(process, "reallyExit") as typeof exit).bind(process);

/** What the host had open when it began itself is nothing of the guest's; the number is taken, so it can be no other. */
export function closeInherited(descriptor: string): void {
  try {
    closeSync(Number(descriptor));
  } catch {
    // What wraps this process has closed it.
  }
}

/** @throws Error when a permission could not be dropped, or the wall does not hold when it is tried: the process must not go on. */
export function dropPowers(addonPath: string): void {
  const { permission } = process;
  if (permission === undefined || !permission.has("fs.read", addonPath)) throw new Error("no permission model");
  for (const scope of SCOPES) {
    permission.drop(scope);
    if (permission.has(scope) || permission.has(scope, addonPath))
      throw new Error(`the permission ${scope} is still held`);
  }
  if (canRead(addonPath)) throw new Error("a file can be read though no permission is held");
  for (const name of TAKEN) take(process, name);
  for (const name of ["fetch", "WebSocket", "EventSource", "navigator", "process"]) take(globalThis, name);
}

function canRead(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

function take(holder: object, name: string): void {
  Reflect.deleteProperty(holder, name);
  if (Object.hasOwn(holder, name)) Object.defineProperty(holder, name, { value: undefined });
}
