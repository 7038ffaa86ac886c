// Host modules for the tests: written into a project, compiled as a session compiles them, run on a real thread.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { AdmittedCall } from "../../../src/broker/contract.ts";
import { bundleModule } from "../../../src/bundle/module.ts";
import { type ModuleOptions, type StartedModule, startModule } from "../../../src/capabilities/module/provider.ts";
import { moduleKind } from "../../../src/kinds/module/kind.ts";
import { programPath } from "../../../src/outside/programs.ts";
import { project } from "../../bundle/project.ts";
import { admitted } from "../../support/admitted.ts";
import { compiled } from "../../support/compiled.ts";

export interface Desk extends StartedModule {
  readonly folder: string;
  call(fn: string, args?: unknown): AdmittedCall;
}

/** What a module's file holds: the capabilities as the inside of an array, after `head`. */
export function moduleText(capabilities: string, head = ""): string {
  return `import { defineCapability, defineModule } from "agent-enclosure";
    import { appendFileSync, writeFileSync } from "node:fs";
    ${head}
    export default defineModule(async ({ env, signal }) => [${capabilities}].map((one) => defineCapability(one)));`;
}

export async function optionsOf(
  text: string,
  more: Partial<ModuleOptions> = {},
): Promise<ModuleOptions & { folder: string }> {
  const folder = project({ "desk.ts": text });
  const bundle = await bundleModule({ file: join(folder, "desk.ts") });
  return { bundle, folder, program: programPath("module-host.js"), env: { FOLDER: folder }, ...more };
}

/** Starts a module whose functions are all granted; closed when the test ends. */
export async function startDesk(text: string, more: Partial<ModuleOptions> = {}): Promise<Desk> {
  const options = await optionsOf(text, more);
  const started = await startModule(options);
  onTestFinished(() => started.provider.close());
  const { grant } = compiled(moduleKind, "desk", { from: "./desk.ts", allow: ["*"] }, started.table);
  return { ...started, folder: options.folder, call: (fn, args = {}) => admitted(grant, fn, args) };
}

/** What a module wrote into a file of its folder; "" before it has. */
export function written(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return "";
  }
}
