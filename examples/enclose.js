// How the examples run the command line: as a program of its own, with nobody at its standard input, its words for
// people going to this process's standard error as they come.

import { spawn } from "node:child_process";
import { join } from "node:path";

const enclosure = join(import.meta.dirname, "..", "bin", "enclosure.js");

/**
 * @param {...string} args
 * @returns {Promise<{exit: number, stdout: string}>}
 */
export function enclose(...args) {
  const child = spawn(process.execPath, [enclosure, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ exit: code ?? 70, stdout }));
  });
}
