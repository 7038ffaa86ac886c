// `npm run airline`: carries out the decisions of 200 recorded GPT-4o runs, each in an enclosure of its own, compares
// what the tools answer with what was recorded, and verifies the log. The data is in the folder that TAU_BENCH names.

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { enclose } from "../enclose.js";
import { accountFor } from "./account.ts";
import { callsOf, loadRuns } from "./trajectories.ts";

const here = import.meta.dirname;
const root = join(here, "..", "..");
const data = resolve(process.env["TAU_BENCH"] ?? join(root, "..", "shared", "vectors", "tau-bench-airline"));

const { values: options } = parseArgs({ options: { store: { type: "string" } } });
// Without a store of the caller's, each time is a new one; with one, an interrupted batch goes on where it was.
const store = resolve(
  options.store ?? join(".enclosure", `airline-${new Date().toISOString().replaceAll(":", "")}`, "audit.db"),
);
const work = `${store}-airline`;

if (existsSync(join(data, "trajectories.json"))) {
  process.exitCode = await main();
} else {
  tell(`There is no data in ${data}.
It is tau-bench's airline domain: flights.json, users.json, reservations.json and the recorded runs as trajectories.json
(https://github.com/sierra-research/tau-bench). Put the four files into a folder and name it: TAU_BENCH=/that/folder npm run airline`);
  process.exitCode = 2;
}

async function main() {
  const runs = loadRuns(data);
  mkdirSync(work, { recursive: true });
  writeManifest();
  const jobs = join(work, "jobs.jsonl");
  const results = join(work, "results.jsonl");
  writeFileSync(jobs, runs.map((run) => `${JSON.stringify(jobOf(run))}\n`).join(""));

  tell(`${runs.length} recorded runs, each in an enclosure of its own; the log: ${store}`);
  const batch = await enclose("batch", jobs, "--out", results, "--store", store);
  const { calls } = await encloseJson("calls", "--store", store);
  const verify = await encloseJson("verify", "--store", store);
  return conclude(runs, readLines(results), calls, batch.exit, verify);
}

/** The manifest and its lock as they stand beside this file, with the data's folder. */
function writeManifest() {
  const text = readFileSync(join(here, "enclosure.yaml"), "utf8")
    .replace(/TAU_BENCH: \S+/, () => `TAU_BENCH: ${JSON.stringify(data)}`)
    .replace(/ \.\/(agent\.ts|airline\.ts)/g, (_, name) => ` ${relative(work, join(here, name))}`);
  writeFileSync(join(work, "enclosure.yaml"), text);
  copyFileSync(join(here, "enclosure.lock.json"), join(work, "enclosure.lock.json"));
}

/** @param {import("./trajectories.ts").RecordedRun} run */
function jobOf({ id, userId, steps }) {
  const said = steps.map((step) => ("say" in step ? step : { tool: step.call.tool, args: step.call.args }));
  const agent = relative(work, join(here, "agent.ts"));
  return { id, agent, manifest: "enclosure.yaml", input: { steps: said }, onBehalfOf: userId };
}

/**
 * @param {readonly import("./trajectories.ts").RecordedRun[]} runs
 * @param {readonly {id: string, session: string | null, status: string}[]} results
 * @param {readonly import("./account.ts").LoggedCall[]} logged
 * @param {number} exit
 * @param {{valid: boolean}} verify
 */
function conclude(runs, results, logged, exit, { valid }) {
  const sessionOf = new Map(results.map(({ id, session }) => [id, session]));
  const bySession = Map.groupBy(logged, ({ session }) => session);
  const outcomes = runs.flatMap((run) => accountFor(run, bySession.get(sessionOf.get(run.id) ?? "") ?? [], data));
  const count = (/** @type {string} */ kind) => outcomes.filter((outcome) => outcome.kind === kind).length;
  const refused = count("refused");
  const missing = count("missing");
  const calls = outcomes.length - missing;
  const total = {
    sessions: results.length,
    calls,
    admitted: calls - refused,
    refused,
    failed: count("failed"),
    equal: count("equal"),
    valid,
  };

  const statuses = Object.entries(Object.groupBy(results, ({ status }) => status));
  tell(`\nsessions  ${results.length}: ${statuses.map(([status, ones]) => `${ones?.length} ${status}`).join(", ")}`);
  tell(
    `calls     ${calls} of ${outcomes.length}: ${total.admitted} admitted (${total.failed} failed), ${refused} refused`,
  );
  tell(`results   ${total.equal} of ${total.admitted} admitted calls answered exactly as recorded`);
  const mistakes = runs
    .flatMap(callsOf)
    .filter(({ answer }, index) => outcomes[index]?.kind === "equal" && answer.startsWith("Error: "));
  tell(`          (${mistakes.length} of them with the text of a mistake that the tool noticed, then as now)`);
  for (const kind of /** @type {const} */ (["refused", "failed", "different"])) tellCauses(kind, outcomes);
  tell(`log       ${valid ? "verifies" : "DOES NOT VERIFY"}: enclosure verify --store ${store}`);
  console.log(JSON.stringify(total));
  const explained = outcomes.every((outcome) => !("cause" in outcome) || outcome.cause !== "not explained");
  return exit === 0 && valid && missing === 0 && explained ? 0 : exit || 1;
}

/** @param {"refused" | "failed" | "different"} kind @param {readonly import("./account.ts").Outcome[]} outcomes */
function tellCauses(kind, outcomes) {
  const causes = Map.groupBy(
    outcomes.flatMap((outcome) => (outcome.kind === kind ? [outcome.cause] : [])),
    (cause) => cause,
  );
  const rows = [...causes].sort(([, a], [, b]) => b.length - a.length);
  for (const [cause, { length }] of rows) tell(`  ${kind.padEnd(10)} ${String(length).padStart(4)}  ${cause}`);
}

/** @param {string} path */
function readLines(path) {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** @param {...string} args */
async function encloseJson(...args) {
  const { exit, stdout } = await enclose(...args, "--json");
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`enclosure ${args[0]} ended with ${exit} and without JSON`);
  }
}

/** @param {string} text */
function tell(text) {
  console.error(text);
}
