// The guest process's keeper: starts it, speaks with it, ends it. Invariants: one process for one session; everything
// that it says passes the Conversation before anyone hears it; every process that was started is killed and reaped,
// also when the host exits; `ended` settles last of all, once, and the first reason to end is the one that it tells.

import { readFileSync } from "node:fs";
import { assert } from "../base/assert.ts";
import { utf8 } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { FRAME_BODY_BYTES_MAX } from "../base/limits.ts";
import { findAddon, GUEST_FLAGS } from "./command.ts";
import type { Delivery, Guest, GuestEnd, GuestFacts, GuestMessage, GuestStart } from "./contract.ts";
import { Conversation, LimitStruck } from "./conversation.ts";
import type { Frame } from "./frames.ts";
import { encodeFrame, FrameReader, ProtocolBreak } from "./frames.ts";
import { listen } from "./intake.ts";
import type { Launched } from "./launch.ts";
import { Launch } from "./launch.ts";
import { readPageBytes } from "./proc.ts";
import type { GuestWatch } from "./watch.ts";
import { readyWatchdog, watchGuest } from "./watch.ts";

export interface GuestOptions {
  /** Absolute paths of the built programs, and of the filter of the guest's system calls. */
  readonly programs: {
    readonly guest: string;
    readonly prelude: string;
    readonly watchdog: string;
    readonly filter: string;
  };
  /** Refuse to start where the operating system's sandbox cannot be put up. */
  readonly requireOsSandbox?: boolean;
}

/**
 * Starts a guest process, at once: nothing of the session need be known yet. Its `facts` reject with
 * GUEST_START_FAILED where it cannot be started, or where its limits could not be kept, and with OS_SANDBOX_MISSING.
 */
export function spawnGuest(options: GuestOptions): Guest {
  return new GuestProcess(options);
}

class GuestProcess implements Guest {
  readonly facts: Promise<GuestFacts>;
  readonly ended: Promise<GuestEnd>;
  readonly #watchdog: string;
  readonly #over = Promise.withResolvers<GuestEnd>();
  readonly #reader = new FrameReader((header) => this.#conversation?.bodyMax(header) ?? 0);
  #launch: Launch | undefined;
  #launched: Launched | undefined;
  #prelude = "";
  #conversation: Conversation | undefined;
  #onMessage: (message: GuestMessage) => void = () => {};
  #watch: GuestWatch | undefined;
  #end: GuestEnd | undefined;

  constructor(options: GuestOptions) {
    this.#watchdog = options.programs.watchdog;
    this.ended = this.#over.promise;
    this.facts = this.#open(options);
    // Whoever never asks for the facts still learns of the end.
    this.facts.catch(() => {});
  }

  async #open({ programs, requireOsSandbox = false }: GuestOptions): Promise<GuestFacts> {
    try {
      const pageBytes = readPageBytes();
      const addon = findAddon();
      this.#prelude = readFileSync(programs.prelude, "utf8");
      readyWatchdog(this.#watchdog);
      this.#launch = new Launch({ programs, addon, pageBytes, insist: requireOsSandbox });
      const launched = await this.#launch.launched;
      this.#attach(launched);
      const { lacking, pid, ready, walls } = launched;
      return {
        pid,
        versions: { ...ready, isolatedVm: addon.version },
        prelude: this.#prelude,
        flags: GUEST_FLAGS,
        walls,
        ...(lacking !== undefined && { lacking }),
      };
    } catch (cause) {
      this.#end ??= endOfLaunch(cause);
      this.#over.resolve(this.#end);
      if (cause instanceof EnclosureError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new EnclosureError("GUEST_START_FAILED", `the guest process ended before it was ready: ${why}`, { cause });
    }
  }

  #attach(launched: Launched): void {
    this.#launched = launched;
    const { channel, closed, crash } = launched;
    const afterAll = listen(channel, this.#reader, {
      isOver: () => this.#end !== undefined,
      hear: (frame) => this.#hear(frame),
      fail: (error) => this.#break(error),
    });
    if (this.#end !== undefined) launched.kill();
    void closed.then(({ status, signal }) =>
      afterAll(() => {
        this.#watch?.hearAll();
        this.#end ??= crash.judge(status, signal, this.#conversation?.limits);
        this.#watch?.forget();
        this.#over.resolve(this.#end);
      }),
    );
  }

  /** What the channel brought could not be heard: the guest broke the protocol or ran into a limit, or there is a bug. */
  #break(error: unknown): void {
    if (error instanceof LimitStruck) {
      this.#kill({ kind: "limit", limit: error.limit, used: error.used, max: error.max });
    } else if (error instanceof ProtocolBreak) this.#kill({ kind: "protocol", detail: error.message });
    else throw error;
  }

  #hear(frame: Frame): void {
    if (this.#conversation === undefined) throw new ProtocolBreak(`${frame.header.type} before the start`);
    this.#onMessage(this.#conversation.hear(frame));
  }

  start(start: GuestStart, onMessage: (message: GuestMessage) => void): void {
    const launched = this.#launched;
    if (this.#end !== undefined) return;
    assert(launched !== undefined && this.#conversation === undefined, "a guest is started once, when it is ready");
    const { capabilities, env, inputText, limits, nowMs, script, seed } = start;
    this.#conversation = new Conversation(limits);
    this.#onMessage = onMessage;
    const parts = [this.#prelude, JSON.stringify({ capabilities, env }), inputText, script].map(utf8);
    const lengths = parts.map((part) => part.length);
    assert(
      lengths.reduce((sum, length) => sum + length) <= FRAME_BODY_BYTES_MAX,
      "the agent and its input fit a frame",
    );
    this.#watchFrom(launched, limits);
    this.#write(encodeFrame({ type: "start", nowMs, seed, limits, lengths }, Buffer.concat(parts)));
  }

  #watchFrom({ base, pid }: Launched, limits: GuestStart["limits"]): void {
    const bounds = { wallMs: limits.wallMs, cpuMs: limits.cpuMs, memoryBytes: limits.memoryBytes };
    const used = { baseCpuMs: base.cpuMs, baseBytes: base.residentBytes };
    this.#watch = watchGuest(this.#watchdog, { pid, ...bounds, ...used }, (end) => {
      if (end === "lost") this.#kill({ kind: "crashed", detail: "the watchdog was lost, so the guest was killed" });
      else if ("broke" in end) this.#kill({ kind: "crashed", detail: end.broke });
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
    const { channel } = this.#launched as Launched;
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
    if (this.#launched === undefined) this.#launch?.callOff();
    else this.#launched.kill();
  }
}

/** How a guest ended that was never ready. */
function endOfLaunch(cause: unknown): GuestEnd {
  if (cause instanceof ProtocolBreak) return { kind: "protocol", detail: cause.message };
  return { kind: "crashed", detail: "it could not be started" };
}
