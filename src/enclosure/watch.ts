// The host's side of the watchdog: one thread a host process, shared by its sessions, started with the first guest and
// never what keeps the process alive. A watchdog that dies ends every guest that it watched: limits are kept or nothing runs.

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Broke, Struck, Watch, WatchOrder } from "./watchdog.ts";

/** Told when the process has been killed, for a limit or for what it did; "lost" when the watchdog itself is gone. */
export type Watcher = (end: Struck | Broke | "lost") => void;

const watchers = new Map<number, Watcher>();
let thread: Worker | undefined;
/** What the watchdog says. */
let heard: MessagePort | undefined;

function openThread(program: string): Worker {
  if (thread !== undefined) return thread;
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(program, {
    env: {},
    execArgv: [],
    stdin: false,
    workerData: { said: port2 },
    transferList: [port2],
  });
  port1.on("message", hear);
  worker.on("error", () => lose(worker));
  worker.on("exit", () => lose(worker));
  // After the listeners: adding one makes the thread hold the process again.
  worker.unref();
  port1.unref();
  thread = worker;
  heard = port1;
  return worker;
}

function hear(end: Struck | Broke): void {
  watchers.get(end.pid)?.(end);
}

/** Hears what the watchdog has said and the event loop has not come to. */
function hearAll(): void {
  if (heard === undefined) return;
  for (let next = receiveMessageOnPort(heard); next !== undefined; next = receiveMessageOnPort(heard)) {
    hear(next.message as Struck | Broke);
  }
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
    hearAll,
    forget: () => {
      say({ type: "forget", pid });
      if (watchers.get(pid) === watcher) watchers.delete(pid);
    },
  };
}

export interface GuestWatch {
  pause(): void;
  resume(): void;
  /** Asked when the process is dead: whether the watchdog killed it may be said and not heard yet. */
  hearAll(): void;
  forget(): void;
}
