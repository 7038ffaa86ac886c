// Thirty-two sessions at once in one host, one of them an attacker of each kind in turn: the others give the same results,
// make the same calls and leave the same records as they do without it.
import { expect, test } from "vitest";
import type { RunResult } from "../../src/session/contract.ts";
import type { FakeWorld, Step } from "./fake-guest.ts";
import { makeFakeWorld } from "./fake-guest.ts";
import { bytesOf, loosen } from "./mutate.ts";

const TOGETHER = 32;
const AMPLE = "wall: 10m, cpu: 5m, log: 1MiB";

const READY = bytesOf(
  loosen({
    header: { type: "ready", protocol: 1, node: "1", v8: "1", icu: "1", tz: "1", unicode: "1", cpuUs: 1, rssBytes: 1 },
    body: new Uint8Array(0),
  }),
);
const up: readonly Step[] = [{ write: READY }, { read: true }];
const agent = (body: string): string =>
  `import { files, note } from "enclosure:caps";\nvoid [files, note];\nexport default async () => { ${body} };\n`;

/** By how it ends. */
const ATTACKERS: Readonly<Record<string, (world: FakeWorld) => Promise<RunResult>>> = {
  "limit cpu": (world) => world.runAgent(agent("for (;;);"), "wall: 10m, cpu: 1s"),
  "limit memory": (world) =>
    world.runAgent(agent("const a = []; for (;;) a.push(new Array(1e5).fill(1.5));"), "wall: 10m, cpu: 5m"),
  "limit log": (world) => world.runAgent(agent('for (;;) console.log("x");'), AMPLE),
  "crashed GUEST_CRASHED": (world) => world.run([...up, { run: "process.abort()" }], AMPLE),
  "crashed GUEST_PROTOCOL": (world) => world.run([...up, { write: Buffer.alloc(1e6, 1) }], AMPLE),
};

/** Calls that are done, fail and are refused, timers, lines, randomness; what it gives depends on its number alone. */
const NEIGHBOUR = `import { files, note } from "enclosure:caps";
export default async () => {
  const told: unknown[] = [];
  note("working");
  for (let i = 0; i < 4; i++) {
    console.log("step", i);
    told.push(await files.readText("/in/a.txt"));
    told.push(await files.readText("/in/none.txt").catch((e) => e.code));
    told.push(await files.readText("/elsewhere").catch((e) => e.code));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const all = await Promise.all(Array.from({ length: 8 }, () => files.stat("/in/a.txt")));
  return { told, sizes: all.map(({ size }) => size) };
};
`;

/** What thirty-one neighbours give and leave, beside an attacker or alone. */
async function live(attack?: (world: FakeWorld) => Promise<RunResult>) {
  const world = await makeFakeWorld();
  const attacking = attack?.(world);
  const results = await Promise.all(Array.from({ length: TOGETHER - 1 }, () => world.runAgent(NEIGHBOUR, AMPLE)));
  const attacker = await attacking;
  const { records, valid } = await world.close();
  const lives = results.map(({ calls, output, session, status }) => ({
    ...{ calls, output, status },
    records: records(session)
      .map(({ body }) => outline(body))
      .toSorted(),
  }));
  const end = attacker === undefined ? "none" : `${attacker.status} ${attacker.limit?.name ?? attacker.error?.code}`;
  return { end, lives, valid };
}

/** A record without what differs from run to run: times, places, ids. The order in which calls end is the machine's. */
function outline({ data, type }: { readonly data: object; readonly type: string }): string {
  const { call, capability, code, effectState, function: fn, line, note, status } = data as Record<string, unknown>;
  const lengths = [line, note].map((payload) => (payload as { bytes: number } | undefined)?.bytes);
  return JSON.stringify([type, call, capability, fn, effectState, code, status, ...lengths]);
}

test("no neighbour of an attacker is harmed", { timeout: 1_200_000 }, async () => {
  const alone = await live();
  expect(alone.valid).toBe(true);
  expect(alone.lives[0]).toMatchObject({ status: "completed", calls: { admitted: 16, denied: 4, failed: 4 } });
  expect(new Set(alone.lives.map((one) => JSON.stringify(one))).size).toBe(1);
  for (const [end, attack] of Object.entries(ATTACKERS)) {
    expect(await live(attack)).toEqual({ ...alone, end });
  }
});
