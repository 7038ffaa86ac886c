// Prepares a run: manifest, agent, host modules, grants, providers, input. Everything that can be refused is refused here,
// before a record is opened and before any of the agent's code runs. What was started is closed again when it is refused.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { encodeValue, JSON_DEPTH_MAX } from "../base/codec.ts";
import { EnclosureError, type Problem } from "../base/errors.ts";
import { type JsonValue, spellJson } from "../base/json.ts";
import type { Random, Timers } from "../base/powers.ts";
import { placeholderOf, replaceReferences } from "../base/secrets.ts";
import type { Provider } from "../broker/contract.ts";
import { bundleAgent } from "../bundle/agent.ts";
import type { BundleCache } from "../bundle/cache.ts";
import type { AgentBundle, ModuleBundle } from "../bundle/contract.ts";
import { KINDS } from "../kinds/all.ts";
import type { CompiledGrant, JsonSchema } from "../kinds/contract.ts";
import { type AuthorisedManifest, authorise, refuseErrors } from "../manifest/authorise.ts";
import { compileValueChecker } from "../manifest/checker.ts";
import { compileGrants } from "../manifest/grants.ts";
import { compareLock, type LockedModule } from "../manifest/lock.ts";
import type { Resolution } from "../manifest/resolve.ts";
import { hostHasher } from "../outside/crypto.ts";
import { loadSecrets } from "../outside/secrets.ts";
import { ballastPathOf, livePathOf, realPathOf } from "../store/place.ts";
import type { RunOptions } from "./contract.ts";
import { type LoadedManifest, loadManifest } from "./manifest-files.ts";
import { type HostPaths, secretFiles, sourcePaths } from "./mounts.ts";
import type { Opening } from "./opening.ts";
import { bundleModules, makeProviders, type StartedModule, startModules } from "./providers.ts";
import { realOrNearest } from "./reserved.ts";

/** What a run is given of the place in which it runs. */
export interface Place {
  readonly store: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cache: BundleCache | undefined;
  readonly moduleProgram: string;
  readonly timers: Timers;
  readonly random: Random;
  readonly product: string;
}

type LateParts = "facts" | "seed" | "principal" | "onBehalfOf" | "correlation" | "batchJob";

export interface Prepared {
  readonly bound: Omit<Opening, LateParts>;
  readonly inputText: string;
  readonly grants: ReadonlyMap<string, CompiledGrant>;
  readonly providers: ReadonlyMap<string, Provider>;
  /** Channels on which the manifest lets people be asked. */
  readonly asks: readonly string[];
  /** The manifest's path as it was named. */
  readonly manifestName: string;
  /** What is wrong with an output's JSON form; undefined where it fits. */
  readonly checkOutput: (output: JsonValue) => string | undefined;
  readonly warnings: readonly Problem[];
}

/** @throws EnclosureError with the code of whatever is refused; nothing has run then, and nothing is recorded. */
export async function prepare(options: RunOptions, place: Place): Promise<Prepared> {
  const manifestName =
    options.manifest ?? join(options.agent === undefined ? "." : dirname(options.agent), "enclosure.yaml");
  const loaded = loadManifest(manifestName, options.profile === undefined ? {} : { profile: options.profile });
  refuseErrors(loaded.problems, manifestName);
  const resolution = loaded.resolution as Resolution;
  const { resolved } = resolution;
  const entry = agentEntry(options.agent, resolved.agent.entry, loaded);
  const inputText = readInput(options.input, resolved.agent.input);
  const capabilities = Object.keys(resolved.capabilities);
  const cache = place.cache === undefined ? {} : { cache: place.cache };
  const [bundle, modules] = await Promise.all([
    bundleAgent({ entry, capabilities, manifestFile: manifestName, hasher: hostHasher, ...cache }),
    bundleModules(resolved, loaded.folder, place.cache),
  ]);
  refuseUnlocked(loaded, resolution, modules);
  const started = await startModules(modules, resolved, place.moduleProgram);
  try {
    const authorised = authoriseRun(loaded, resolution, modules, started);
    const secrets = loadSecrets(resolved.secrets, { env: place.env, folder: loaded.folder });
    const forbidden = forbiddenPaths(place, loaded, bundle, modules);
    const { grants } = authorised;
    const providers = await makeProviders(grants, {
      folder: loaded.folder,
      secrets,
      timers: place.timers,
      random: place.random,
      modules: started,
      forbidden,
      reserved: options.reserved,
    });
    return {
      bound: bind(loaded, authorised, bundle, modules, place),
      inputText,
      grants,
      providers,
      asks: resolved.approvals.via,
      manifestName,
      checkOutput: outputChecker(resolved.agent.output),
      warnings: authorised.warnings,
    };
  } catch (error) {
    await Promise.allSettled([...started.values()].map(({ provider }) => provider.close()));
    throw error;
  }
}

function agentEntry(named: string | undefined, declared: string | null, { folder }: LoadedManifest): string {
  const entry = named === undefined ? (declared === null ? undefined : resolve(folder, declared)) : resolve(named);
  if (entry !== undefined && existsSync(entry)) return entry;
  const what =
    entry === undefined
      ? "neither the command nor the manifest names an agent"
      : `there is no agent ${named ?? declared}`;
  throw new EnclosureError("AGENT_MISSING", what);
}

/** Refuses a module whose source is not what the lock holds before any of its code runs. */
function refuseUnlocked(
  loaded: LoadedManifest,
  resolution: Resolution,
  modules: ReadonlyMap<string, ModuleBundle>,
): void {
  const { lock } = loaded;
  if (lock === undefined) return;
  const known = [...modules].map(([name, { inputsSha256 }]) => {
    return [name, { inputsSha256, functions: lock.lock.modules.get(name)?.functions ?? [] }] as const;
  });
  refuseErrors(compareLock(resolution, lock.lock, new Map(known)), resolution.manifest.file);
}

function authoriseRun(
  loaded: LoadedManifest,
  resolution: Resolution,
  modules: ReadonlyMap<string, ModuleBundle>,
  started: ReadonlyMap<string, StartedModule>,
): AuthorisedManifest {
  const tables = new Map([...started].map(([name, { table }]) => [name, table]));
  const compiled = compileGrants(resolution, tables, KINDS);
  const now = [...modules].map(([name, { inputsSha256 }]): [string, LockedModule] => {
    return [name, { inputsSha256, functions: tables.get(name) ?? [] }];
  });
  return authorise({ resolution, compiled, lock: loaded.lock?.lock, loaded: new Map(now), problems: loaded.problems });
}

function bind(
  loaded: LoadedManifest,
  authorised: AuthorisedManifest,
  bundle: AgentBundle,
  modules: ReadonlyMap<string, ModuleBundle>,
  place: Place,
): Prepared["bound"] {
  const { resolution, grants } = authorised;
  const { resolved } = resolution;
  const env = Object.entries(resolved.env).map(
    ([name, text]) => [name, replaceReferences(text, placeholderOf)] as const,
  );
  return {
    manifest: loaded.bytes,
    lock: loaded.lock?.bytes ?? null,
    resolvedForm: resolution.canonical,
    bundle,
    capabilities: [...grants.values()].map(({ name, kind, functions }) => ({
      name,
      kind,
      functions: [...functions.values()],
    })),
    env: Object.fromEntries(env),
    agentName: resolved.name,
    agentVersion: resolved.version,
    resolvedSha256: authorised.resolvedSha256,
    profile: authorised.profile,
    modules: [...modules].map(([capability, { inputsSha256 }]) => ({
      capability,
      sha256: inputsSha256,
      pinned: loaded.lock !== undefined,
    })),
    purpose: resolved.purpose,
    limits: resolved.limits,
    level: resolved.audit.default,
    product: place.product,
  };
}

/** What no mount may reach: the store, the keys, and every file that decides what runs and what it may do. */
function forbiddenPaths(
  place: Place,
  loaded: LoadedManifest,
  bundle: AgentBundle,
  modules: ReadonlyMap<string, ModuleBundle>,
): HostPaths {
  const store = realPathOf(place.store);
  const named: (readonly [string, string])[] = [
    ["the store", store],
    ["the store's live sessions", livePathOf(store)],
    ["the store's spare room", ballastPathOf(store)],
    ["the store's claims", `${store}.claims`],
    ["the keys", place.home],
    ["the manifest", loaded.path],
    ...(loaded.lock === undefined ? [] : [["the lock", loaded.lock.path] as const]),
    ...(place.cache === undefined ? [] : [["the cache of compiled agents", place.cache.folder] as const]),
    ...secretFiles(loaded.folder, (loaded.resolution as Resolution).resolved),
  ];
  return new Map([
    ...named.map(([what, path]) => [what, realOrNearest(path)] as const),
    ...sourcePaths("the agent's source", bundle),
    ...[...modules].flatMap(([name, module]) => [...sourcePaths(`the host module ${name}`, module)]),
  ]);
}

function readInput(input: unknown, schema: JsonSchema): string {
  if (input === undefined && schema !== true)
    throw new EnclosureError("INPUT_INVALID", "the manifest asks for an input");
  try {
    const { text, value } = spellJson(encodeValue(input), { charsMax: INPUT_CHARS_MAX, depthMax: JSON_DEPTH_MAX });
    const wrong = checkerOf(schema)(value);
    if (wrong === undefined) return text;
    throw new EnclosureError("INPUT_INVALID", `the input ${wrong}`);
  } catch (error) {
    if (error instanceof EnclosureError && error.code === "INPUT_INVALID") throw error;
    throw new EnclosureError("INPUT_INVALID", error instanceof Error ? error.message : "the input cannot cross");
  }
}

const INPUT_CHARS_MAX = 16 * 1024 * 1024;

/** As an input that is missing, an output that is missing fits no schema, whatever the JSON form of `undefined` would. */
function outputChecker(schema: JsonSchema): (value: JsonValue) => string | undefined {
  if (schema === true) return () => undefined;
  const check = checkerOf(schema);
  const nothing = JSON.stringify(encodeValue(undefined));
  return (value) => (JSON.stringify(value) === nothing ? "the agent gave no output" : check(value));
}

/** The schema was found acceptable when the manifest was read. */
function checkerOf(schema: JsonSchema): (value: JsonValue) => string | undefined {
  return schema === true ? () => undefined : compileValueChecker(schema, "", () => {});
}
