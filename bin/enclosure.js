#!/usr/bin/env node
// The command's door. Under Node 26 it loads the program; under any other Node it runs itself again on the `node`
// package that npm has installed near it, and where there is none it says what is missing. Plain JavaScript in the
// words of old Nodes, since an old Node may be what reads it.
// @ts-check
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR = 26;
const EXIT_USAGE = 2;
const EXIT_FAULT = 70;

// Trust border. On SIGUSR1 Node opens its inspector, a door into this process for every other one of this user, a
// guest's among them. A listener of our own takes that away, without the 90 ms that starting again with
// --disable-sigusr1 would cost.
process.on("SIGUSR1", () => {});

if (majorOf(process.versions.node) === NODE_MAJOR) await load();
else runOn(findNode());

async function load() {
  const program = new URL("../dist/cli.js", import.meta.url);
  if (!existsSync(program)) {
    return refuse(EXIT_FAULT, "the program is not built: dist/cli.js is missing", "run `npm run build`.");
  }
  // Compiled code is code: it is kept in the user's own folder, never in a shared temporary one.
  module.enableCompileCache?.(
    join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "enclosure", "compiled"),
  );
  await import(program.href);
}

/** The binary of the `node` package, where it is of the right version. */
function findNode() {
  try {
    const manifest = module.createRequire(import.meta.url).resolve("node/package.json");
    if (majorOf(JSON.parse(readFileSync(manifest, "utf8")).version) !== NODE_MAJOR) return undefined;
    const binary = join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string | undefined} binary */
function runOn(binary) {
  if (binary === undefined) {
    return refuse(
      EXIT_USAGE,
      `this needs Node ${NODE_MAJOR}, and runs on ${process.versions.node}`,
      `install Node ${NODE_MAJOR}, or add it to the project with \`npm install --save-dev node@${NODE_MAJOR}\`.`,
    );
  }
  const args = ["--disable-sigusr1", fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(binary, args, { stdio: "inherit" });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    // A terminal has sent its SIGINT to the whole group, the child included.
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  child.on("error", (error) => refuse(EXIT_FAULT, `cannot start ${binary}: ${error.message}`, "run `npm ci` again."));
  child.on("exit", (code, signal) => {
    if (signal === null) return void (process.exitCode = code ?? EXIT_FAULT);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * @param {number} exit
 * @param {string} what
 * @param {string} mend
 */
function refuse(exit, what, mend) {
  process.stderr.write(`enclosure: error: ${what}\nenclosure: mend:  ${mend}\n`);
  process.exitCode = exit;
}

/** @param {string} version */
function majorOf(version) {
  return Number.parseInt(version, 10);
}
