// The frame parser against whatever a hostile process may write.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_SESSION_LIMITS, FRAME_BODY_BYTES_MAX, FRAME_HEADER_BYTES_MAX } from "../../src/base/limits.ts";
import type { GuestMessage } from "../../src/enclosure/contract.ts";
import { Conversation, LimitStruck } from "../../src/enclosure/conversation.ts";
import type { FrameHeader } from "../../src/enclosure/frames.ts";
import { encodeFrame, FrameReader, ProtocolBreak, RESERVED_FRAMES } from "../../src/enclosure/frames.ts";
import { parseReady } from "../../src/enclosure/ready.ts";

const CALL = { type: "call", turn: 0, id: 1, capability: "desk", fn: "get", line: 1, column: 2 };

const REFUSED = { type: "refusedInside", turn: 0, count: 1, code: "IN_FLIGHT_EXCEEDED" };

function raw(headerLength: number, bodyLength: number, rest: Uint8Array | string = ""): Uint8Array {
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(headerLength, 0);
  prefix.writeUInt32BE(bodyLength, 4);
  return Buffer.concat([prefix, Buffer.from(rest)]);
}

/** Everything that a conversation hears from these bytes, cut at the given places. */
function hear(conversation: Conversation, bytes: Uint8Array, cuts: readonly number[] = []): GuestMessage[] {
  const reader = new FrameReader((header) => conversation.bodyMax(header));
  const messages: GuestMessage[] = [];
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (let i = 1; i < edges.length; i++) {
    for (const frame of reader.push(bytes.subarray(edges[i - 1], edges[i]))) messages.push(conversation.hear(frame));
  }
  return messages;
}

function says(...frames: readonly (readonly [header: FrameHeader, body?: string])[]): () => GuestMessage[] {
  return () => {
    const conversation = new Conversation({
      ...DEFAULT_SESSION_LIMITS,
      inFlight: 2,
      timers: 2,
      argumentBytes: 64,
      logBytes: 500,
    });
    return hear(conversation, Buffer.concat(frames.map(([header, body]) => encodeFrame(header, body))));
  };
}

describe("FrameReader", () => {
  test("puts frames together however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.uint8Array({ maxLength: 200 })), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (frames, cuts) => {
          const bytes = Buffer.concat(
            frames.map(([text, body]) => encodeFrame({ type: "log", text: text.toWellFormed() }, body)),
          );
          const reader = new FrameReader(() => 1000);
          const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
          const heard = [];
          for (let i = 1; i < edges.length; i++) heard.push(...reader.push(bytes.subarray(edges[i - 1], edges[i])));
          expect(heard.map(({ header, body }) => [header["text"], [...body]])).toEqual(
            frames.map(([text, body]) => [text.toWellFormed(), [...body]]),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  test("gives any bytes a message or a ProtocolBreak, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(), { maxLength: 5 }), (bytes, cuts) => {
        const prefixed = Buffer.concat([raw(bytes.length % 50, bytes.length % 7), bytes]);
        for (const hostile of [bytes, prefixed]) {
          try {
            hear(new Conversation(DEFAULT_SESSION_LIMITS), hostile, cuts);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolBreak);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test.for([
    ["a header longer than the bound", raw(FRAME_HEADER_BYTES_MAX + 1, 0)],
    ["a header of no bytes", raw(0, 0)],
    ["a body longer than the bound", raw(2, FRAME_BODY_BYTES_MAX + 1)],
    ["lengths of all ones", raw(0xffffffff, 0xffffffff)],
    ["a header that is not JSON", raw(2, 0, "{x")],
    ["a header that is not UTF-8", raw(2, 0, Buffer.from([0x22, 0xff]))],
    ["a header that is an array", raw(2, 0, "[]")],
    ["a header without a type", raw(2, 0, "{}")],
    ["a type that is no text", raw(10, 0, '{"type":1}')],
    ["a type of the prototype's", raw(22, 0, '{"type":"constructor"}')],
  ] as const)("breaks on %s", ([, bytes]) => {
    expect(() => hear(new Conversation(DEFAULT_SESSION_LIMITS), bytes)).toThrow(ProtocolBreak);
  });

  test("refuses the reserved frames by name", () => {
    expect(RESERVED_FRAMES.length).toBeGreaterThan(0);
    for (const type of RESERVED_FRAMES) expect(says([{ type, turn: 0 }])).toThrow(`the frame ${type} is reserved`);
  });

  test("refuses a body too long for its frame before the body has come", () => {
    const header = JSON.stringify({ ...CALL });
    const conversation = new Conversation({ ...DEFAULT_SESSION_LIMITS, argumentBytes: 64 });
    expect(() => hear(conversation, raw(header.length, 65, header))).toThrow(
      /a body of 65 bytes in call, the bound is 64/,
    );
  });
});

describe("Conversation", () => {
  const settled = { type: "settled", id: 1, ok: true, resultText: "1", nowMs: 1 } as const;
  const quiet = { type: "quiet", turn: 0, calls: 0, draws: 0, timersArmed: 0 };

  test("hears a call with its exact text", () => {
    expect(says([CALL, '{"a": 1e0}'])()).toEqual([
      {
        type: "call",
        turn: 0,
        id: 1,
        capability: "desk",
        fn: "get",
        argsText: '{"a": 1e0}',
        site: { line: 1, column: 2 },
      },
    ]);
  });

  test("leaves out a place that is not known", () => {
    expect(says([{ ...CALL, line: 0, column: 0 }, "1"])()[0]).not.toHaveProperty("site");
  });

  test.for<[string, ...(readonly [FrameHeader, string?])[]]>([
    ["an unknown frame", [{ type: "settled", turn: 0 }]],
    ["an unknown field", [{ ...CALL, more: 1 }]],
    ["a missing field", [{ type: "cancel", turn: 0 }]],
    ["an id that skips", [{ ...CALL, id: 2 }]],
    ["an id that repeats", [CALL], [CALL]],
    ["an id that is no integer", [{ ...CALL, id: 1.5 }]],
    ["a name that is none", [{ ...CALL, capability: "a.b" }]],
    ["a reserved name", [{ ...CALL, capability: "constructor" }]],
    ["a turn that is not running", [{ ...CALL, turn: 1 }]],
    ["more calls in flight than the window", [CALL], [{ ...CALL, id: 2 }], [{ ...CALL, id: 3 }]],
    ["a cancel of a call that was not made", [{ type: "cancel", turn: 0, id: 1 }]],
    ["a cancel said twice", [CALL], [{ type: "cancel", turn: 0, id: 1 }], [{ type: "cancel", turn: 0, id: 1 }]],
    ["a timer id that skips", [{ type: "timerSet", turn: 0, id: 2, delayMs: 1 }]],
    ["a delay beyond what a timer can wait", [{ type: "timerSet", turn: 0, id: 1, delayMs: 2 ** 31 }]],
    ["clearing a timer that was not set", [{ type: "timerCleared", turn: 0, id: 1 }]],
    [
      "clearing more timers than were set",
      [{ type: "timerSet", turn: 0, id: 1, delayMs: 1 }],
      [{ type: "timerCleared", turn: 0, id: 1 }],
      [{ type: "timerCleared", turn: 0, id: 1 }],
    ],
    ["a level that is none", [{ type: "log", turn: 0, level: "fatal" }, "x"]],
    ["a second quiet in one turn", [quiet], [quiet]],
    ["totals that do not fit", [{ ...quiet, calls: 3 }]],
    ["more timers armed than were set", [{ ...quiet, timersArmed: 1 }]],
    ["a refusal told twice in one turn", [REFUSED], [REFUSED]],
    ["anything after the end", [{ type: "done", turn: 0, ok: true }, "1"], [CALL]],
    ["a second end", [{ type: "done", turn: 0, ok: true }, "1"], [{ type: "done", turn: 0, ok: true }, "1"]],
    ["an error that is no object", [{ type: "done", turn: 0, ok: false }, "1"]],
    ["an error that is a list", [{ type: "done", turn: 0, ok: false }, "[]"]],
    ["an error with another field", [{ type: "done", turn: 0, ok: false }, '{"name":"a","message":"b","x":"c"}']],
    [
      "an error longer than the bound",
      [{ type: "done", turn: 0, ok: false }, JSON.stringify({ message: "x".repeat(8193) })],
    ],
    ["a body where there is none", [quiet, "x"]],
    ["a refusal code that is none", [{ type: "refusedInside", turn: 0, count: 1, code: "GRANT_MISSING" }]],
  ])("breaks on %s", ([, ...frames]) => {
    expect(says(...frames)).toThrow(ProtocolBreak);
  });

  test("breaks on a text that is not UTF-8", () => {
    const bytes = encodeFrame({ type: "note", turn: 0 }, new Uint8Array([0xff]));
    expect(() => hear(new Conversation(DEFAULT_SESSION_LIMITS), bytes)).toThrow("a text that is not UTF-8");
  });

  test("counts log bytes and timers, and strikes their limits", () => {
    const line = [{ type: "log", turn: 0, level: "info" }, "x".repeat(200)] as const;
    expect(says(line)()).toHaveLength(1);
    expect(says(line, line)).toThrow(new LimitStruck("log", 528, 500));
    const timer = (id: number) => [{ type: "timerSet", turn: 0, id, delayMs: 1 }] as const;
    expect(says(timer(1), timer(2))()).toHaveLength(2);
    expect(says(timer(1), timer(2), timer(3))).toThrow(new LimitStruck("timers", 3, 2));
  });

  test("hears of each kind of refusal once a turn, and again in the next", () => {
    const conversation = new Conversation(DEFAULT_SESSION_LIMITS);
    hear(conversation, encodeFrame(CALL, "1"));
    conversation.deliver({ ...settled, turn: 1 });
    const other = { ...REFUSED, code: "ARGUMENT_TOO_LARGE" };
    const frames = [REFUSED, other, { ...quiet, calls: 1 }, { ...REFUSED, turn: 1 }, { ...other, turn: 1 }];
    expect(hear(conversation, Buffer.concat(frames.map((frame) => encodeFrame(frame))))).toHaveLength(5);
  });

  test("frees a place in the window when the outcome is delivered", () => {
    const conversation = new Conversation({ ...DEFAULT_SESSION_LIMITS, inFlight: 1 });
    hear(conversation, encodeFrame(CALL, "1"));
    conversation.deliver({ ...settled, turn: 1 });
    expect(hear(conversation, encodeFrame({ ...CALL, id: 2 }, "1"))).toHaveLength(1);
  });

  test("keeps a cancelled call's place in the window until its outcome is delivered", () => {
    const conversation = new Conversation({ ...DEFAULT_SESSION_LIMITS, inFlight: 1 });
    hear(conversation, encodeFrame(CALL, "1"));
    hear(conversation, encodeFrame({ type: "cancel", turn: 0, id: 1 }));
    expect(() => hear(conversation, encodeFrame({ ...CALL, id: 2 }, "1"))).toThrow("more than 1 calls in flight");
  });

  test("refuses deliveries that nobody waits for, or out of turn", () => {
    const conversation = new Conversation(DEFAULT_SESSION_LIMITS);
    hear(conversation, encodeFrame(CALL, "1"));
    expect(() => conversation.deliver({ ...settled, turn: 2 })).toThrow("turn 2 follows turn 0");
    expect(() => conversation.deliver({ ...settled, id: 2, turn: 1 })).toThrow("the guest waits for what is delivered");
    expect(() => conversation.deliver({ type: "timerFired", id: 1, turn: 1, nowMs: 1 })).toThrow("the guest waits");
  });
});

test("parseReady() breaks on another frame, another protocol and odd values", () => {
  const ready = {
    type: "ready",
    protocol: 1,
    node: "26.1",
    v8: "1",
    icu: "1",
    tz: "1",
    unicode: "1",
  };
  expect(parseReady(ready)).toEqual({ node: "26.1", v8: "1", icu: "1", tz: "1", unicode: "1" });
  for (const odd of [{ type: "log" }, { protocol: 2 }, { node: 26 }, { v8: "x".repeat(65) }, { icu: "\ud800" }]) {
    expect(() => parseReady({ ...ready, ...odd })).toThrow(ProtocolBreak);
  }
});
