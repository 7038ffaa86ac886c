import { expect, it } from "vitest";
import { answerSizes, residentBytes } from "../../src/bundle/compiler-watch.ts";

/** The beginning of a packet of this size, and as much of it as fits in `bytes`. */
function packet(length: number, bytes = length): Uint8Array {
  const whole = new Uint8Array(4 + bytes).fill(0xff, 4);
  new DataView(whole.buffer).setUint32(0, length, true);
  return whole;
}

it.each([1, 3, 7, 1000])("answerSizes() tells a long answer by its announcement, in chunks of %i bytes", (size) => {
  const isLong = answerSizes(300);
  const sent = Buffer.concat([packet(0), packet(300), packet(5), packet(301, 0)]);
  const told: boolean[] = [];
  for (let at = 0; at < sent.length; at += size) told.push(isLong(sent.subarray(at, at + size)));
  expect(told.indexOf(true)).toBe(told.length - 1);
});

it("residentBytes() reads what a process takes, and nothing of one that is gone", () => {
  expect(residentBytes(process.pid)).toBeGreaterThan(2 ** 20);
  expect(residentBytes(2 ** 30)).toBe(0);
});
