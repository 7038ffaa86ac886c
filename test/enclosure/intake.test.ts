// How the host listens: however much a guest says in one go, the host's event loop comes round in between.
import { spawn } from "node:child_process";
import { PassThrough, type Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { expect, test } from "vitest";
import type { Frame } from "../../src/enclosure/frames.ts";
import { encodeFrame, FrameReader, ProtocolBreak } from "../../src/enclosure/frames.ts";
import { listen } from "../../src/enclosure/intake.ts";

const FRAMES = 1000;
/** More frames than are heard in one turn of the event loop, in one chunk, and one more chunk after it. */
const CHUNKS = [0, 1].map((chunk) =>
  Buffer.concat(
    Array.from({ length: FRAMES / 2 }, (_, i) => encodeFrame({ type: "note", n: (chunk * FRAMES) / 2 + i })),
  ),
);

interface Heard {
  readonly numbers: unknown[];
  /** How many were heard in each turn of the event loop. */
  readonly portions: number[];
  readonly errors: unknown[];
}

/** Listens to the chunks to the channel's end. */
async function hearAll(chunks: readonly Uint8Array[], take: (frame: Frame) => void = () => {}): Promise<Heard> {
  const channel = new PassThrough({ highWaterMark: 1e6 });
  const heard: Heard = { numbers: [], portions: [], errors: [] };
  let portion = 0;
  const afterAll = listen(channel, new FrameReader(() => 0), {
    isOver: () => heard.errors.length > 0,
    hear: (frame) => {
      if (portion === 0) {
        setImmediate(() => {
          heard.portions.push(portion);
          portion = 0;
        });
      }
      portion++;
      heard.numbers.push(frame.header["n"]);
      take(frame);
    },
    fail: (error) => void heard.errors.push(error),
  });
  for (const chunk of chunks) channel.write(chunk);
  channel.end();
  await finished(channel);
  await new Promise<void>(afterAll);
  return heard;
}

test("listen() hears everything in its order, also past the channel's end, a portion in each turn of the event loop", async () => {
  const { errors, numbers, portions } = await hearAll(CHUNKS);
  expect(errors).toEqual([]);
  expect(numbers).toEqual(Array.from({ length: FRAMES }, (_, i) => i));
  // One portion when the bytes come, and one when the next turn begins.
  expect(Math.max(...portions)).toBeLessThanOrEqual(2 * 64);
});

test.for([
  ["what the reader throws", [encodeFrame({ type: "note", n: 0 }), new Uint8Array(8), ...CHUNKS], 1],
  ["what the listener throws", CHUNKS, 101],
] as const)("listen() hears nothing after %s, and reads on to the channel's end", async ([, chunks, count]) => {
  const { errors, numbers } = await hearAll(chunks, ({ header }) => {
    if (header["n"] === 100) throw new ProtocolBreak("a hundred");
  });
  expect(errors).toEqual([expect.any(ProtocolBreak)]);
  expect(numbers).toHaveLength(count);
});

test("hears all that a process has said before its end, in its order, though the host is behind when it dies", async () => {
  // Frames of `encodeFrame`, in one go, and a death: Node then resumes what was paused.
  const program = `
    const header = (n) => { const text = JSON.stringify({ type: "note", n }); const size = Buffer.alloc(8);
      size.writeUInt32BE(text.length); return Buffer.concat([size, Buffer.from(text)]); };
    const all = Buffer.concat(Array.from({ length: 4000 }, (_, n) => header(n)));
    for (let at = 0; at < all.length;)
      try { at += require("node:fs").writeSync(3, all, at); } catch (error) { if (error.code !== "EAGAIN") throw error; }
    process.kill(process.pid, "SIGKILL");`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const channel = (child.stdio as readonly unknown[])[3] as Readable;
  const numbers: unknown[] = [];
  const errors: unknown[] = [];
  const afterAll = listen(channel, new FrameReader(() => 0), {
    isOver: () => errors.length > 0,
    hear: ({ header }) => {
      numbers.push(header["n"]);
      const began = process.hrtime.bigint();
      while (process.hrtime.bigint() - began < 50_000n);
    },
    fail: (error) => void errors.push(error),
  });
  await closed;
  await new Promise<void>(afterAll);
  expect(errors).toEqual([]);
  expect(numbers).toEqual(Array.from({ length: 4000 }, (_, n) => n));
});
