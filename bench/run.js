// `npm run bench [-- name…]`: start, call, batch, verify, limits, neighbours; all of them where none is named. Prints tables of ratios
// and of targets, and keeps the raw figures as JSON under bench/out.

import { mkdirSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, release } from "node:os";
import { join } from "node:path";
import { table } from "./rounds.ts";
import { benchFolder } from "./work.ts";

/** @type {Record<string, () => Promise<{measure(): Promise<import("./rounds.ts").Measured[]>}>>} */
const PARTS = {
  start: () => import("./start.ts"),
  call: () => import("./call.ts"),
  batch: () => import("./batch.ts"),
  verify: () => import("./verify.ts"),
  limits: () => import("./limits.ts"),
  neighbours: () => import("./neighbours.ts"),
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}.`);
  process.exitCode = 2;
} else {
  mkdirSync(join(benchFolder, "out"), { recursive: true });
  for (const name of named.length > 0 ? named : Object.keys(PARTS)) await bench(name);
}

/** @param {string} name */
async function bench(name) {
  const part = await PARTS[name]?.();
  if (part === undefined) return;
  const load = loadavg()[0];
  const measured = await part.measure();
  const machine = {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    os: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    load,
  };
  const path = join(benchFolder, "out", `${name}.json`);
  writeFileSync(path, `${JSON.stringify({ bench: name, at: new Date().toISOString(), machine, measured }, null, 2)}\n`);
  for (const one of measured) console.log(`${table(one)}\n`);
}
