// Hostile frames played at whole sessions: a program in the guest's place says recorded and made-up traffic, changed as in
// fuzz-frames.test.ts, to a real supervisor, session and store, and dies in one of many ways. Each session ends on the
// record, the log verifies, and no process is left. FUZZ_SEED=<number> plays one seed alone.
import { beforeAll, expect, test } from "vitest";
import { DEFAULT_SESSION_LIMITS } from "../../src/base/limits.ts";
import { findAddon, GUEST_ENVIRONMENT, guestArguments } from "../../src/enclosure/command.ts";
import { CHANNEL_FD } from "../../src/enclosure/frames.ts";
import { childrenOf } from "../end-to-end/desk.ts";
import { PROGRAMS } from "../enclosure/session.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { Step } from "./fake-guest.ts";
import { makeFakeWorld } from "./fake-guest.ts";
import { Listener } from "./listener.ts";
import type { Loose } from "./mutate.ts";
import { bytesOf, Draws, loosen, mangle, mutate } from "./mutate.ts";
import { nextFrame } from "./talker.ts";
import type { Traffic } from "./traffic.ts";
import { recordTraffic } from "./traffic.ts";

const SESSIONS = 80;
/** At a time. */
const TOGETHER = 4;
const LIMITS = { ...DEFAULT_SESSION_LIMITS, logBytes: 128 * 1024, calls: 200 };
const DEATHS = [
  "process.exit(0)",
  "process.abort()",
  'process.kill(process.pid, "SIGKILL"); stay()',
  "closeSync(3); process.exit(1)",
];

let recorded: readonly Traffic[];
beforeAll(async () => {
  recorded = await recordTraffic();
});

const only = process.env["FUZZ_SEED"];
const first = only === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(only);
const seeds = Array.from({ length: only === undefined ? SESSIONS : 1 }, (_, i) => (first + i) % 2 ** 32);

/** What a guest drawn from this seed does, and how many frames it says at most. */
function stepsOf(seed: number): readonly Step[] {
  const draws = new Draws(seed);
  const [ready, ...said] = draws.pick(recorded).said.map(loosen) as [Loose, ...Loose[]];
  const steps: Step[] = [{ write: bytesOf(ready) }, { read: true }];
  const flood = draws.isIn(2) ? madeUp(draws, draws.pick([200, 1000])) : [];
  const calm = draws.pick([2, 30, 300, 1e9]);
  for (const frame of [...flood, ...said]) {
    steps.push({ write: draws.isIn(calm) ? hostile(draws, frame) : bytesOf(frame) });
    // Where a turn has drained, the host has the word: the frames of the next one fit only then.
    if (frame.header.includes('"quiet"') && frame !== said.at(-1)) steps.push({ read: true });
  }
  // One that dies before it is started has no session.
  if (!draws.isIn(3)) return steps;
  return steps.toSpliced(2 + draws.below(steps.length - 1), Infinity, { run: draws.pick(DEATHS) });
}

/** Frames of one turn that each may come; some of them calls, which the session answers meanwhile. */
function madeUp(draws: Draws, length: number): readonly Loose[] {
  const heard = new Listener(LIMITS);
  return Array.from({ length }, () => {
    const frame = nextFrame(draws, heard, LIMITS);
    const isFit = !/"(?:quiet|done|call|timerSet)"/.test(frame.header);
    if (isFit) heard.push(bytesOf(frame));
    return isFit ? frame : { header: '{"type":"note","turn":0}', body: Buffer.from("instead") };
  });
}

function hostile(draws: Draws, frame: Loose): Uint8Array {
  return draws.isIn(3) ? mangle(draws, bytesOf(frame), 0) : bytesOf(mutate(draws, frame));
}

test("a session with a hostile guest ends on the record, whatever the guest says", async () => {
  const world = await makeFakeWorld();
  const told = new Map<string, string>();
  const waiting = seeds.values();
  const statuses = new Set<string>();
  const play = async (): Promise<void> => {
    for (const seed of waiting) {
      const { error, session, status } = await world.run(stepsOf(seed)).catch((error: unknown) => {
        throw new Error(`FUZZ_SEED=${seed}: no result`, { cause: error });
      });
      told.set(session, `${status} ${error?.code ?? null}`);
      statuses.add(status);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, play));
  const { ends, valid } = await world.close();
  expect(valid, `FUZZ_SEED from ${first} on`).toBe(true);
  expect(ends).toEqual(told);
  expect(ends.size).toBe(seeds.length);
  expect(childrenOf(process.pid).filter(({ command }) => command.includes("guest-"))).toEqual([]);
  if (only === undefined) expect([...statuses]).toEqual(expect.arrayContaining(["completed", "crashed"]));
});

test("a real guest process whose host writes what it likes ends by itself when the channel does", async () => {
  const ends = await Promise.all(
    seeds.slice(0, 16).map(async (seed) => {
      const draws = new Draws(seed);
      const child = spawn(process.execPath, guestArguments(PROGRAMS.guest, findAddon().path), {
        cwd: "/",
        env: GUEST_ENVIRONMENT,
        stdio: ["ignore", "ignore", "ignore", "pipe"],
      });
      const channel = child.stdio[CHANNEL_FD] as Duplex;
      channel.on("error", () => {});
      channel.resume();
      const [start, ...told] = draws.pick(recorded).told.map(loosen) as [Loose, ...Loose[]];
      channel.write(draws.isIn(3) ? hostile(draws, start) : bytesOf(start));
      for (const frame of told) channel.write(draws.isIn(3) ? hostile(draws, frame) : bytesOf(frame));
      channel.end();
      const [status, signal] = (await once(child, "exit")) as [number | null, string | null];
      return status === null ? `FUZZ_SEED=${seed}: ${signal}` : "exited";
    }),
  );
  expect(new Set(ends)).toEqual(new Set(["exited"]));
});
