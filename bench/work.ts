// Where a bench works: a folder of its own with a log and keys of its own, removed when the bench is done; and how it
// starts programs.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const benchFolder = dirname(fileURLToPath(import.meta.url));
export const enclosure = join(benchFolder, "..", "bin", "enclosure.js");
export const manifest = join(benchFolder, "enclosure.yaml");
export const agent = (name: string): string => join(benchFolder, "agents", name);

export interface Work {
  readonly folder: string;
  readonly store: string;
  readonly home: string;
  /** Runs Node to its end. @throws Error unless it exits with 0. */
  node(...args: readonly string[]): Promise<void>;
}

/** Lends a working folder to `use`. It lies beside the results, so on the disk of the checkout. */
export async function withWork<Result>(use: (work: Work) => Promise<Result>): Promise<Result> {
  mkdirSync(join(benchFolder, "out"), { recursive: true });
  const folder = mkdtempSync(join(benchFolder, "out", "work-"));
  const home = join(folder, "home");
  try {
    return await use({
      folder,
      store: join(folder, "audit.db"),
      home,
      node: (...args) => runNode(args, { ...process.env, ENCLOSURE_HOME: home }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`node ${args.join(" ")} ended with ${code}:\n${told}`));
    });
  });
}
