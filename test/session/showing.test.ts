// The release gate for live lines: nothing is shown before its record is durable, and then in order.

import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/outside/clock.ts";
import type { LiveEvent } from "../../src/session/contract.ts";
import { Showing } from "../../src/session/showing.ts";
import { soon } from "../broker/live.ts";
import { type MemoryLog, memoryLog } from "../store/memory-log.ts";
import { heldTimers } from "../store/timers.ts";

const IDLE_MS = 5;

interface Shown {
  readonly log: MemoryLog;
  readonly showing: Showing;
  readonly timers: ReturnType<typeof heldTimers>;
  /** Appends a note's record, and adds its line. */
  note(text: string): void;
}

function open(onEvent: ((event: LiveEvent) => void) | undefined): Shown {
  const log = memoryLog(systemClock);
  const timers = heldTimers();
  const showing = new Showing(log.session, timers, onEvent);
  const note = (text: string): void => {
    const data = { note: { text, media: "text/plain", level: "full" } } as const;
    const ticket = log.session.append({ type: "session.noted", evidence: "agent_claimed", turn: 0, data });
    showing.add(() => ({ type: "note", text }), ticket);
  };
  return { log, showing, timers, note };
}

const textOf = (event: LiveEvent): string => (event.type === "note" ? event.text : event.type);

describe("a live line", () => {
  it("is not shown, nor even made, before its record is durable", async () => {
    const seen: string[] = [];
    const { log, showing, note } = open((event) => {
      seen.push(`${textOf(event)} of ${log.bodies("session.noted").length}`);
    });
    log.hold();
    note("a");
    note("b");
    const flushed = showing.flush();
    await soon();
    expect(seen).toEqual([]);
    log.free();
    await flushed;
    expect(seen).toEqual(["a of 2", "b of 2"]);
  });

  it("is never shown where the commit fails", async () => {
    const seen: LiveEvent[] = [];
    const { log, showing, timers, note } = open((event) => void seen.push(event));
    log.hold();
    note("a");
    timers.run(IDLE_MS);
    await soon();
    log.fail(new Error("full"));
    await soon();
    await expect(showing.flush()).rejects.toThrow("full");
    expect(seen).toEqual([]);
  });

  it("is shown as far as a commit reaches, in order, on commits that others ask for", async () => {
    const seen: string[] = [];
    const { log, showing, note } = open((event) => void seen.push(textOf(event)));
    note("a");
    note("b");
    const position = await log.session.release();
    note("c");
    showing.released({ ...position, n: position.n - 1 });
    expect(seen).toEqual(["a"]);
    showing.released(position);
    expect(seen).toEqual(["a", "b"]);
  });

  it("asks for a commit itself after a short idle time", async () => {
    const seen: string[] = [];
    const { timers, note } = open((event) => void seen.push(textOf(event)));
    note("a");
    await soon();
    expect(seen).toEqual([]);
    timers.run(IDLE_MS);
    await soon();
    note("b");
    timers.run(IDLE_MS);
    await soon();
    expect(seen).toEqual(["a", "b"]);
  });

  it("asks for nothing where nobody listens, or after it has been stopped", async () => {
    const deaf = open(undefined);
    const stopped = open(() => {});
    for (const { note, showing, timers } of [deaf, stopped]) {
      note("a");
      showing.stop();
      timers.run(IDLE_MS);
    }
    await soon();
    expect([deaf.log.records(), stopped.log.records()]).toEqual([[], []]);
  });
});

describe("a listener that throws", () => {
  it("stops nobody who waits for a commit, is shown nothing more, and its error comes out at the end", async () => {
    const seen: string[] = [];
    const { log, showing, timers, note } = open((event) => {
      seen.push(textOf(event));
      throw new Error("the listener's own");
    });
    note("a");
    note("b");
    showing.released(await log.session.release());
    note("c");
    timers.run(IDLE_MS);
    await soon();
    expect(seen).toEqual(["a"]);
    await expect(showing.flush()).rejects.toThrow("the listener's own");
  });
});
