// How many sessions a second `enclosure batch` gets through: a process and an isolate each, one call, a durable log.

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { takeTurns, timed } from "./rounds.ts";
import type { Measured } from "./rounds.ts";
import { agent, enclosure, manifest, withWork } from "./work.ts";
import type { Work } from "./work.ts";

const ROUNDS = 5;
const SESSIONS = 40;

export async function measure(): Promise<Measured[]> {
  const samples = await withWork((work) => {
    let batches = 0;
    return takeTurns(
      {
        "enclosure batch": async () => {
          const jobs = writeJobs(work, ++batches);
          return perSecond(
            await timed(() => work.node(enclosure, "batch", jobs, "--out", `${jobs}.out`, "--store", work.store)),
          );
        },
        "node agent.ts, as many at a time": async () => perSecond(await timed(() => plainSessions(work))),
      },
      ROUNDS,
    );
  });
  return [{ title: "batch", unit: "sessions/s", samples, against: ["node agent.ts, as many at a time"] }];
}

function perSecond(ms: number): number {
  return (SESSIONS / ms) * 1000;
}

function writeJobs({ folder }: Work, batch: number): string {
  const path = join(folder, `jobs-${batch}.jsonl`);
  const files = { agent: relative(folder, agent("one-call.ts")), manifest: relative(folder, manifest) };
  const lines = Array.from({ length: SESSIONS }, (_, n) =>
    JSON.stringify({ id: `${batch}-${n}`, ...files, input: null }),
  );
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

async function plainSessions(work: Work): Promise<void> {
  let left = SESSIONS;
  const one = async () => {
    while (left-- > 0) await work.node(agent("plain.ts"));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, one));
}
