// One attempt at starting a guest process in a wrapping: the process, until it says that it is ready or is dead, and the
// ways to end it. Invariants: what was started is killed and reaped, also when this process exits; the guest itself is
// killed where its number is known, so that bubblewrap reaps it; whatever holds the channel open after an end is cut off.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Duplex, Readable } from "node:stream";
import { GUEST_START_MS_MAX } from "../base/limits.ts";
import { GUEST_ENVIRONMENT } from "./command.ts";
import { Crash } from "./crash.ts";
import { CHANNEL_FD, FrameReader, ProtocolBreak } from "./frames.ts";
import type { Command, Wrapping } from "./os-walls.ts";
import { INFO_FD, release } from "./os-walls.ts";
import { readUse } from "./proc.ts";
import type { Ready } from "./ready.ts";
import { parseReady } from "./ready.ts";

/** bubblewrap says little on its descriptor; the rest would not be its. */
const INFO_BYTES_MAX = 4096;

/** How programs say that there is no room for a process in this moment (EAGAIN, ENOMEM), or for its files (EMFILE, ENFILE). */
const PASSING = /Resource temporarily unavailable|Cannot allocate memory|Cannot fork|Too many open files/i;

/** How long what was killed, or has ended, may take to be gone before more is done about it. */
const KILL_GRACE_MS = 1000;

/** This machine does not give what a wrapping needs; found out once, it stays so. */
export class CannotWrap extends Error {}

/** How a process ended. */
export interface Closed {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process that is started, until it is ready or dead. */
export class Attempt {
  readonly channel: Duplex;
  readonly crash = new Crash();
  /** Rejects when the process is reaped without having been ready. @throws ProtocolBreak when it spoke amiss, and was killed */
  readonly up: Promise<{ readonly pid: number; readonly ready: Ready }>;
  readonly closed: Promise<Closed>;
  /** What was spawned: the guest itself, or bubblewrap, which ends when the guest inside does. */
  readonly #child: ChildProcess;
  /** What bubblewrap has started, and when that began: its number may be another's once bubblewrap has reaped it. */
  #inner: { readonly pid: number; readonly began: string | undefined } | undefined;
  readonly #wrapped: boolean;
  #killed = false;
  #broke: ProtocolBreak | undefined;

  constructor({ name }: Wrapping, command: Command) {
    const wrapped = name === "bubblewrap";
    this.#wrapped = wrapped;
    try {
      this.#child = spawn(command.file, command.args, {
        cwd: "/",
        // Node hands this variable of its own on unless it is named.
        env: { ...GUEST_ENVIRONMENT, NODE_V8_COVERAGE: undefined },
        // A session and a process group of its own: no terminal, no signal that a terminal sends to its foreground group.
        detached: true,
        stdio: ["ignore", "ignore", "pipe", "pipe", wrapped ? "pipe" : "ignore", command.filterFd ?? "ignore"],
      });
    } finally {
      release(command);
    }
    // Without a descriptor left for its pipes, nothing was started, and this is said again by an event.
    if ((this.#child.stdio as unknown) === undefined) {
      this.#child.on("error", () => {});
      throw new Error("it cannot be started: no descriptor is left");
    }
    living.add(this.#child);
    this.channel = this.#child.stdio[CHANNEL_FD] as Duplex;
    // The process's end is told by `close`; what cannot be written to it any more does not matter.
    this.channel.on("error", () => {});
    this.#child.stderr?.on("data", (chunk: Uint8Array) => {
      this.crash.hear(chunk);
      if (this.crash.isFull) this.#child.stderr?.destroy();
    });
    this.closed = this.#whenClosed();
    const pid = wrapped ? this.#innerPid() : Promise.resolve(this.#child.pid ?? 0);
    const ready = Promise.all([pid, this.#ready()]);
    this.up = Promise.race([ready.then(([inner, said]) => ({ pid: inner, ready: said })), this.#failed(name)]);
    const late = setTimeout(() => this.#killAll(), GUEST_START_MS_MAX).unref();
    void this.up.finally(() => clearTimeout(late)).catch(() => {});
  }

  /**
   * Kills the guest: as soon as bubblewrap has told its number, and never bubblewrap, which reaps it and then ends. The
   * other way round a dead process would be left to whatever is the machine's first, and one that is not set up yet would live.
   */
  kill(): void {
    if (!this.#killed) setTimeout(() => this.#killAll(), KILL_GRACE_MS).unref();
    this.#killed = true;
    if (!this.#wrapped) return this.#killAll();
    const inner = this.#inner;
    if (inner?.began === undefined || readUse(inner.pid, 1)?.began !== inner.began) return;
    try {
      process.kill(inner.pid, "SIGKILL");
    } catch {
      // It died in this moment.
    }
  }

  #killAll(): void {
    // Once it is reaped, its number may be another's.
    if (this.#child.exitCode === null && this.#child.signalCode === null) killGroup(this.#child.pid);
  }

  #whenClosed(): Promise<Closed> {
    return new Promise((resolve, reject) => {
      this.#child.on("error", (error) => reject(new Error(`it cannot be started: ${error.message}`)));
      // Where nothing holds what a broken guest has started, that may keep the channel open.
      this.#child.on("exit", () => {
        killGroup(this.#child.pid);
        setTimeout(() => this.#hangUp(), KILL_GRACE_MS).unref();
      });
      this.#child.on("close", (status, signal) => {
        living.delete(this.#child);
        resolve(this.#wrapped ? unwrapped(status, signal) : { status, signal });
      });
    });
  }

  #hangUp(): void {
    // What the guest said before its end is still being heard: its host is behind.
    if (this.channel.isPaused()) return void setTimeout(() => this.#hangUp(), KILL_GRACE_MS).unref();
    for (const stream of this.#child.stdio) stream?.destroy();
  }

  async #failed(name: string): Promise<never> {
    const { status, signal } = await this.closed;
    if (this.#broke !== undefined) throw this.#broke;
    const found = this.crash.judge(status, signal, undefined);
    const what = `${name}: ${found.kind === "crashed" ? found.detail : found.kind}`;
    // It gave up by itself, and would again. A signal that is not of the filter came from elsewhere.
    const gaveUp = (signal === null && !PASSING.test(what)) || signal === "SIGSYS";
    throw gaveUp && !this.#killed ? new CannotWrap(what) : new Error(what);
  }

  #ready(): Promise<Ready> {
    const { channel } = this;
    return new Promise((resolve) => {
      const reader = new FrameReader(() => 0);
      const hear = (chunk: Uint8Array): void => {
        try {
          const [first, more] = [...reader.push(chunk)];
          if (first === undefined) return;
          const ready = parseReady(first.header);
          if (more !== undefined) throw new ProtocolBreak(`${more.header.type} before the start`);
          channel.off("data", hear).pause();
          resolve(ready);
        } catch (error) {
          if (!(error instanceof ProtocolBreak)) throw error;
          this.#broke ??= error;
          this.kill();
        }
      };
      channel.on("data", hear);
    });
  }

  /** The number, in this process's own namespace, of what runs inside: the first thing that bubblewrap says. */
  #innerPid(): Promise<number> {
    return new Promise((resolve) => {
      let said = "";
      (this.#child.stdio as readonly unknown[] as readonly Readable[])[INFO_FD]?.on("data", (chunk: Uint8Array) => {
        if (said.length < INFO_BYTES_MAX) said += Buffer.from(chunk).toString("latin1");
        const pid = /"child-pid": *(\d+)\b[^]/.exec(said)?.[1];
        if (pid === undefined || this.#inner !== undefined) return;
        this.#inner = { pid: Number(pid), began: readUse(Number(pid), 1)?.began };
        if (this.#killed) this.kill();
        resolve(this.#inner.pid);
      });
    });
  }
}

/** bubblewrap ends with 128 and the signal's number where the process inside died of one. */
function unwrapped(status: number | null, signal: NodeJS.Signals | null): Closed {
  if (status === null || status <= 128) return { status, signal };
  const name = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  return name === undefined ? { status, signal } : { status: null, signal: name as NodeJS.Signals };
}

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const { pid } of living) killGroup(pid);
});

/** Kills a process that was started here, and all of its group. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It died in this moment.
  }
}
