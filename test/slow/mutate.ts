// Frames turned hostile: changes to a frame's header, body and bytes, and to the order of frames, drawn from a seed.
import type { Frame } from "../../src/enclosure/frames.ts";
import { RESERVED_FRAMES } from "../../src/enclosure/frames.ts";

/** Draws that a seed repeats (mulberry32). */
export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 to `below`, exclusively. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  isIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }
}

/** A frame that need not be one: its header may be any text. */
export interface Loose {
  readonly header: string;
  readonly body: Uint8Array;
}

export const loosen = ({ header, body }: Frame): Loose => ({ header: JSON.stringify(header), body });

const TYPES = ["call", "cancel", "timerSet", "timerCleared", "log", "note", "refusedInside", "quiet", "done", "ready"];
const OTHER_TYPES = [...RESERVED_FRAMES, "start", "settled", "timerFired", "constructor", "__proto__", "toString", ""];
const FIELDS = ["turn", "id", "capability", "fn", "line", "column", "delayMs", "level", "count", "code", "ok", "calls"];
const OTHER_FIELDS = ["draws", "timersArmed", "__proto__", "constructor", "toJSON", "body", "argsText", "é"];
const VALUES: readonly unknown[] = [
  ...[0, -0, -1, 1, 2, 3, 1.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 53), null, true, false, "", "x", "1", "files", "desk"],
  ...[
    "x".repeat(129),
    "x".repeat(9000),
    "\ud800",
    "\0",
    "a.b",
    "__proto__",
    "constructor",
    "error",
    "IN_FLIGHT_EXCEEDED",
  ],
  ...[[], {}, [0], { type: "log" }, Array.from({ length: 50 }, () => []), { toString: "x", valueOf: 1 }],
];
const HEADERS = [
  ...[
    '{"type":"log","type":"call"}',
    '{"type":"log","turn":0,"level":"info"',
    "null",
    "[]",
    '"log"',
    "{}",
    "  ",
    "1e999",
  ],
  ...[
    `{"type":"log","turn":${"[".repeat(4000)}`,
    `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`,
    '{"type":"quiet","turn":-0}',
  ],
  ...[
    '{"type":"log","turn":0,"level":"info","__proto__":{"turn":9}}',
    '\ufeff{"type":"note","turn":0}',
    '{"type":"\\ud800"}',
  ],
];
const BODIES = [
  ...["", "0", "null", "[]", "{}", "{", '"\\ud800"', '{"__proto__":1}', `${"[".repeat(60)}${"]".repeat(60)}`],
  ...['{"name":"a","message":"b","code":1}', '{"name":"CapabilityDenied","message":"m","code":"GRANT_MISSING"}'],
  ...[
    "x".repeat(300),
    "x".repeat(70_000),
    JSON.stringify({ message: "m".repeat(9000) }),
    JSON.stringify({ stack: "\ud800" }),
  ],
].map((text) => Buffer.from(text));
const NOT_UTF8 = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]].map((bytes) =>
  Buffer.from(bytes),
);

/** The frame, changed in one way. */
export function mutate(draws: Draws, { header, body }: Loose): Loose {
  const changed = (change: (fields: Record<string, unknown>) => void): Loose => ({
    header: change1(header, change),
    body,
  });
  const near = (value: unknown): unknown =>
    typeof value === "number" ? value + draws.pick([-1, 1]) : draws.pick(VALUES);
  switch (draws.below(10)) {
    case 0:
      return changed((fields) => void (fields[draws.pick(Object.keys(fields))] = draws.pick(VALUES)));
    case 1:
      return changed((fields) => void Reflect.deleteProperty(fields, draws.pick(Object.keys(fields))));
    case 2:
      return changed((fields) => put(fields, draws.pick([...FIELDS, ...OTHER_FIELDS]), draws.pick(VALUES)));
    case 3:
      return changed((fields) => void (fields["type"] = draws.pick([...TYPES, ...OTHER_TYPES])));
    case 4:
    case 5:
      return changed((fields) => {
        const name = draws.pick(Object.keys(fields));
        put(fields, name, near(fields[name]));
      });
    case 6:
      return { header: draws.pick(HEADERS), body };
    case 7:
      return { header, body: draws.pick(NOT_UTF8) };
    case 8:
      return { header, body: Buffer.concat([body, draws.pick(BODIES)]) };
    default:
      return { header, body: draws.pick(BODIES) };
  }
}

function change1(header: string, change: (fields: Record<string, unknown>) => void): string {
  const fields = JSON.parse(header) as Record<string, unknown>;
  change(fields);
  return JSON.stringify(fields);
}

function put(fields: object, name: string, value: unknown): void {
  Object.defineProperty(fields, name, { value, enumerable: true, writable: true, configurable: true });
}

/** The bytes of a frame, whether it is one or not. */
export function bytesOf({ header, body }: Loose): Buffer {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(text.length, 0);
  prefix.writeUInt32BE(body.length, 4);
  return Buffer.concat([prefix, text, body]);
}

/** The bytes, changed in one place; `at` is where the last frame begins. */
export function mangle(draws: Draws, bytes: Buffer, at: number): Buffer {
  const place = at + draws.below(Math.max(1, bytes.length - at));
  const before = bytes.subarray(0, place);
  const changed = Buffer.from(bytes);
  switch (draws.below(6)) {
    case 0:
      changed.writeUInt8((changed[place] ?? 0) ^ (1 << draws.below(8)), place);
      return changed;
    case 1:
      return Buffer.concat([before, bytes.subarray(place + 1 + draws.below(8))]);
    case 2:
      return Buffer.concat([before, Buffer.from([draws.below(256)]), bytes.subarray(place)]);
    case 3:
      changed.writeUInt32BE(
        draws.pick([0, 1, 2, 8192, 8193, 2 ** 20, 33 * 2 ** 20, 33 * 2 ** 20 + 1, 2 ** 32 - 1]),
        at,
      );
      return changed;
    case 4:
      changed.writeUInt32BE(
        draws.pick([0, 1, 64, 257, 70_000, 2 ** 24, 33 * 2 ** 20, 33 * 2 ** 20 + 1, 2 ** 32 - 1]),
        at + 4,
      );
      return changed;
    default:
      return before;
  }
}

/** The bytes in pieces, as a channel might bring them. */
export function* cut(draws: Draws, bytes: Uint8Array): Generator<Uint8Array> {
  const most = draws.pick([1, 7, 64, 1000, 65_536]);
  for (let at = 0; at < bytes.length;) {
    const length = 1 + draws.below(most);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
