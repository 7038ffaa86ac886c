// What a host that runs session after session comes to hold: `node bench/endurance.ts [sessions]` after a build, 5000 where
// no number is given. Prints a sample after each tenth and the growth for each session over the last nine tenths, and keeps
// the samples under bench/out.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Sample } from "./endurance-host.ts";
import { slopeOf } from "./vitals.ts";
import { benchFolder, withWork } from "./work.ts";

const FIGURES = ["residentKiB", "heapKiB", "externalKiB", "descriptors", "children", "files"] as const;
const sessions = Number(process.argv[2] ?? 5000);
const every = Math.max(1, Math.floor(sessions / 50));

const line = (cells: readonly (string | number)[]): void =>
  console.log(cells.map((cell) => (typeof cell === "number" ? cell.toFixed(0) : cell).padStart(12)).join(""));

await withWork(async ({ folder }) => {
  const host = spawn(process.execPath, [join(benchFolder, "endurance-host.ts"), folder, `${sessions}`, `${every}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(host, "close");
  const samples: Sample[] = [];
  line(["sessions", ...FIGURES]);
  for await (const text of createInterface({ input: host.stdout })) {
    const sample = JSON.parse(text) as Sample;
    if (samples.length % 5 === 4 || samples.length === 0)
      line([sample.sessions, ...FIGURES.map((name) => sample[name])]);
    samples.push(sample);
  }
  const [status] = (await closed) as [number | null];
  if (status !== 0) throw new Error(`the host ended with ${status}`);
  const late = samples.slice(Math.floor(samples.length / 10));
  const growth = Object.fromEntries(
    FIGURES.map((name) => [name, slopeOf(late.map((sample) => [sample.sessions, sample[name]]))]),
  );
  console.log("growth for each session:", growth);
  const path = join(benchFolder, "out", "endurance.json");
  writeFileSync(
    path,
    `${JSON.stringify({ bench: "endurance", at: new Date().toISOString(), growth, samples }, null, 2)}\n`,
  );
});
