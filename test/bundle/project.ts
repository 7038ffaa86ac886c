// A project on the disk for tests of the bundle, and ways to compile and run what lies in it.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import { type AgentBundleOptions, bundleAgent } from "../../src/bundle/agent.ts";
import type { AgentBundle } from "../../src/bundle/contract.ts";
import { EnclosureError } from "../../src/base/errors.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What no bundle may ever hold. */
export const CANARY = "canary-6a51c3d0";

/** Writes files by relative path into a new folder; a package.json of its own unless one is given. */
export function project(files: Readonly<Record<string, string>>): string {
  const folder = join(temporaryFolder(), "project");
  for (const [path, text] of Object.entries({ "package.json": '{"name":"project"}', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

export function bundle(folder: string, options: Partial<AgentBundleOptions> = {}): Promise<AgentBundle> {
  return bundleAgent({
    entry: join(folder, "agent.ts"),
    capabilities: ["mail"],
    manifestFile: join(folder, "enclosure.yaml"),
    ...options,
  });
}

/** The fault of a bundle that must be refused. */
export async function refusalOf(bundled: Promise<unknown>): Promise<EnclosureError> {
  try {
    await bundled;
  } catch (error) {
    if (error instanceof EnclosureError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

export interface TestHost {
  readonly capabilities?: Readonly<Record<string, unknown>>;
  readonly note?: (text: string) => void;
  readonly input?: unknown;
}

/** Evaluates a script as a guest does: its value is a function of the host. */
export function run(script: string, host: TestHost = {}): Promise<unknown> {
  const main = new Script(script).runInThisContext() as (host: TestHost) => Promise<unknown>;
  return main({ capabilities: {}, note: () => {}, ...host });
}

/** Compiles agent.ts of these files and runs it. */
export async function runProject(files: Readonly<Record<string, string>>, host: TestHost = {}): Promise<unknown> {
  return run((await bundle(project(files))).script, host);
}
