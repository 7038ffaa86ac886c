// The guest process's program: loads the isolate, makes its own realm poor, then reads a frame, delivers it into the
// isolate, lets it drain and writes what it said, until the channel ends.
// Invariants: one isolate, one context, on this thread; into the isolate go text and one function that queues text; the
// child holds the only reference to the guest's `deliver` and enters through it with a time-out, always; no object of
// the guest's is ever copied here. There is no event loop: reading and writing block, and the end of the channel (the
// host is gone) is the end of the process.

import type ivm from "isolated-vm";
import { setFlagsFromString } from "node:v8";
import { JSON_DEPTH_MAX } from "../base/codec.ts";
import { textDepth } from "../base/json.ts";
import type { SessionLimits } from "../base/limits.ts";
import { ERROR_MESSAGE_CHARS_MAX, TURN_MS_MAX } from "../base/limits.ts";
import { Channel } from "./child-channel.ts";
import { closeInherited, dropPowers, exit } from "./child-realm.ts";
import type { Frame, FrameHeader } from "./frames.ts";
import { bodyText, GUEST_EXIT, PROTOCOL } from "./frames.ts";
import { HOOK_NAME, POST_TOO_LARGE, POST_WINDOW_FULL, PRELUDE_NAME, SCRIPT_NAME } from "./guest/names.ts";

const MiB = 1024 * 1024;
/** What a turn may take beyond the wall limit, which the host's watchdog strikes first; this bound is for a host that died. */
const TURN_GRACE_MS = 1000;

/**
 * The agent's stack. V8 takes it, by its flag, when an isolate is made; the process's own is larger (command.ts), so that
 * what the isolate posts finds room here however deep the agent stands.
 */
const AGENT_STACK_KIB = 984;

const HEAP_ROOM = 4;

/** What the isolate posts: one line of JSON, made by the prelude. */
interface Posted {
  readonly type: string;
  readonly id: number;
  readonly draws: number;
  readonly ok: boolean;
  readonly [field: string]: unknown;
}

/** One agent's isolate, and the child's own account of what it has asked for. */
class Cell {
  readonly #channel: Channel;
  readonly #limits: SessionLimits;
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #deliver: ivm.Reference<(text: string, main?: unknown) => void>;
  readonly #turnMsMax: number;
  #turn = 0;
  #calls = 0;
  #inFlight = 0;
  #timers = 0;
  readonly #armed = new Set<number>();
  #draws = 0;
  #done: { readonly ok: boolean; readonly text: string } | undefined;
  #toldDone = false;

  constructor(channel: Channel, vm: typeof ivm, prelude: string, limits: SessionLimits) {
    this.#channel = channel;
    this.#limits = limits;
    this.#turnMsMax = Math.min(TURN_MS_MAX, limits.wallMs + TURN_GRACE_MS);
    setFlagsFromString(`--stack-size=${AGENT_STACK_KIB}`);
    // Room beyond the limit, so that the watchdog ends what passes it, and no agent catches an error that comes earlier or
    // later as the collector has it.
    this.#isolate = new vm.Isolate({ memoryLimit: Math.ceil((HEAP_ROOM * limits.memoryBytes) / MiB) });
    this.#context = this.#isolate.createContextSync();
    const { global } = this.#context;
    global.setSync(HOOK_NAME, new vm.Callback((text: unknown) => this.#hear(text)));
    this.#isolate.compileScriptSync(prelude, { filename: PRELUDE_NAME }).runSync(this.#context);
    this.#deliver = global.getSync(HOOK_NAME, { reference: true });
    global.deleteSync(HOOK_NAME);
  }

  /** Turn 0. A script that does not compile is the agent's failure, and the end of its run. */
  start(text: string, script: string): void {
    let main: ivm.Reference<unknown>;
    try {
      const compiled = this.#isolate.compileScriptSync(script, { filename: SCRIPT_NAME });
      main = compiled.runSync(this.#context, { reference: true, timeout: this.#turnMsMax });
      if (main.typeof !== "function") throw new TypeError("the script is not a function");
    } catch (error) {
      this.#failToStart(error);
      return;
    }
    this.run(0, text, main.derefInto({ release: true }));
  }

  /** One turn: delivers, lets the isolate drain, closes the turn. */
  run(turn: number, text: string, main?: ivm.Dereference<unknown>): void {
    this.#turn = turn;
    this.#enter(main === undefined ? [text] : [text, main]);
    this.#enter(['{"type":"closeTurn"}\n']);
    this.#closeTurn();
  }

  settled(): void {
    this.#inFlight--;
  }

  fired(timer: number): void {
    this.#armed.delete(timer);
  }

  /**
   * What is thrown here is a rejection that the agent left unhandled, or the isolate is lost. The first is dropped:
   * isolated-vm reports what has not been collected, on which two runs need not agree; a denial is on the record anyway.
   */
  #enter(args: [string] | [string, ivm.Dereference<unknown>]): void {
    const before = performance.now();
    try {
      this.#deliver.applySync(undefined, args as [string], { timeout: this.#turnMsMax });
    } catch {
      if (this.#isolate.isDisposed) this.#giveUp(GUEST_EXIT.memory);
      if (performance.now() - before >= this.#turnMsMax) this.#giveUp(GUEST_EXIT.turn);
    }
  }

  #closeTurn(): void {
    // Once: turns may have been delivered before the host heard of the end.
    if (this.#done !== undefined && !this.#toldDone) {
      this.#toldDone = true;
      this.#channel.send({ type: "done", turn: this.#turn, ok: this.#done.ok }, this.#done.text);
    }
    const totals = { calls: this.#calls, draws: this.#draws, timersArmed: this.#armed.size };
    this.#channel.send({ type: "quiet", turn: this.#turn, ...totals });
  }

  #failToStart(error: unknown): void {
    if (this.#isolate.isDisposed) this.#giveUp(GUEST_EXIT.memory);
    const { name, message } = error instanceof Error ? error : { name: "Error", message: "the script cannot run" };
    const text = message.slice(0, ERROR_MESSAGE_CHARS_MAX).toWellFormed();
    this.#done = { ok: false, text: JSON.stringify({ name, message: text }) };
    this.#closeTurn();
  }

  #giveUp(status: number): never {
    this.#channel.flush();
    return exit(status);
  }

  /** The isolate's one way out. Called from inside it, so it must never throw. */
  #hear(text: unknown): number {
    try {
      if (typeof text !== "string" || this.#done !== undefined) return 0;
      const newline = text.indexOf("\n");
      return this.#take(JSON.parse(text.slice(0, newline)) as Posted, text.slice(newline + 1));
    } catch {
      return this.#giveUp(GUEST_EXIT.broken);
    }
  }

  #take(posted: Posted, body: string): number {
    switch (posted.type) {
      case "call":
        return this.#takeCall(posted, body);
      case "timerSet":
        this.#armed.add(++this.#timers);
        this.#send(posted, { id: this.#timers });
        return this.#timers;
      case "timerCleared":
        this.#armed.delete(posted.id);
        break;
      case "drained":
        this.#draws = posted.draws;
        return 0;
      case "done":
        this.#done = this.#boundOutput(posted.ok, body);
        return 0;
    }
    this.#send(posted, {}, body);
    return 0;
  }

  #takeCall(posted: Posted, body: string): number {
    if (this.#inFlight >= this.#limits.inFlight) return POST_WINDOW_FULL;
    if (Buffer.byteLength(body) > this.#limits.argumentBytes) return POST_TOO_LARGE;
    if (textDepth(body) > JSON_DEPTH_MAX) throw new Error("an argument deeper than the codec makes");
    this.#inFlight++;
    this.#send(posted, { id: ++this.#calls }, body);
    return this.#calls;
  }

  #boundOutput(ok: boolean, text: string): { readonly ok: boolean; readonly text: string } {
    const bytesMax = this.#limits.resultBytes;
    if (!ok || Buffer.byteLength(text) <= bytesMax) return { ok, text };
    const message = `the output is larger than ${bytesMax} bytes`;
    return { ok: false, text: JSON.stringify({ name: "AgentFailure", message, code: "RESULT_TOO_LARGE" }) };
  }

  #send(posted: Posted, more: { readonly id?: number }, body?: string): void {
    this.#channel.send({ ...posted, ...more, turn: this.#turn }, body);
  }
}

/** The isolate's addon, from its own file: no loader, no package around it. */
function loadAddon(path: string): typeof ivm {
  const holder: { exports: { ivm?: typeof ivm } } = { exports: {} };
  process.dlopen(holder, path);
  if (holder.exports.ivm === undefined) throw new Error("the addon is not isolated-vm");
  return holder.exports.ivm;
}

function readyFrame(): FrameHeader {
  const { versions } = process;
  return {
    type: "ready",
    protocol: PROTOCOL,
    node: versions.node,
    v8: versions.v8,
    icu: `${versions["icu"]}`,
    tz: `${versions["tz"]}`,
    unicode: `${versions["unicode"]}`,
  };
}

/** The start frame's body is four texts, one after the other, with their lengths in the header. */
function startCell(channel: Channel, vm: typeof ivm, { header, body }: Frame): Cell {
  const { lengths, limits, nowMs, seed } = header as FrameHeader & {
    readonly lengths: readonly number[];
    readonly limits: SessionLimits;
  };
  let at = 0;
  const [prelude, tables, inputText, script] = lengths.map((length) => bodyText(body.subarray(at, (at += length))));
  const cell = new Cell(channel, vm, prelude as string, limits);
  const given = { type: "start", nowMs, seed, limits, ...(JSON.parse(tables as string) as object) };
  cell.start(`${JSON.stringify(given)}\n${inputText}`, script as string);
  return cell;
}

function serve(channel: Channel, vm: typeof ivm): void {
  let cell: Cell | undefined;
  for (const frame of channel.frames()) {
    if (cell === undefined) {
      cell = startCell(channel, vm, frame);
      continue;
    }
    const { turn, ...header } = frame.header;
    if (header.type === "settled") cell.settled();
    else cell.fired(frame.header["id"] as number);
    cell.run(turn as number, `${JSON.stringify(header)}\n${bodyText(frame.body)}`);
  }
}

const [addonPath, ...inherited] = process.argv.slice(2) as [string, ...string[]];
inherited.forEach(closeInherited);
const vm = loadAddon(addonPath);
const ready = readyFrame();
dropPowers(addonPath);
const channel = new Channel();
channel.send(ready);
serve(channel, vm);
