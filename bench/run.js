// `npm run bench [-- name…]`: start, call, batch, verify; all of these where none is named. The others take minutes, and
// run only where they are named: limits, neighbours, and attacks (hostile agents against the product and against others;
// with `--publish` it writes docs/comparison.md). Prints tables, and keeps the raw figures as JSON under bench/out.

import { mkdirSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, release } from "node:os";
import { join } from "node:path";
import { comparisonPage, show } from "./comparison.ts";
import { table } from "./rounds.ts";
import { benchFolder } from "./work.ts";

const PARTS = {
  start: () => import("./start.ts"),
  call: () => import("./call.ts"),
  batch: () => import("./batch.ts"),
  verify: () => import("./verify.ts"),
  limits: () => import("./limits.ts"),
  neighbours: () => import("./neighbours.ts"),
};

/** Those that run where none is named. */
const SHORT = ["start", "call", "batch", "verify"];
/** Has its own table. */
const ATTACKS = "attacks";
const PUBLISH = "--publish";

const named = process.argv.slice(2).filter((name) => name !== PUBLISH);
const publish = process.argv.includes(PUBLISH);
const unknown = named.filter((name) => name !== ATTACKS && !Object.hasOwn(PARTS, name));
if (unknown.length > 0 || (publish && !named.includes(ATTACKS))) {
  console.error(`There are ${Object.keys(PARTS).join(", ")} and ${ATTACKS} [${PUBLISH}].`);
  process.exitCode = 2;
} else {
  mkdirSync(join(benchFolder, "out"), { recursive: true });
  for (const name of named.length > 0 ? named : SHORT) await bench(name);
}

/** @param {string} name */
async function bench(name) {
  const load = loadavg()[0];
  const measured = await (name === ATTACKS ? await import("./attacks.ts") : await PARTS[name]()).measure();
  const machine = {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    os: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    load,
  };
  const kept = { bench: name, at: new Date().toISOString(), machine, measured };
  writeFileSync(join(benchFolder, "out", `${name}.json`), `${JSON.stringify(kept, null, 2)}\n`);
  if (name !== ATTACKS) for (const one of measured) console.log(`${table(one)}\n`);
  else console.log(show(measured));
  if (name === ATTACKS && publish)
    writeFileSync(join(benchFolder, "..", "docs", "comparison.md"), comparisonPage(kept));
}
