// The one gate: `npm run check`. Runs every check, says one line of each, prints the output of those that failed, and
// fails if any did. Arguments go to the tests: `npm run check -- --reporter=json`.
// @ts-check
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const PATH = `${join(root, "node_modules", ".bin")}${delimiter}${process.env["PATH"]}`;

/** @typedef {{ name: string, command: string, args: string[] }} Step */

/** Steps of one group run side by side. */
/** @type {Step[][]} */
const groups = [
  [{ name: "build", command: "node", args: ["scripts/build.js"] }],
  [
    { name: "format", command: "oxfmt", args: ["--check", "."] },
    { name: "lint", command: "oxlint", args: ["."] },
    { name: "types", command: "tsc", args: ["-p", "."] },
    { name: "types of the guest", command: "tsc", args: ["-p", "src/enclosure/guest"] },
    // The architecture's and the documents' checks are tests too.
    { name: "tests", command: "vitest", args: ["run", ...process.argv.slice(2)] },
  ],
];

/** @returns {Promise<boolean>} */
function run(/** @type {Step} */ { name, command, args }) {
  const startMs = Date.now();
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, PATH },
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  /** @type {Buffer[]} */
  const output = [];
  child.stdout.on("data", (bytes) => output.push(bytes));
  child.stderr.on("data", (bytes) => output.push(bytes));
  return new Promise((resolve) => {
    child.on("error", (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.on("close", (code) => {
      const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
      process.stdout.write(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)\n`);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code === 0);
    });
  });
}

let ok = true;
for (const group of groups) {
  const results = await Promise.all(group.map(run));
  ok &&= results.every(Boolean);
}
process.exitCode = ok ? 0 : 1;
