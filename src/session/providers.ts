// The providers of a session: one for each grant, its own, closed at the end. Each kind's code is loaded only where a
// manifest uses it. Host modules come in two steps: what they are (their bundle) is known and compared with the lock
// before any of their code runs.

import { resolve } from "node:path";
import { hostHasher } from "../outside/crypto.ts";
import type { Random, Timers } from "../base/powers.ts";
import type { Secrets } from "../base/secrets.ts";
import type { Provider } from "../broker/contract.ts";
import { redacting } from "../capabilities/redacting.ts";
import type { BundleCache } from "../bundle/cache.ts";
import type { ModuleBundle } from "../bundle/contract.ts";
import type { CompiledGrant, FunctionSpec } from "../kinds/contract.ts";
import type { FsConfig } from "../kinds/fs/kind.ts";
import type { HttpConfig } from "../kinds/http/config.ts";
import type { ResolvedManifest } from "../manifest/form.ts";
import type { ReservedPaths } from "./contract.ts";
import { type HostPaths, runMounts } from "./mounts.ts";

/** A running host module: what it says that it can do, and the provider that has it do it. */
export interface StartedModule {
  readonly table: readonly FunctionSpec[];
  readonly provider: Provider;
}

/** Compiles the host modules of a manifest. Runs none of their code. */
export async function bundleModules(
  resolved: ResolvedManifest,
  folder: string,
  cache: BundleCache | undefined,
): Promise<ReadonlyMap<string, ModuleBundle>> {
  const modules = Object.entries(resolved.capabilities).filter(([, { use }]) => use === "module");
  if (modules.length === 0) return new Map();
  const { bundleModule } = await import("../bundle/module.ts");
  const bundles = modules.map(async ([name, { own }]) => {
    const file = resolve(folder, own["from"] as string);
    return [name, await bundleModule({ file, hasher: hostHasher, ...(cache === undefined ? {} : { cache }) })] as const;
  });
  return new Map(await Promise.all(bundles));
}

/** Starts the host modules, each on a thread of its own. All or none: what had started is closed when one fails. */
export async function startModules(
  bundles: ReadonlyMap<string, ModuleBundle>,
  resolved: ResolvedManifest,
  program: string,
): Promise<ReadonlyMap<string, StartedModule>> {
  if (bundles.size === 0) return new Map();
  const { startModule } = await import("../capabilities/module/provider.ts");
  const starting = [...bundles].map(async ([name, bundle]) => {
    const { own } = resolved.capabilities[name as never] as { own: { env?: Readonly<Record<string, string>> } };
    return [name, await startModule({ bundle, program, env: own.env ?? {} })] as const;
  });
  const settled = await Promise.allSettled(starting);
  const failed = settled.find((one) => one.status === "rejected");
  const started = settled.filter((one) => one.status === "fulfilled").map(({ value }) => value);
  if (failed === undefined) return new Map(started);
  await Promise.allSettled(started.map(([, { provider }]) => provider.close()));
  throw failed.reason;
}

export interface ProviderNeeds {
  readonly folder: string;
  readonly secrets: Secrets;
  readonly timers: Timers;
  readonly random: Random;
  readonly modules: ReadonlyMap<string, StartedModule>;
  /** Real paths that no mount may overlap, by what they are. */
  readonly forbidden: HostPaths;
  readonly reserved: ReservedPaths | undefined;
}

/** The provider of each grant. @throws EnclosureError FS_MOUNT_INVALID, FS_MOUNT_OVERLAPS */
export async function makeProviders(
  grants: ReadonlyMap<string, CompiledGrant>,
  needs: ProviderNeeds,
): Promise<ReadonlyMap<string, Provider>> {
  const mounts = runMounts(grants, needs.folder, needs.forbidden, needs.reserved);
  const providers = new Map<string, Provider>();
  for (const [name, grant] of grants)
    providers.set(name, await makeProvider(grant, needs, mounts.get(grant.name) ?? {}));
  return providers;
}

async function makeProvider(grant: CompiledGrant, needs: ProviderNeeds, mounts: FsConfig["mounts"]): Promise<Provider> {
  const { secrets, timers } = needs;
  switch (grant.kind) {
    case "module":
      return redacting((needs.modules.get(grant.name) as StartedModule).provider, secrets);
    case "http": {
      const { makeHttpProvider } = await import("../capabilities/http/provider.ts");
      return makeHttpProvider({ config: grant.config as unknown as HttpConfig, secrets, timers });
    }
    case "fs": {
      const { makeFsProvider } = await import("../capabilities/fs/provider.ts");
      const { ruled } = grant.config as unknown as FsConfig;
      return makeFsProvider({ config: { mounts, ruled }, secrets, random: needs.random });
    }
  }
}
