// The host's ear: turns frames of a hostile guest process into messages, or ends the conversation.
// Invariants: every field of every frame is checked, nothing unknown is let pass; ids count up without gaps; a message
// belongs to the oldest turn that has not drained; what the guest has asked for and not got stays within the limits.
// A frame that does not fit throws ProtocolBreak; a bound that an agent can reach by itself throws LimitStruck.

import { assert } from "../base/assert.ts";
import type { CallId } from "../base/ids.ts";
import { isCapabilityName } from "../base/ids.ts";
import { isJsonObject } from "../base/json.ts";
import type { SessionLimits } from "../base/limits.ts";
import { ERROR_MESSAGE_CHARS_MAX, ERROR_STACK_CHARS_MAX, LOG_TEXT_CHARS_MAX } from "../base/limits.ts";
import type { Delivery, GuestError, GuestMessage, LimitName, LogLevel, ScriptSite } from "./contract.ts";
import type { Frame, FrameHeader } from "./frames.ts";
import { bodyText, ProtocolBreak } from "./frames.ts";

/**
 * What a line, a note or an armed timer takes of the log limit beyond its text, since each of them leads to a record: an
 * empty line is not free, nor is an interval, which arms a timer each time that it fires.
 */
const RECORD_COST_BYTES = 64;

/** What says how much of a text was cut off. */
const CUT_CHARS_MAX = 64;

/** The most that an error's JSON text can be long: its parts at three bytes a unit, escaped. */
const ERROR_BODY_BYTES_MAX = 6 * (ERROR_MESSAGE_CHARS_MAX + ERROR_STACK_CHARS_MAX) + 4096;

/** The guest ran into a limit that the host counts itself. */
export class LimitStruck extends Error {
  override readonly name = "LimitStruck";
  readonly limit: LimitName;
  readonly used: number;
  readonly max: number;

  constructor(limit: LimitName, used: number, max: number) {
    super(`${limit}: ${used} of ${max}`);
    this.limit = limit;
    this.used = used;
    this.max = max;
  }
}

type FieldCheck = (value: unknown) => boolean;
const count: FieldCheck = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const positive: FieldCheck = (value) => count(value) && value !== 0;
const oneOf =
  (...texts: readonly string[]): FieldCheck =>
  (value) =>
    typeof value === "string" && texts.includes(value);

/** Every frame that a started guest may send, and every field that it has. */
const FRAMES: Readonly<Record<string, Readonly<Record<string, FieldCheck>>>> = {
  call: {
    turn: count,
    id: positive,
    capability: (value) => typeof value === "string" && isCapabilityName(value),
    fn: (value) => typeof value === "string" && value.length > 0 && value.length <= 128 && value.isWellFormed(),
    line: count,
    column: count,
  },
  cancel: { turn: count, id: positive },
  timerSet: { turn: count, id: positive, delayMs: (value) => positive(value) && (value as number) <= 0x7fffffff },
  timerCleared: { turn: count, id: positive },
  log: { turn: count, level: oneOf("debug", "info", "warn", "error") },
  note: { turn: count },
  refusedInside: { turn: count, count: positive, code: oneOf("IN_FLIGHT_EXCEEDED", "ARGUMENT_TOO_LARGE") },
  quiet: { turn: count, calls: count, draws: count, timersArmed: count },
  done: { turn: count, ok: (value) => typeof value === "boolean" },
};

/** One conversation with one guest, from its start on. */
export class Conversation {
  readonly limits: SessionLimits;
  /** Turns that were delivered and have not drained, oldest first. */
  readonly #turns: number[] = [0];
  #lastTurn = 0;
  #calls = 0;
  readonly #open = new Set<CallId>();
  readonly #cancelled = new Set<CallId>();
  #timers = 0;
  #cleared = 0;
  readonly #armed = new Set<number>();
  #logBytes = 0;
  #draws = 0;
  /** Codes of the refusals that the running turn has told of: each is said once, with its count. */
  readonly #refusals = new Set<string>();
  #done = false;

  constructor(limits: SessionLimits) {
    this.limits = limits;
  }

  /** The longest body that a frame with this header may have. @throws ProtocolBreak on a header that does not fit. */
  bodyMax(header: FrameHeader): number {
    checkHeader(header);
    if (header.type === "call") return this.limits.argumentBytes;
    // One text longer than the limit is let in (the prelude cuts it, in characters), so that the log limit strikes.
    if (header.type === "log" || header.type === "note") {
      return 3 * Math.min(this.limits.logBytes + 1, LOG_TEXT_CHARS_MAX + CUT_CHARS_MAX);
    }
    if (header.type === "done") return header["ok"] === true ? this.limits.resultBytes : ERROR_BODY_BYTES_MAX;
    return 0;
  }

  /** A delivery goes out: the next turn, to a call that is open or a timer that is armed. */
  deliver(delivery: Delivery): void {
    const { turn, id } = delivery;
    assert(turn === this.#lastTurn + 1, `turn ${turn} follows turn ${this.#lastTurn}`);
    const waiting = delivery.type === "settled" ? this.#open.delete(id) : this.#armed.delete(id);
    assert(waiting, `the guest waits for what is delivered (${delivery.type} ${id})`);
    this.#lastTurn = turn;
    this.#turns.push(turn);
  }

  get done(): boolean {
    return this.#done;
  }

  /** The message that a frame carries. @throws ProtocolBreak, LimitStruck */
  hear(frame: Frame): GuestMessage {
    const { header } = frame;
    const turn = header["turn"] as number;
    if (turn !== this.#turns[0]) throw new ProtocolBreak(`${header.type} in turn ${turn}, which is not running`);
    if (this.#done && header.type !== "quiet") throw new ProtocolBreak(`${header.type} after the agent's end`);
    switch (header.type) {
      case "call":
        return this.#hearCall(turn, frame);
      case "cancel":
        return this.#hearCancel(turn, header["id"] as number);
      case "timerSet":
        return this.#hearTimerSet(turn, header);
      case "timerCleared":
        return this.#hearTimerCleared(turn, header["id"] as number);
      case "log":
        return { type: "log", turn, level: header["level"] as LogLevel, text: this.#hearText(frame.body) };
      case "note":
        return { type: "note", turn, text: this.#hearText(frame.body) };
      case "refusedInside":
        return this.#hearRefusedInside(turn, header);
      case "quiet":
        return this.#hearQuiet(turn, header);
      default:
        return this.#hearDone(turn, frame);
    }
  }

  #hearCall(turn: number, { header, body }: Frame): GuestMessage {
    const id = header["id"] as number;
    if (id !== this.#calls + 1) throw new ProtocolBreak(`call ${id} after call ${this.#calls}`);
    if (this.#open.size >= this.limits.inFlight)
      throw new ProtocolBreak(`more than ${this.#open.size} calls in flight`);
    this.#calls = id;
    this.#open.add(id);
    const site = { line: header["line"] as number, column: header["column"] as number };
    const call = {
      type: "call" as const,
      id,
      turn,
      capability: header["capability"] as string,
      fn: header["fn"] as string,
      argsText: bodyText(body),
    };
    return isKnown(site) ? { ...call, site } : call;
  }

  #hearCancel(turn: number, id: CallId): GuestMessage {
    if (id > this.#calls || this.#cancelled.has(id)) throw new ProtocolBreak(`cancel of call ${id}`);
    this.#cancelled.add(id);
    return { type: "cancel", id, turn };
  }

  #hearTimerSet(turn: number, header: FrameHeader): GuestMessage {
    const id = header["id"] as number;
    if (id !== this.#timers + 1) throw new ProtocolBreak(`timer ${id} after timer ${this.#timers}`);
    if (this.#armed.size >= this.limits.timers) {
      throw new LimitStruck("timers", this.#armed.size + 1, this.limits.timers);
    }
    this.#charge(RECORD_COST_BYTES);
    this.#timers = id;
    this.#armed.add(id);
    return { type: "timerSet", id, turn, delayMs: header["delayMs"] as number };
  }

  /** A timer may have been fired by the host while the guest cleared it: that is no break, only late. */
  #hearTimerCleared(turn: number, id: number): GuestMessage {
    if (id > this.#timers) throw new ProtocolBreak(`timer ${id} was never set`);
    if (++this.#cleared > this.#timers) throw new ProtocolBreak("more timers cleared than were set");
    this.#armed.delete(id);
    return { type: "timerCleared", id, turn };
  }

  /** Costs no record and is charged to no limit, so a turn has room for one of each code, as the prelude says them. */
  #hearRefusedInside(turn: number, header: FrameHeader): GuestMessage {
    const code = refusedCode(header);
    if (this.#refusals.has(code)) throw new ProtocolBreak(`refusedInside of ${code} twice in turn ${turn}`);
    this.#refusals.add(code);
    return { type: "refusedInside", turn, count: header["count"] as number, code };
  }

  #hearText(body: Uint8Array): string {
    this.#charge(body.length + RECORD_COST_BYTES);
    return bodyText(body);
  }

  #charge(bytes: number): void {
    this.#logBytes += bytes;
    if (this.#logBytes > this.limits.logBytes) throw new LimitStruck("log", this.#logBytes, this.limits.logBytes);
  }

  #hearQuiet(turn: number, header: FrameHeader): GuestMessage {
    const [calls, draws] = [header["calls"] as number, header["draws"] as number];
    const timersArmed = header["timersArmed"] as number;
    if (calls !== this.#calls || draws < this.#draws || timersArmed > this.#timers) {
      throw new ProtocolBreak("totals that do not fit");
    }
    this.#draws = draws;
    this.#refusals.clear();
    this.#turns.shift();
    return { type: "quiet", turn, calls, draws, timersArmed };
  }

  #hearDone(turn: number, { header, body }: Frame): GuestMessage {
    this.#done = true;
    if (header["ok"] === true) return { type: "done", turn, ok: true, outputText: bodyText(body) };
    return { type: "done", turn, ok: false, error: parseError(bodyText(body)) };
  }
}

function checkHeader(header: FrameHeader): void {
  const fields = Object.hasOwn(FRAMES, header.type) ? FRAMES[header.type] : undefined;
  if (fields === undefined) throw new ProtocolBreak(`an unknown frame ${JSON.stringify(header.type.slice(0, 40))}`);
  for (const name of Object.keys(header)) {
    if (name !== "type" && !Object.hasOwn(fields, name)) throw new ProtocolBreak(`an unknown field in ${header.type}`);
  }
  for (const [name, check] of Object.entries(fields)) {
    if (!Object.hasOwn(header, name) || !check(header[name]))
      throw new ProtocolBreak(`${header.type} without a good ${name}`);
  }
}

function isKnown(site: ScriptSite): boolean {
  return site.line > 0 && site.column > 0;
}

function refusedCode(header: FrameHeader): "IN_FLIGHT_EXCEEDED" | "ARGUMENT_TOO_LARGE" {
  return header["code"] === "ARGUMENT_TOO_LARGE" ? "ARGUMENT_TOO_LARGE" : "IN_FLIGHT_EXCEEDED";
}

const ERROR_FIELDS = ["name", "message", "code", "stack"] as const;

function parseError(text: string): GuestError {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolBreak("an error that is not JSON");
  }
  if (!isJsonObject(value)) throw new ProtocolBreak("an error that is no object");
  const error: { -readonly [Field in keyof GuestError]: GuestError[Field] } = { name: "", message: "" };
  for (const [name, part] of Object.entries(value)) {
    const field = ERROR_FIELDS.find((known) => known === name);
    const charsMax = field === "stack" ? ERROR_STACK_CHARS_MAX : ERROR_MESSAGE_CHARS_MAX;
    if (field === undefined || typeof part !== "string" || part.length > charsMax || !part.isWellFormed()) {
      throw new ProtocolBreak("an error with a field that does not fit");
    }
    error[field] = part;
  }
  return error;
}
