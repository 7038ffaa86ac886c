// The guest process's keeper: starts it, speaks with it, ends it. Invariants: one process for one session; everything
// that it says passes the Conversation before anyone hears it; every process that was started is killed and reaped,
// also when the host exits; `ended` settles last of all, once, and the first reason to end is the one that it tells.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { assert } from "../base/assert.ts";
import { utf8 } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { FRAME_BODY_BYTES_MAX } from "../base/limits.ts";
import type { Addon } from "./command.ts";
import { findAddon, GUEST_ENVIRONMENT, GUEST_FLAGS, guestArguments } from "./command.ts";
import type { Delivery, Guest, GuestEnd, GuestFacts, GuestMessage, GuestStart } from "./contract.ts";
import { Conversation, LimitStruck } from "./conversation.ts";
import { Crash } from "./crash.ts";
import type { Frame } from "./frames.ts";
import { CHANNEL_FD, encodeFrame, FrameReader, ProtocolBreak } from "./frames.ts";
import { readPageBytes } from "./proc.ts";
import type { Ready } from "./ready.ts";
import { parseReady } from "./ready.ts";
import type { GuestWatch } from "./watch.ts";
import { readyWatchdog, watchGuest } from "./watch.ts";

export interface GuestOptions {
  /** Absolute paths of the built programs. */
  readonly programs: { readonly guest: string; readonly prelude: string; readonly watchdog: string };
}

/**
 * Starts a guest process, at once: nothing of the session need be known yet. Its `facts` reject with
 * GUEST_START_FAILED where it cannot be started, or where its limits could not be kept.
 */
export function spawnGuest(options: GuestOptions): Guest {
  return new GuestProcess(options);
}

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

class GuestProcess implements Guest {
  readonly facts: Promise<GuestFacts>;
  readonly ended: Promise<GuestEnd>;
  readonly #watchdog: string;
  readonly #crash = new Crash();
  readonly #ready = Promise.withResolvers<Ready>();
  readonly #over = Promise.withResolvers<GuestEnd>();
  readonly #reader = new FrameReader((header) => this.#conversation?.bodyMax(header) ?? 0);
  #child: ChildProcess | undefined;
  #channel: Duplex | undefined;
  #prelude = "";
  #base: Ready | undefined;
  #conversation: Conversation | undefined;
  #onMessage: (message: GuestMessage) => void = () => {};
  #watch: GuestWatch | undefined;
  #end: GuestEnd | undefined;

  constructor({ programs }: GuestOptions) {
    this.#watchdog = programs.watchdog;
    this.ended = this.#over.promise;
    this.facts = this.#open(programs);
    // Whoever never asks for the facts still learns of the end.
    this.facts.catch(() => {});
  }

  async #open(programs: GuestOptions["programs"]): Promise<GuestFacts> {
    let addon: Addon;
    try {
      readPageBytes();
      addon = findAddon();
      this.#prelude = readFileSync(programs.prelude, "utf8");
      readyWatchdog(this.#watchdog);
      this.#spawn(guestArguments(programs.guest, addon));
    } catch (cause) {
      this.#over.resolve({ kind: "crashed", detail: "it could not be started" });
      if (cause instanceof EnclosureError) throw cause;
      throw new EnclosureError("GUEST_START_FAILED", `the guest process cannot be started: ${String(cause)}`, {
        cause,
      });
    }
    const ready = await this.#ready.promise;
    return {
      pid: (this.#child as ChildProcess).pid as number,
      versions: { ...ready.versions, isolatedVm: addon.version },
      prelude: this.#prelude,
      flags: GUEST_FLAGS,
      walls: ["isolate", "process"],
    };
  }

  #spawn(args: readonly string[]): void {
    const child = spawn(process.execPath, args, {
      cwd: "/",
      env: GUEST_ENVIRONMENT,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    this.#child = child;
    living.add(child);
    const channel = child.stdio[CHANNEL_FD] as Duplex;
    this.#channel = channel;
    channel.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    // The process's end is told by `close`; what cannot be written to it any more does not matter.
    channel.on("error", () => {});
    child.stderr?.on("data", (chunk: Uint8Array) => this.#crash.hear(chunk));
    child.on("error", (error) => this.#reaped(`it cannot be started: ${error.message}`));
    child.on("close", (status, signal) => {
      this.#watch?.hearAll();
      const found = this.#crash.judge(status, signal, this.#limits);
      this.#end ??= found;
      this.#reaped(found.kind === "crashed" ? found.detail : found.kind);
    });
  }

  get #limits(): GuestStart["limits"] | undefined {
    return this.#conversation?.limits;
  }

  /** The process is dead, every byte of its has been heard. */
  #reaped(detail: string): void {
    living.delete(this.#child as ChildProcess);
    this.#watch?.forget();
    this.#ready.reject(
      new EnclosureError("GUEST_START_FAILED", `the guest process ended before it was ready: ${detail}`),
    );
    this.#over.resolve(this.#end ?? { kind: "crashed", detail });
  }

  #receive(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    try {
      for (const frame of this.#reader.push(chunk)) {
        this.#hear(frame);
        if (this.#end !== undefined) return;
      }
    } catch (error) {
      if (error instanceof LimitStruck) {
        this.#kill({ kind: "limit", limit: error.limit, used: error.used, max: error.max });
      } else if (error instanceof ProtocolBreak) this.#kill({ kind: "protocol", detail: error.message });
      else throw error;
    }
  }

  #hear(frame: Frame): void {
    if (this.#conversation !== undefined) return this.#onMessage(this.#conversation.hear(frame));
    if (this.#base !== undefined) throw new ProtocolBreak(`${frame.header.type} before the start`);
    this.#base = parseReady(frame.header);
    this.#ready.resolve(this.#base);
  }

  start(start: GuestStart, onMessage: (message: GuestMessage) => void): void {
    const base = this.#base;
    if (this.#end !== undefined) return;
    assert(base !== undefined && this.#conversation === undefined, "a guest is started once, when it is ready");
    const { capabilities, env, inputText, limits, nowMs, script, seed } = start;
    this.#conversation = new Conversation(limits);
    this.#onMessage = onMessage;
    const parts = [this.#prelude, JSON.stringify({ capabilities, env }), inputText, script].map(utf8);
    const lengths = parts.map((part) => part.length);
    assert(
      lengths.reduce((sum, length) => sum + length) <= FRAME_BODY_BYTES_MAX,
      "the agent and its input fit a frame",
    );
    this.#watchFrom(base, limits);
    this.#write(encodeFrame({ type: "start", nowMs, seed, limits, lengths }, Buffer.concat(parts)));
  }

  #watchFrom({ cpuMs, residentBytes }: Ready, limits: GuestStart["limits"]): void {
    const pid = this.#child?.pid as number;
    const bounds = { wallMs: limits.wallMs, cpuMs: limits.cpuMs, memoryBytes: limits.memoryBytes };
    this.#watch = watchGuest(this.#watchdog, { pid, ...bounds, baseCpuMs: cpuMs, baseBytes: residentBytes }, (end) => {
      if (end === "lost") this.#kill({ kind: "crashed", detail: "the watchdog was lost, so the guest was killed" });
      else this.#kill({ kind: "limit", limit: end.limit, used: end.used, max: end.max });
    });
  }

  deliver(delivery: Delivery): void {
    const conversation = this.#conversation;
    if (this.#end !== undefined || conversation?.done === true) return;
    assert(conversation !== undefined, "nothing is delivered before the start");
    conversation.deliver(delivery);
    const { turn, nowMs, id } = delivery;
    if (delivery.type === "timerFired") return this.#write(encodeFrame({ type: "timerFired", turn, nowMs, id }));
    const body = delivery.ok ? delivery.resultText : JSON.stringify(delivery.error);
    this.#write(encodeFrame({ type: "settled", turn, nowMs, id, ok: delivery.ok }, body));
  }

  /** What is said in one go leaves in one go. */
  #write(frame: Uint8Array): void {
    const channel = this.#channel as Duplex;
    if (channel.writableCorked === 0) {
      channel.cork();
      process.nextTick(() => channel.uncork());
    }
    channel.write(frame);
  }

  pauseWall(): void {
    this.#watch?.pause();
  }

  resumeWall(): void {
    this.#watch?.resume();
  }

  stop(): Promise<GuestEnd> {
    this.#kill({ kind: "stopped" });
    return this.ended;
  }

  #kill(end: GuestEnd): void {
    this.#end ??= end;
    this.#child?.kill("SIGKILL");
  }
}
