// Where the product's own programs lie: files in dist/ that run as processes or threads of their own, and the filter of
// the guest's system calls.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export type Program = "guest.cjs" | "guest.bpf" | "prelude.js" | "watchdog.js" | "module-host.js";

/** The absolute path of a built program. The same answer from src/ (in tests) and from dist/. */
export function programPath(program: Program): string {
  return join(packageRoot(), "dist", program);
}

/** The folder of our own package.json. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** The version of this program, as its package says. */
export function productVersion(): string {
  return ownPackage().version;
}

/** The newest engine that this release knows: what its package pins. */
export function knownEngine(): { readonly node: string; readonly isolatedVm: string } {
  const { dependencies, devDependencies } = ownPackage();
  return { node: devDependencies.node, isolatedVm: dependencies["isolated-vm"] };
}

interface OwnPackage {
  readonly version: string;
  readonly dependencies: { readonly "isolated-vm": string };
  readonly devDependencies: { readonly node: string };
}

function ownPackage(): OwnPackage {
  return JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as OwnPackage;
}
