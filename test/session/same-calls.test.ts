// The same agent, input and recorded results give the same calls twice: what the record of a session holds is enough to
// say why the agent did what it did.

import { expect, it, onTestFinished } from "vitest";
import { openLogReader } from "../../src/store/reader.ts";
import { play, recordedCalls } from "./player.ts";
import { makeWorld } from "./world.ts";

const MODULE = `import { defineCapability, defineModule } from "agent-enclosure";
import { setTimeout as wait } from "node:timers/promises";
export default defineModule(() => [
  defineCapability({ name: "look", effect: "read", run: async ({ ms, n }: { ms: number; n: number }) => {
    await wait(ms + Math.random() * 8);
    if (n % 7 === 3) throw new Error("no");
    return { n, at: Date.now(), dice: Math.random() };
  } }),
  defineCapability({ name: "refund", effect: "write", run: () => ({}) }),
]);
`;

/** Races, timers, refusals, failures, randomness and clocks, all of which decide what is called next. */
const AGENT = `import { desk } from "enclosure:caps";
const settle = (p) => p.then((v) => v, (e) => ({ code: e.code, message: e.message }));
export default async function main({ rounds }) {
  const seen = [];
  for (let i = 0; i < rounds; i++) {
    const dice = Math.floor(Math.random() * 5);
    const some = Array.from({ length: 2 + dice }, (_, n) => settle(desk.look({ ms: (n * 5) % 11, n: i + n, now: Date.now(), id: crypto.randomUUID() })));
    const first = await Promise.race([...some, new Promise((r) => setTimeout(r, dice, { timer: true }))]);
    seen.push(await settle(desk.look({ ms: 0, n: i, first })));
    if (dice > 2) await settle(desk.refund({ because: first, at: performance.now() }));
    await Promise.all([Promise.any(some), new Promise((r) => setTimeout(r, 1))]);
  }
  return seen;
}
`;

it("asks for the same calls, with the same arguments, in the same turns, and ends with the same output", async () => {
  const world = makeWorld(`capabilities:
  desk:
    use: module
    from: ./desk.ts
    allow: [look, refund]
    deny: [refund]
`);
  world.write("desk.ts", MODULE);
  const { result, records } = await world.run(AGENT, { input: { rounds: 6 } });
  expect(result.status).toBe("completed");
  const reader = await openLogReader({ path: world.store, home: world.home });
  onTestFinished(() => reader.close());
  const recorded = recordedCalls(reader, records);
  expect(recorded.length).toBeGreaterThan(12);
  for (let time = 0; time < 2; time++) {
    const { asked, done } = await play(reader, records);
    expect(asked).toEqual(recorded);
    expect(done).toMatchObject({ ok: true, outputText: JSON.stringify(result.output) });
  }
});

it("asks for other calls where an answer was another one: the comparison can fail", async () => {
  const world = makeWorld(`capabilities: { desk: { use: module, from: ./desk.ts, allow: [look] } }\n`);
  world.write("desk.ts", MODULE);
  const { records } = await world.run(`import { desk } from "enclosure:caps";
    const { dice } = await desk.look({ ms: 1, n: 1 });
    await desk.look({ ms: 1, n: 2, dice });`);
  const other = await world.run(`import { desk } from "enclosure:caps";
    const { dice } = await desk.look({ ms: 1, n: 1 });
    await desk.look({ ms: 1, n: 2, dice });`);
  const reader = await openLogReader({ path: world.store, home: world.home });
  onTestFinished(() => reader.close());
  const { asked } = await play(reader, [records[0], records[1], ...other.records.slice(2)] as typeof records);
  expect(asked).not.toEqual(recordedCalls(reader, records));
});
