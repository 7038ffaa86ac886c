// One log, one key, two files: a store and a copy of it, which both go on.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { logFolder } from "../../src/outside/keys.ts";
import { closedDraft, intendedDraft, settledDraft } from "./drafts.ts";
import { copyStore, newPlace, openReader, openSession, openWriter, type Place, runSession, verify } from "./logs.ts";
import { changeStore } from "./tamper.ts";

/** Sizes and notes of what is signed. */
function signedIn({ path }: Place): Map<number, string> {
  let rows: { size: number; note: string }[] = [];
  changeStore(path, (db) => (rows = db.prepare<[], (typeof rows)[number]>("SELECT size, note FROM checkpoint").all()));
  return new Map(rows.map(({ size, note }) => [size, note]));
}

async function expectForkShown(place: Place, copy: Place): Promise<void> {
  for (const one of [place, copy]) {
    const report = await verify(one);
    expect(report.valid).toBe(false);
    expect(report.verdicts.completeness.verdict).toBe("invalid");
  }
  const [ours, theirs] = [signedIn(place), signedIn(copy)];
  for (const [size, note] of ours) expect(theirs.get(size) ?? note).toBe(note);
}

describe("a store and its copy", () => {
  it.each([1, 12])("are not both signed for once both have gone on, the second by %i calls", async (calls) => {
    const place = newPlace();
    const first = await openWriter(place);
    const session = openSession(first);
    await session.checkpoint();
    const copy = copyStore(place);
    const second = await openWriter(copy);
    await runSession(second, 6);
    await second.close();
    for (let call = 1; call <= calls; call++) {
      await session.release(session.append(intendedDraft(call)));
      session.append(settledDraft(call));
    }
    session.append(closedDraft(calls));
    await expect(session.checkpoint()).rejects.toMatchObject({ code: "LOG_FORKED" });
    await first.close();
    await expectForkShown(place, copy);
    await expect(openWriter(place)).rejects.toMatchObject({ code: "LOG_BEHIND_HEAD" });
    await expect(openWriter(copy)).rejects.toMatchObject({ code: "LOG_BEHIND_HEAD" });
  });

  it("are told apart by the heads of both, none of which the other takes away", async () => {
    const place = newPlace();
    const first = await openWriter(place);
    await runSession(first, 2);
    const copy = copyStore(place);
    for (let opening = 0; opening < 2; opening++) {
      const writer = await openWriter(copy);
      await runSession(writer, 1);
      await writer.close();
    }
    const heads = join(logFolder(place.home, first.origin), "heads");
    expect(readdirSync(heads)).toHaveLength(2);
    expect(readdirSync(heads)).toContain(first.boot);
    const session = openSession(first);
    await session.release();
    await expect(session.checkpoint()).rejects.toMatchObject({ code: "LOG_FORKED" });
    await first.close();
    await expectForkShown(place, copy);
  });

  it("are told from a store that has lost something: the one that stayed behind names the other", async () => {
    const place = newPlace();
    const first = await openWriter(place);
    await runSession(first, 2);
    await first.close();
    const copy = copyStore(place);
    const second = await openWriter(copy);
    await runSession(second, 1);
    await second.close();
    await expect(openWriter(place)).rejects.toMatchObject({
      code: "LOG_BEHIND_HEAD",
      message: expect.stringMatching(/^another file of this log has gone on: /),
    });
    expect((await openWriter(copy)).made.store).toBe(false);
  });

  it("may go on one after the other, where the one is the other's whole history", async () => {
    const place = newPlace();
    const first = await openWriter(place);
    await runSession(first, 2);
    await first.close();
    const copy = copyStore(place);
    const second = await openWriter(copy);
    await runSession(second, 1);
    await second.close();
    expect((await verify(copy)).valid).toBe(true);
    expect((await openReader(copy)).origin).toBe(first.origin);
  });
});
