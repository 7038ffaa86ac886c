// A host module's bundle: the operator's own TypeScript with the packages that it imports, as the text of one ES module, so
// that what was pinned is what runs. Node built-ins stay imports. `import.meta` (url, filename, dirname), `__filename` and
// `__dirname` of each file mean that file, worked out at run time from the module's own URL: the text holds no absolute path.
// `agent-enclosure` is served from here, whatever is installed.

import { posix } from "node:path";
import { type Hasher, pureHasher, sha256Hex } from "../base/bytes.ts";
import { BUNDLE_LIMITS, type BundleLimits, digestOfInputs } from "./agent.ts";
import { type BundleCache, compileCached } from "./cache.ts";
import { loadEsbuild } from "./compile.ts";
import type { ModuleBundle } from "./contract.ts";
import { Jail } from "./jail.ts";
import { type CompilePlan, type Loader } from "./plugin.ts";
import { Resolver, type ResolverRules } from "./resolve.ts";
import { findProject, toProjectPath } from "./root.ts";

export interface ModuleBundleOptions {
  /** Path of the module's file. */
  readonly file: string;
  /** The project root; found as src/bundle/root.ts says where absent. */
  readonly root?: string;
  readonly cache?: BundleCache;
  readonly hasher?: Hasher;
  readonly limits?: BundleLimits;
}

const MODULE_RULES: ResolverRules = { conditions: ["node"], mainFields: ["main"], builtinsFirst: true };

/** What src/capabilities/module/define.ts says at run time; a test holds the two together. */
export const DEFINITIONS = `export const defineModule = (factory) => factory;
export const defineCapability = (capability) => capability;
`;

/** What `import.meta` of a file becomes: a name that its path alone decides. */
const META = "$enclosureMeta";

/**
 * Compiles a host module.
 * @throws EnclosureError as `bundleAgent` does
 */
export async function bundleModule(options: ModuleBundleOptions): Promise<ModuleBundle> {
  const { hasher = pureHasher, limits = BUNDLE_LIMITS } = options;
  const { root, entry } = findProject({ entry: options.file, root: options.root });
  const makePlan = (): CompilePlan => modulePlan(new Jail(root, hasher, limits), entry, limits);
  const { plan, code, map } = await compileCached(makePlan, options.cache);
  const { inputs } = plan.jail;
  const entryFolder = posix.dirname(toProjectPath(root, entry));
  const frame = frameOf(
    entryFolder,
    inputs.map(({ path }) => path),
    code,
  );
  return {
    root,
    code: `${frame}${code}${inlineMap(map, entryFolder, frame)}`,
    inputs,
    inputsSha256: digestOfInputs(inputs, hasher),
    entryPath: entry,
  };
}

function modulePlan(jail: Jail, entry: string, limits: BundleLimits): CompilePlan {
  return {
    jail,
    entry,
    resolver: new Resolver(jail, MODULE_RULES),
    virtual: new Map([["agent-enclosure", DEFINITIONS]]),
    builtin: () => "external",
    wordMissing: ({ name, from }) =>
      from === "enclosure:agent-enclosure"
        ? {
            code: "IMPORT_MISSING",
            message: `a host module has no "${name}" of agent-enclosure`,
            mend: MEND_DEFINITIONS,
          }
        : undefined,
    rewrite: ownPlaces,
    msMax: limits.ms,
    options: { format: "esm", platform: "node", target: "node26", charset: "utf8" },
  };
}

const MEND_DEFINITIONS = "A host module can import defineModule and defineCapability (and types).";

/** Gives a file that asks for its own place a name of its own for it. */
async function ownPlaces(text: string, path: string, loader: Loader): Promise<string | undefined> {
  if (!/import\.meta|__(?:file|dir)name/.test(text) || loader === "json") return undefined;
  const meta = metaName(path);
  const esbuild = await loadEsbuild();
  try {
    const { code } = await esbuild.transform(text, {
      loader,
      target: "node26",
      charset: "utf8",
      sourcemap: "inline",
      sourcefile: urlPath(path),
      tsconfigRaw: {},
      logLevel: "silent",
      define: { "import.meta": meta, __filename: `${meta}.filename`, __dirname: `${meta}.dirname` },
    });
    return code;
  } catch {
    // The build itself says what is wrong with the source, and where.
    return undefined;
  }
}

function metaName(path: string): string {
  return `${META}_${sha256Hex(path).slice(0, 16)}`;
}

/** What the files' own names are made of, before the compiled text: only those that occur in it. */
function frameOf(entryFolder: string, paths: readonly string[], code: string): string {
  const lines = paths
    .filter((path) => code.includes(metaName(path)))
    .map((path) => `const ${metaName(path)} = ${META}(${JSON.stringify(relativeUrl(entryFolder, path))});\n`);
  const requires = code.includes("__require");
  return (
    (requires ? `import { createRequire as ${META}Require } from "node:module";\n` : "") +
    (requires ? `const require = ${META}Require(import.meta.url);\n` : "") +
    (lines.length === 0 ? "" : META_FRAME + lines.join(""))
  );
}

const META_FRAME = `import { fileURLToPath as ${META}Path, URL as ${META}Url } from "node:url";
import { dirname as ${META}Folder } from "node:path";
const ${META} = (path) => {
  const { href: url } = new ${META}Url(path, import.meta.url);
  const filename = ${META}Path(url);
  return { url, filename, dirname: ${META}Folder(filename), main: false };
};
`;

function relativeUrl(entryFolder: string, path: string): string {
  return `./${urlPath(posix.relative(entryFolder, path))}`;
}

/** As a relative URL; `..` stays as it is. */
function urlPath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** The source map as a comment, its sources relative to the module's own file, so that a stack names the right lines. */
function inlineMap(map: string, entryFolder: string, frame: string): string {
  const json = JSON.parse(map) as { sources: string[]; sourcesContent?: unknown; mappings: string };
  json.sources = json.sources.map((source) =>
    source.startsWith("enclosure:") ? source : relativeUrl(entryFolder, source),
  );
  delete json.sourcesContent;
  json.mappings = ";".repeat(frame.split("\n").length - 1) + json.mappings;
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(json)).toString("base64")}\n`;
}
