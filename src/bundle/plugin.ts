// The plugin: every question that esbuild asks (what an import means, what a file holds) is answered here, from the jail.
// Trust border: the sources are an agent's. esbuild by itself would inline any file of the host that an import names; an
// import whose path is put together at run time (`./${x}`) makes it walk folders and load what it finds there, past the
// resolver, and a source map comment makes it read what it names. So a load that was not resolved here is refused as well,
// and such comments are made to name nothing.

import type { BuildOptions, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin } from "esbuild";
import { extname, join } from "node:path";
import type { Problem } from "../base/errors.ts";
import { type GlobPlaces, unglobbed } from "./globs.ts";
import { type Jail, JailError } from "./jail.ts";
import { AT_RUN_TIME, makeProblem, problemsOf, type Refusal, type Told, type WordMissing } from "./problems.ts";
import type { Mode, Resolution, Resolver } from "./resolve.ts";
import { isInPackage, SOURCE, toProjectPath } from "./root.ts";

export interface CompilePlan {
  readonly jail: Jail;
  readonly resolver: Resolver;
  /** The source file from which everything is reached: real and absolute. */
  readonly entry: string;
  /** A module of ours that stands before the entry and imports it as ENTRY; the entry itself where absent. */
  readonly before?: string;
  /** Modules of ours, by the name under which they are imported. */
  readonly virtual: ReadonlyMap<string, string>;
  /** What an import of a Node built-in becomes. */
  readonly builtin: (name: string) => "external" | Refusal;
  readonly wordMissing: WordMissing;
  /** Changes a source before it is parsed; `path` is its project path. */
  readonly rewrite?: (text: string, path: string, loader: Loader) => Promise<string | undefined>;
  /** Looks at a source of the project for what the compiler does not tell. */
  readonly inspect?: (text: string, loader: Loader) => Promise<readonly Inspected[]>;
  readonly options: BuildOptions;
  readonly msMax: number;
}

export interface Inspected extends Refusal {
  readonly line: number;
  readonly column: number;
}

export type Loader = "ts" | "tsx" | "js" | "jsx" | "json";

/** One import as it was resolved: enough to tell later whether it still would be. */
export interface ImportRecord {
  /** Project path of the importing file. */
  readonly importer: string;
  readonly specifier: string;
  readonly mode: Mode;
  readonly outcome: string;
}

/** What the module before the entry imports the entry as. */
export const ENTRY = "enclosure:agent";
/** Namespaces beside that of the project: our own modules, and stand-ins for what is not there. */
export const OURS = "enclosure";
export const ABSENT = "absent";

const LOADERS: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
  ".json": "json",
};

/** A folder that is not there, deep enough that no sane `../` in a path put together at run time leaves it. */
const NOWHERE = "/enclosure-has-no-such-folder".repeat(32);

/**
 * A source that claims a source map, made to claim none. esbuild reads the file that the last such comment names, wherever
 * it lies and past the resolver, or believes the map that the comment itself holds; for a scheme that it does not know it
 * looks at nothing. A source without these words has no such comment, and keeps its end, where errors may stand.
 */
function unmapped(text: string, loader: Loader): string {
  const claims = loader !== "json" && text.includes("sourceMappingURL");
  return claims ? `${text}\n//# sourceMappingURL=enclosure:none` : text;
}

/** The answers of one run to esbuild's questions. */
export class Compilation {
  readonly plugin: Plugin;
  readonly imports: ImportRecord[] = [];
  /** By the text that esbuild is told: it gives each the place of the import. */
  readonly #refusals = new Map<string, Refusal>();
  readonly #inspected: Problem[] = [];
  readonly #plan: CompilePlan;
  readonly #lenient: boolean;
  readonly #globs: GlobPlaces;

  constructor(plan: CompilePlan, lenient: boolean, globs: GlobPlaces) {
    this.#plan = plan;
    this.#lenient = lenient;
    this.#globs = globs;
    this.plugin = {
      name: "enclosure",
      setup: (build) => {
        build.onResolve({ filter: /.*/ }, (args) => this.#guarded(() => this.#resolve(args)));
        build.onLoad({ filter: /.*/, namespace: SOURCE }, (args) => this.#guarded(() => this.#loadSource(args.path)));
        build.onLoad({ filter: /.*/, namespace: OURS }, (args) => ({ contents: this.#ours(args.path), loader: "js" }));
        build.onLoad({ filter: /.*/, namespace: ABSENT }, (args) => ({ contents: absent(args.path), loader: "js" }));
        // Whatever else is loaded was not resolved here.
        build.onLoad({ filter: /.*/ }, () => this.#refuse(AT_RUN_TIME));
      },
    };
  }

  judge(told: Told): { readonly told: Told; readonly problems: readonly Problem[] } {
    const { jail, wordMissing } = this.#plan;
    return { told, problems: [...problemsOf(jail.root, told, this.#refusals, wordMissing), ...this.#inspected] };
  }

  async #guarded<Result>(answer: () => Result | Promise<Result>): Promise<Result | { errors: { text: string }[] }> {
    try {
      return await answer();
    } catch (error) {
      if (error instanceof JailError) return this.#errors({ code: error.code, message: error.message });
      throw error;
    }
  }

  #errors(refusal: Refusal): { errors: { text: string }[] } {
    this.#refusals.set(refusal.message, refusal);
    return { errors: [{ text: refusal.message }] };
  }

  #refuse(refusal: Refusal): OnLoadResult {
    return this.#lenient ? { contents: "", loader: "js" } : this.#errors(refusal);
  }

  #resolve(args: OnResolveArgs): OnResolveResult {
    const { path: specifier, kind, importer } = args;
    const plan = this.#plan;
    if (kind === "entry-point" && plan.before !== undefined) return { path: "before", namespace: OURS };
    if (kind === "entry-point" || (args.namespace === OURS && specifier === ENTRY)) return this.#file(plan.entry, true);
    if (plan.virtual.has(specifier) && specifier.startsWith("enclosure:") && kind !== "import-statement")
      return this.#refused(specifier, unseen(specifier));
    if (plan.virtual.has(specifier)) return { path: specifier.replace(/^enclosure:/, ""), namespace: OURS };
    if (specifier.startsWith("enclosure:")) return this.#refused(specifier, noSuchModule(specifier));
    const byPackage = isInPackage(importer);
    if (kind === "require-resolve")
      return byPackage ? { path: specifier, external: true } : this.#refused(specifier, RESOLVE);
    const mode: Mode = kind === "require-call" ? "require" : "import";
    const resolution = plan.resolver.resolve(specifier, join(plan.jail.root, importer), mode);
    this.imports.push({ importer, specifier, mode, outcome: outcomeOf(plan.jail.root, resolution) });
    // A package that asks in a way that it can survive (`require` in a try, `import()`) finds out when it asks.
    const guarded = byPackage && (kind === "require-call" || kind === "dynamic-import");
    return this.#answer(resolution, args, guarded);
  }

  #answer(resolution: Resolution, args: OnResolveArgs, guarded: boolean): OnResolveResult {
    const specifier = args.path;
    if (resolution.kind === "empty") return { path: "(empty)", namespace: ABSENT };
    if (resolution.kind === "file") {
      const wrong = attributeProblem(args.with, resolution.path);
      return wrong === undefined
        ? this.#file(resolution.path, resolution.sideEffects)
        : this.#refused(specifier, wrong);
    }
    if (resolution.kind === "builtin") {
      const answer = this.#plan.builtin(resolution.name);
      if (answer === "external") return { path: resolution.name, external: true };
      return guarded ? { path: specifier, namespace: ABSENT } : this.#refused(specifier, answer);
    }
    const optional = guarded && resolution.code === "IMPORT_MISSING";
    return optional ? { path: specifier, namespace: ABSENT } : this.#refused(specifier, resolution);
  }

  #refused(specifier: string, refusal: Refusal): OnResolveResult {
    return this.#lenient ? { path: specifier, external: true } : this.#errors(refusal);
  }

  #file(path: string, sideEffects: boolean): OnResolveResult {
    return { path: toProjectPath(this.#plan.jail.root, path), namespace: SOURCE, sideEffects };
  }

  async #loadSource(projectPath: string): Promise<OnLoadResult> {
    const bytes = this.#plan.jail.read(join(this.#plan.jail.root, projectPath));
    const loader = LOADERS[extname(projectPath)] ?? "js";
    const globs = this.#globs.get(projectPath);
    const { rewrite, inspect } = this.#plan;
    const original = new TextDecoder().decode(bytes);
    if (inspect !== undefined && !isInPackage(projectPath)) await this.#inspect(inspect, original, projectPath, loader);
    const text = unmapped(globs === undefined ? original : unglobbed(original, globs), loader);
    return { contents: (await rewrite?.(text, projectPath, loader)) ?? text, loader, resolveDir: NOWHERE };
  }

  async #inspect(
    inspect: NonNullable<CompilePlan["inspect"]>,
    text: string,
    projectPath: string,
    loader: Loader,
  ): Promise<void> {
    const file = join(this.#plan.jail.root, projectPath);
    for (const { line, column, ...refusal } of await inspect(text, loader))
      this.#inspected.push(makeProblem(refusal, { file, line, column }));
  }

  #ours(path: string): string {
    if (path === "before") return this.#plan.before ?? "";
    return this.#plan.virtual.get(path) ?? this.#plan.virtual.get(`enclosure:${path}`) ?? "";
  }
}

export function outcomeOf(root: string, resolution: Resolution): string {
  if (resolution.kind === "file")
    return `file ${resolution.sideEffects ? "" : "pure "}${toProjectPath(root, resolution.path)}`;
  return resolution.kind === "refused" ? resolution.code : resolution.kind;
}

/** What a package finds in the place of something optional that is not there. */
function absent(specifier: string): string {
  if (specifier === "(empty)") return "module.exports = {};";
  const message = JSON.stringify(`Cannot find module '${specifier}'`);
  return `throw Object.assign(new Error(${message}), { code: "MODULE_NOT_FOUND" });`;
}

function attributeProblem(attributes: Readonly<Record<string, string>>, path: string): Refusal | undefined {
  const wrong = Object.entries(attributes).filter(
    ([key, value]) => key !== "type" || value !== "json" || extname(path) !== ".json",
  );
  if (wrong.length === 0) return undefined;
  const shown = wrong.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(", ");
  return {
    code: "IMPORT_UNSUPPORTED",
    message: `an import with { ${shown} } is not supported here`,
    mend: 'Only { type: "json" } is, for a .json file.',
  };
}

function noSuchModule(specifier: string): Refusal {
  const mend = "Import capabilities from enclosure:caps, in an agent.";
  return { code: "IMPORT_MISSING", message: `there is no module ${specifier} here`, mend };
}

/** Names that are taken from a module which was loaded as a value are not seen, and what is not granted would pass. */
function unseen(specifier: string): Refusal {
  const mend = `Write import { name } from "${specifier}" at the top of the file.`;
  return { code: "IMPORT_DYNAMIC", message: `${specifier} can only be imported by an import statement`, mend };
}

const RESOLVE: Refusal = {
  code: "IMPORT_DYNAMIC",
  message: "require.resolve has nothing to look in when the program runs",
};
