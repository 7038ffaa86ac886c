// The host in miniature, with an oracle: hears bytes through the reader and the conversation, delivers as a session would,
// and says what is wrong with anything that comes out. It believes nothing of either, and counts for itself.
import type { SessionLimits } from "../../src/base/limits.ts";
import { ERROR_MESSAGE_CHARS_MAX, ERROR_STACK_CHARS_MAX, FRAME_HEADER_BYTES_MAX } from "../../src/base/limits.ts";
import type { Delivery, GuestMessage } from "../../src/enclosure/contract.ts";
import { Conversation, LimitStruck } from "../../src/enclosure/conversation.ts";
import { FrameReader, ProtocolBreak } from "../../src/enclosure/frames.ts";

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isPositive = (value: unknown): boolean => isCount(value) && (value as number) > 0;
const isText = (value: unknown): value is string => typeof value === "string" && value.isWellFormed();
const isName = (value: unknown): boolean => isText(value) && value.length > 0 && value.length <= 128;
const among =
  (...all: readonly unknown[]) =>
  (value: unknown): boolean =>
    all.includes(value);

/** What contract.ts says of each message, said again. */
const SHAPES: Readonly<Record<GuestMessage["type"], Shape>> = {
  call: {
    id: isPositive,
    capability: (name) => isName(name) && /^[a-z][\w-]*$/i.test(name as string),
    fn: isName,
    argsText: isText,
  },
  cancel: { id: isPositive },
  timerSet: { id: isPositive, delayMs: (value) => isPositive(value) && (value as number) < 2 ** 31 },
  timerCleared: { id: isPositive },
  log: { level: among("debug", "info", "warn", "error"), text: isText },
  note: { text: isText },
  refusedInside: { count: isPositive, code: among("IN_FLIGHT_EXCEEDED", "ARGUMENT_TOO_LARGE") },
  quiet: { calls: isCount, draws: isCount, timersArmed: isCount },
  done: { ok: (value) => typeof value === "boolean" },
};

export class Listener {
  /** How it ended; undefined while it goes on. */
  end: "protocol" | "limit" | "calls" | "done" | undefined;
  frames = 0;
  /** Bytes that the reader asked room for at once, at most. */
  roomMax = 0;
  readonly wrong: string[] = [];
  readonly waiting: ((turn: number) => Delivery)[] = [];
  readonly #limits: SessionLimits;
  readonly #conversation: Conversation;
  readonly #reader: FrameReader;
  readonly #counts: Record<string, number> = {};
  readonly #open = new Set<number>();
  readonly #armed = new Set<number>();
  readonly #turns = [0];
  #lastTurn = 0;
  #logBytes = 0;
  readonly #refusals = new Set<string>();

  constructor(limits: SessionLimits) {
    this.#limits = limits;
    this.#conversation = new Conversation(limits);
    this.#reader = new FrameReader((header) => this.#conversation.bodyMax(header));
  }

  get turn(): number {
    return this.#turns[0] ?? this.#lastTurn;
  }

  /** Every turn that was delivered has drained. */
  get isQuiet(): boolean {
    return this.#turns.length === 0;
  }

  hasRefused(code: string): boolean {
    return this.#refusals.has(code);
  }

  count(type: string): number {
    return this.#counts[type] ?? 0;
  }

  /** Hears one piece. */
  push(piece: Uint8Array): void {
    const { allocUnsafe } = Buffer;
    Buffer.allocUnsafe = (size) => {
      this.roomMax = Math.max(this.roomMax, size);
      return allocUnsafe(size);
    };
    try {
      for (const frame of this.#reader.push(piece)) {
        this.frames++;
        this.#check(this.#conversation.hear(frame));
        if (this.end !== undefined) return;
      }
    } catch (error) {
      if (error instanceof ProtocolBreak) this.end = "protocol";
      else if (error instanceof LimitStruck) this.end = "limit";
      else {
        this.end = "protocol";
        this.wrong.push(`threw ${error instanceof Error ? error.stack : String(error)}`);
      }
    } finally {
      Buffer.allocUnsafe = allocUnsafe;
    }
    if (this.roomMax > roomMaxOf(this.#limits)) this.wrong.push(`room for ${this.roomMax} bytes`);
  }

  /** Delivers what has waited longest. @returns whether anything waited */
  deliver(): boolean {
    const make = this.waiting.shift();
    if (make === undefined || this.end !== undefined) return false;
    const delivery = make(++this.#lastTurn);
    this.#turns.push(this.#lastTurn);
    (delivery.type === "settled" ? this.#open : this.#armed).delete(delivery.id);
    this.#conversation.deliver(delivery);
    return true;
  }

  #check(message: GuestMessage): void {
    const { type, turn } = message;
    const before = (this.#counts[type] = this.count(type) + 1) - 1;
    const claim = (holds: boolean, what: string): void => {
      if (!holds) this.wrong.push(`${what}: ${JSON.stringify(message).slice(0, 300)}`);
    };
    claim(turn === this.#turns[0], "a turn that is not running");
    claim(fits(message), "a message that is not as the contract says");
    switch (type) {
      case "call":
        return this.#checkCall(message, before, claim);
      case "cancel":
        return claim(message.id <= this.count("call") && before < this.count("call"), "a cancel too many");
      case "timerSet":
        this.#armed.add(message.id);
        this.waiting.push((turn) => ({ type: "timerFired", id: message.id, turn, nowMs: turn }));
        claim(message.id === before + 1, "a timer's id with a gap");
        claim(this.#armed.size <= this.#limits.timers, "more timers than the limit");
        return this.#charge(0, claim);
      case "timerCleared":
        if (this.#armed.delete(message.id)) this.#forget(message.id);
        return claim(before < this.count("timerSet"), "more timers cleared than set");
      case "log":
      case "note":
        return this.#charge(Buffer.byteLength(message.text), claim);
      case "refusedInside":
        claim(!this.#refusals.has(message.code), "a refusal twice in one turn");
        return void this.#refusals.add(message.code);
      case "quiet":
        claim(message.calls === this.count("call") && message.timersArmed <= this.count("timerSet"), "odd totals");
        this.#refusals.clear();
        return void this.#turns.shift();
      case "done":
        this.end = "done";
        if (message.ok) claim(Buffer.byteLength(message.outputText) <= this.#limits.resultBytes, "a long output");
    }
  }

  #checkCall(message: Extract<GuestMessage, { type: "call" }>, before: number, claim: Claim): void {
    const { argsText, id } = message;
    this.#open.add(id);
    this.waiting.push((turn) => ({ type: "settled", id, turn, nowMs: turn, ok: true, resultText: "1" }));
    if (id > this.#limits.calls) this.end = "calls";
    claim(id === before + 1, "a call's id with a gap");
    claim(this.#open.size <= this.#limits.inFlight, "more calls in flight than the window");
    claim(Buffer.byteLength(argsText) <= this.#limits.argumentBytes, "a long argument");
  }

  /** A cleared timer is not fired. */
  #forget(timer: number): void {
    const at = this.waiting.findIndex((make) => {
      const { id, type } = make(0);
      return type === "timerFired" && id === timer;
    });
    this.waiting.splice(at, 1);
  }

  /** Each line, note and timer takes of the log limit, so there are so many of them at most. */
  #charge(bytes: number, claim: Claim): void {
    this.#logBytes += bytes + 64;
    claim(this.#logBytes <= this.#limits.logBytes, "more said than the log limit");
  }
}

type Claim = (holds: boolean, what: string) => void;

/** A header, or the longest body that any frame may have: an error, a text that strikes the log limit, an argument. */
function roomMaxOf(limits: SessionLimits): number {
  const error = 6 * (ERROR_MESSAGE_CHARS_MAX + ERROR_STACK_CHARS_MAX) + 4096;
  return Math.max(FRAME_HEADER_BYTES_MAX, error, 3 * (limits.logBytes + 1), limits.argumentBytes, limits.resultBytes);
}

function fits(message: GuestMessage): boolean {
  const { type, turn, ...rest } = message;
  const { site, error, outputText, ...fields } = rest as Record<string, unknown>;
  const shape = SHAPES[type];
  if (!isCount(turn) || Object.keys(fields).length !== Object.keys(shape).length) return false;
  if (!Object.entries(shape).every(([name, check]) => check(fields[name]))) return false;
  if (type !== "call") {
    if (site !== undefined) return false;
  } else if (site !== undefined && !isSite(site)) return false;
  if (type !== "done") return error === undefined && outputText === undefined;
  return message.ok ? isText(outputText) && error === undefined : isError(error) && outputText === undefined;
}

function isSite(site: unknown): boolean {
  const { line, column, ...more } = site as Record<string, unknown>;
  return isPositive(line) && isPositive(column) && Object.keys(more).length === 0;
}

function isError(error: unknown): boolean {
  const { name, message, code, stack, ...more } = error as Record<string, unknown>;
  const isShort = (text: unknown, max: number): boolean => isText(text) && text.length <= max;
  return (
    [name, message, code ?? ""].every((text) => isShort(text, ERROR_MESSAGE_CHARS_MAX)) &&
    isShort(stack ?? "", ERROR_STACK_CHARS_MAX) &&
    Object.keys(more).length === 0
  );
}
