// The agent's bundle: agent.ts with all that it imports, as one classic script whose value is a function
// `(host) => Promise<output>`. The function is all that the script makes: nothing is put on the global object.
// `host` is { capabilities, note, input }; the agent reaches it through the module enclosure:caps alone.
// Invariants: the same sources give the same bytes wherever they lie; no absolute path stands in script, map or digests.

import { basename } from "node:path";
import { canonicalJson, type JsonValue } from "../base/json.ts";
import { fromUtf8, type Hasher, pureHasher, sha256Hex, isLongerInUtf8 } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import {
  BUNDLE_FILE_BYTES_MAX,
  BUNDLE_FILES_MAX,
  BUNDLE_INPUT_BYTES_MAX,
  BUNDLE_MS_MAX,
  SCRIPT_BYTES_MAX,
} from "../base/limits.ts";
import { nearest } from "../base/nearest.ts";
import { adviceFor } from "./builtins.ts";
import { type BundleCache, compileCached } from "./cache.ts";
import { loadEsbuild, refused } from "./compile.ts";
import type { AgentBundle, BundleInput } from "./contract.ts";
import { askedNames } from "./granted.ts";
import { Jail, type JailLimits } from "./jail.ts";
import { makeProblem, type Refusal } from "./problems.ts";
import { type CompilePlan, ENTRY, type Inspected, type Loader } from "./plugin.ts";
import { Resolver, type ResolverRules } from "./resolve.ts";
import { findProject, toProjectPath } from "./root.ts";

export interface BundleLimits extends JailLimits {
  readonly scriptBytes: number;
  readonly ms: number;
}

export const BUNDLE_LIMITS: BundleLimits = {
  files: BUNDLE_FILES_MAX,
  fileBytes: BUNDLE_FILE_BYTES_MAX,
  inputBytes: BUNDLE_INPUT_BYTES_MAX,
  scriptBytes: SCRIPT_BYTES_MAX,
  ms: BUNDLE_MS_MAX,
};

export interface AgentBundleOptions {
  /** Path of the agent's file. */
  readonly entry: string;
  /** The project root; found as src/bundle/root.ts says where absent. */
  readonly root?: string;
  /** The names that the manifest grants. */
  readonly capabilities: readonly string[];
  /** The manifest's path: for messages, and for the root where there is no package.json. */
  readonly manifestFile: string;
  readonly cache?: BundleCache;
  readonly hasher?: Hasher;
  readonly limits?: BundleLimits;
}

/** Conditions under which packages show what they have for a place that is neither Node nor a page. */
const AGENT_RULES: ResolverRules = {
  conditions: ["enclosure", "workerd", "worker", "browser"],
  mainFields: ["browser", "module", "main"],
  builtinsFirst: false,
};

/** Free names of the script's frame. esbuild renames an agent's own top-level variables of these names. */
const HOST = "$enclosureHost";
const OUTPUT = "$enclosureOutput";

const BEFORE = `import * as agent from ${JSON.stringify(ENTRY)};
const main = agent.default;
${OUTPUT} = typeof main === "function" ? await main(${HOST}.input) : await main;
`;

/**
 * Compiles an agent to the script that a guest runs.
 * @throws EnclosureError BUNDLE_REFUSED with every problem of the source (IMPORT_*, SOURCE_INVALID, BUNDLE_TOO_LARGE,
 *   BUNDLE_TIMEOUT); FILE_UNREADABLE when the entry is not there; BUNDLE_FAILED when the compiler cannot run.
 */
export async function bundleAgent(options: AgentBundleOptions): Promise<AgentBundle> {
  const { hasher = pureHasher, limits = BUNDLE_LIMITS } = options;
  const { root, entry } = findProject(options);
  const makePlan = (): CompilePlan => agentPlan(options, new Jail(root, hasher, limits), entry, limits);
  const { plan, code, map, tool } = await compileCached(makePlan, options.cache);
  if (isLongerInUtf8(code, limits.scriptBytes)) throw refused(plan, [makeProblem(scriptTooLarge(limits))]);
  const { inputs } = plan.jail;
  return {
    root,
    script: code,
    sourceMap: map,
    scriptSha256: sha256Hex(code, hasher),
    inputs,
    inputsSha256: digestOfInputs(inputs, hasher),
    source: entryText(plan.jail, entry),
    tool,
  };
}

/** SHA-256 of the canonical JSON (RFC 8785) of a bundle's inputs. */
export function digestOfInputs(inputs: readonly BundleInput[], hasher: Hasher): AgentBundle["inputsSha256"] {
  return sha256Hex(
    canonicalJson(inputs.map(({ path, sha256, bytes }): JsonValue => ({ path, sha256, bytes }))),
    hasher,
  );
}

function agentPlan(options: AgentBundleOptions, jail: Jail, entry: string, limits: BundleLimits): CompilePlan {
  const names = [...options.capabilities].sort();
  const shown = toProjectPath(jail.root, entry);
  return {
    jail,
    entry,
    resolver: new Resolver(jail, AGENT_RULES),
    before: BEFORE,
    virtual: new Map([["enclosure:caps", capsModule(names)]]),
    builtin: (name) => builtinRefused(name),
    wordMissing: ({ name, from }) =>
      from === "enclosure:caps" ? ungranted(name, names, options.manifestFile) : undefined,
    // A file without imports and exports would pass for a CommonJS module, and its empty exports for the output.
    rewrite: async (text, path) =>
      path === shown && !/\b(module|exports)\b/.test(text) ? `${text}\nexport {};` : undefined,
    inspect: async (text, loader) => ungrantedIn(text, loader, names, options.manifestFile),
    msMax: limits.ms,
    options: {
      format: "esm",
      platform: "browser",
      target: "es2024",
      charset: "utf8",
      define: { "import.meta": "{}", "process.env.NODE_ENV": '"production"' },
      banner: { js: `(async (${HOST}) => {\n"use strict";\nlet ${OUTPUT};` },
      footer: { js: `return ${OUTPUT};\n})` },
    },
  };
}

function capsModule(names: readonly string[]): string {
  const lines = names.map((name, i) => {
    return `const c${i} = ${HOST}.capabilities[${JSON.stringify(name)}];\nexport { c${i} as ${name} };\n`;
  });
  return `${lines.join("")}export const note = ${HOST}.note;\n`;
}

function ungranted(name: string, names: readonly string[], manifestFile: string): Refusal {
  const meant = nearest(name, [...names, "note"]);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  if (name === "default") {
    const message = "enclosure:caps has no default export";
    return { code: "IMPORT_UNGRANTED", message, mend: 'Write import { name } from "enclosure:caps".' };
  }
  return {
    code: "IMPORT_UNGRANTED",
    message: `"${name}" is not a capability of ${basename(manifestFile)}${hint}`,
    mend: `Add the line "  ${name}: { use: … }" under capabilities in ${manifestFile}, if the agent should have it.`,
  };
}

async function ungrantedIn(
  text: string,
  loader: Loader,
  names: readonly string[],
  manifestFile: string,
): Promise<readonly Inspected[]> {
  if (loader !== "ts" && loader !== "tsx") return [];
  const esbuild = await loadEsbuild();
  const asked = await askedNames(text, loader, esbuild.transform);
  return asked
    .filter(({ name }) => name !== "note" && !names.includes(name))
    .map(({ name, line, column }) => ({ ...ungranted(name, names, manifestFile), line, column }));
}

function builtinRefused(name: string): Refusal {
  return {
    code: "IMPORT_BUILTIN",
    message: `"${name}" is a Node built-in, and an enclosure has none`,
    mend: adviceFor(name),
  };
}

function scriptTooLarge(limits: BundleLimits): Refusal {
  return { code: "BUNDLE_TOO_LARGE", message: `the compiled script is larger than ${limits.scriptBytes} bytes` };
}

function entryText(jail: Jail, entry: string): string {
  try {
    return fromUtf8(jail.read(entry));
  } catch (cause) {
    throw new EnclosureError("SOURCE_INVALID", `${entry} is not UTF-8 text`, { cause });
  }
}
