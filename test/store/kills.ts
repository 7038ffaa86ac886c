// Killing a writer at some moment, opening its store again, and holding what is there against what it had told.
import { expect } from "vitest";
import { openReader, openWriter, type Place, verify } from "./logs.ts";
import { runChild } from "./processes.ts";

export async function killAndRecover(
  place: Place,
  { sessions, calls, killAfter }: { sessions: number; calls: number; killAfter: number },
): Promise<void> {
  const { told, code } = await runChild(place, { sessions, calls, killAfter });
  expect(code).not.toBe(0);
  const before = await verify(place);
  const verdicts = Object.values(before.verdicts).map(({ verdict }) => verdict);
  expect(verdicts).not.toContain("invalid");
  await (await openWriter(place)).close();
  const reader = await openReader(place);
  for (const { opened, released, seq, session } of told) {
    if (opened !== undefined) expect(reader.session(opened as never)).not.toEqual([]);
    if (released === undefined || seq === undefined) continue;
    const record = reader.record(seq);
    expect(record).toMatchObject({ session, body: { type: "call.intended", data: { call: released } } });
    const outcome = reader.session(session as never).filter(({ body }) => body.type === "call.settled");
    expect(outcome.some(({ body }) => body.type === "call.settled" && body.data.call === released)).toBe(true);
  }
  for (const { session } of reader.sessions()) expect(reader.closing(session as never)).toBeDefined();
}
