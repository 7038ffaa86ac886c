// The first command of the README: starts the desk's two services on the loopback, runs the refund agent in its
// enclosure over the day's cases, and verifies the record. Everything it makes lies in .enclosure/ of the working folder.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { styleText } from "node:util";
import { enclose } from "../enclose.js";
import { startServices } from "./service.js";

const DAY = "2026-03-16";
const here = import.meta.dirname;
const work = join(process.cwd(), ".enclosure", "desk");
const shown = (/** @type {string} */ path) => relative(process.cwd(), path);

const services = await startServices();
try {
  process.exitCode = await main(writeManifest(services.port));
} finally {
  services.close();
}

/** @param {string} manifest */
async function main(manifest) {
  say(
    "bold",
    `A refund agent works through the claims of ${DAY}. It may do what ${shown(join(here, "enclosure.yaml"))} says.`,
  );
  const run = await enclose(
    "run",
    join(here, "agent.ts"),
    "--manifest",
    manifest,
    "--input",
    JSON.stringify({ day: DAY }),
  );
  if (run.exit !== 0) return run.exit;
  say("bold", "\nDoes the record hold?");
  const verify = await enclose("verify", "--quiet");
  console.error(verify.stdout.trimEnd());
  if (verify.exit !== 0) return verify.exit;
  conclude(JSON.parse(run.stdout));
  return 0;
}

/**
 * The manifest and its lock as they stand beside this file, with the port that the system picked.
 * @param {number} port
 */
function writeManifest(port) {
  mkdirSync(join(work, "out"), { recursive: true });
  const home = relative(work, here);
  const text = readFileSync(join(here, "enclosure.yaml"), "utf8")
    .replaceAll("127.0.0.1:8417", `127.0.0.1:${port}`)
    .replace(/ \.\/(agent\.ts|desk\.ts|cases)/g, ` ${home}/$1`);
  const path = join(work, "enclosure.yaml");
  writeFileSync(path, text);
  copyFileSync(join(here, "enclosure.lock.json"), join(work, "enclosure.lock.json"));
  return shown(path);
}

/** @param {{cases: number, refunded: number, paid: string, rejected: number, escalated: number}} output */
function conclude({ cases, refunded, paid, rejected, escalated }) {
  say(
    "green",
    `\n${cases} claims: ${refunded} refunded (${paid}), ${rejected} rejected, ${escalated} handed to people.`,
  );
  console.error(`
One claim carried orders for the agent, and the agent followed them: it tried to pay 1,999 EUR, to send a customer's
record to a stranger and to change the case file. The manifest grants none of it, so none of it happened, and each try
is on the record.

  the agent's report       ${shown(join(work, "out", `refunds-${DAY}.md`))}
  every call               npx --no-install enclosure calls last
  what was refused         npx --no-install enclosure calls last --denied
  the whole story          npx --no-install enclosure show last
  the manifest in words    npx --no-install enclosure explain ${shown(join(here, "enclosure.yaml"))}`);
}

/** @param {"bold" | "green"} style @param {string} text */
function say(style, text) {
  console.error(styleText(style, text, { stream: process.stderr }));
}
