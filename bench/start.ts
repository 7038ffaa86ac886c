// What a cold `enclosure run` of a one-call agent costs: two processes, an isolate, and a durable log of it all.

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeTurns, timed } from "./rounds.ts";
import type { Measured } from "./rounds.ts";
import { agent, benchFolder, enclosure, manifest, withWork } from "./work.ts";

const ROUNDS = 15;

export async function measure(): Promise<Measured[]> {
  const samples = await withWork((work) => {
    const { folder, store } = work;
    const run = (file: string, from: string) =>
      timed(() => work.node(enclosure, "run", file, "--manifest", from, "--store", store, "--quiet"));
    let seen = 0;
    return takeTurns(
      {
        "node -e 0": () => timed(() => work.node("-e", "0")),
        "node agent.ts": () => timed(() => work.node(agent("plain.ts"))),
        "bare isolated-vm": () => timed(() => work.node(agent("isolate.cjs"))),
        "enclosure run": () => run(agent("one-call.ts"), manifest),
        "enclosure run, agent never seen": () => {
          const fresh = writeFreshAgent(folder, ++seen);
          return run(fresh.agent, fresh.manifest);
        },
      },
      ROUNDS,
      2,
    );
  });
  return [{ title: "start", unit: "ms", samples, against: ["node -e 0", "node agent.ts", "bare isolated-vm"] }];
}

/** The same agent with a line that no agent has had before. */
function writeFreshAgent(folder: string, n: number): { agent: string; manifest: string } {
  const fresh = join(folder, `agent-${n}.ts`);
  const from = join(folder, "enclosure.yaml");
  writeFileSync(fresh, `${readFileSync(agent("one-call.ts"), "utf8")}\nexport const seen = "${process.pid}-${n}";\n`);
  copyFileSync(manifest, from);
  const text = readFileSync(from, "utf8");
  writeFileSync(
    from,
    text.replace("./agents/one-call.ts", `./agent-${n}.ts`).replace("./desk.ts", join(benchFolder, "desk.ts")),
  );
  return { agent: fresh, manifest: from };
}
