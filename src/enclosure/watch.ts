// The host's side of the watchdog: one thread a host process, shared by its sessions, started with the first guest and
// never what keeps the process alive. A watchdog that dies ends every guest that it watched: limits are kept or nothing runs.

import { Worker } from "node:worker_threads";
import type { Struck, Watch, WatchOrder } from "./watchdog.ts";

/** Told when the process has been killed for a limit; "lost" when the watchdog itself is gone. */
export type Watcher = (end: Struck | "lost") => void;

const watchers = new Map<number, Watcher>();
let thread: Worker | undefined;

function openThread(program: string): Worker {
  if (thread !== undefined) return thread;
  const worker = new Worker(program, { env: {}, execArgv: [], stdin: false });
  worker.on("message", (struck: Struck) => watchers.get(struck.pid)?.(struck));
  worker.on("error", () => lose(worker));
  worker.on("exit", () => lose(worker));
  // After the listeners: adding one makes the thread hold the process again.
  worker.unref();
  thread = worker;
  return worker;
}

function lose(worker: Worker): void {
  if (thread !== worker) return;
  thread = undefined;
  for (const watcher of watchers.values()) watcher("lost");
}

/** Starts the thread ahead of need, while the guest process starts. */
export function readyWatchdog(program: string): void {
  openThread(program);
}

/** Watches a guest from now on. The returned functions do nothing once it has been forgotten. */
export function watchGuest(program: string, watch: Omit<Watch, "type">, watcher: Watcher): GuestWatch {
  const { pid } = watch;
  const say = (order: WatchOrder): void => {
    if (watchers.get(pid) === watcher) thread?.postMessage(order);
  };
  const worker = openThread(program);
  watchers.set(pid, watcher);
  worker.postMessage({ type: "watch", ...watch } satisfies Watch);
  return {
    pause: () => say({ type: "pause", pid }),
    resume: () => say({ type: "resume", pid }),
    forget: () => {
      say({ type: "forget", pid });
      if (watchers.get(pid) === watcher) watchers.delete(pid);
    },
  };
}

export interface GuestWatch {
  pause(): void;
  resume(): void;
  forget(): void;
}
