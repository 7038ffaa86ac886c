// What an attacker costs the sessions beside it: how long each of 31 sessions takes that run at once in one host, with an
// attacker as the thirty-second and with one more ordinary session. They share the machine's cores with it, and nothing else.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRuntime } from "agent-enclosure";
import type { Attack } from "./limit-attacks.ts";
import { agentOf, ATTACKS, manifestOf, WARM } from "./limit-attacks.ts";
import type { Measured } from "./rounds.ts";
import { spreadOf, timed } from "./rounds.ts";
import type { Work } from "./work.ts";
import { withWork } from "./work.ts";

const ROUNDS = 5;
const NEIGHBOURS = 31;
const NAMES = ["cpu: a loop", "memory: objects", "log: lines", "calls: calls that are denied"];
const ORDINARY = "another ordinary session";

export async function measure(): Promise<Measured[]> {
  const attackers = [{ ...WARM, name: ORDINARY }, ...ATTACKS.filter(({ name }) => NAMES.includes(name))];
  const medians = new Map<string, number[]>();
  const tails = new Map<string, number[]>();
  await withWork(async (work) => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const attacker of attackers) {
        const times = (await live(work, attacker)).toSorted((a, b) => a - b);
        medians.set(attacker.name, [...(medians.get(attacker.name) ?? []), spreadOf(times).median]);
        tails.set(attacker.name, [
          ...(tails.get(attacker.name) ?? []),
          times[Math.floor(0.95 * times.length)] as number,
        ]);
      }
    }
  });
  const about = { unit: "ms", against: [ORDINARY] };
  return [
    { title: "31 sessions beside it, median", samples: Object.fromEntries(medians), ...about },
    { title: "31 sessions beside it, 95th percentile", samples: Object.fromEntries(tails), ...about },
  ];
}

/** How long each neighbour took. */
async function live(work: Work, attacker: Attack): Promise<number[]> {
  const folder = join(work.folder, "neighbours");
  mkdirSync(join(folder, "out"), { recursive: true });
  for (const [name, one] of [
    ["neighbour", WARM],
    ["attacker", attacker],
  ] as const) {
    writeFileSync(join(folder, `${name}.ts`), agentOf(one));
    writeFileSync(join(folder, `${name}.yaml`), manifestOf(one));
  }
  const runtime = await openRuntime({ store: work.store, home: work.home });
  const run = (name: string) =>
    runtime.run({ agent: join(folder, `${name}.ts`), manifest: join(folder, `${name}.yaml`) });
  const attacking = run("attacker");
  const times = await Promise.all(
    Array.from({ length: NEIGHBOURS }, () =>
      timed(async () => {
        const { status } = await run("neighbour");
        if (status !== "completed") throw new Error(`a neighbour ended as ${status}`);
      }),
    ),
  );
  await attacking;
  await runtime.close();
  return times;
}
