// Compiling: one run of esbuild in which every resolve and every load is answered by src/bundle/plugin.ts, under a deadline.
// esbuild is loaded only when something is compiled. Every problem of a source is told at once.
// One compiler process serves all bundles of this process, and a source can make it die (nested too deep, it overflows its
// stack), or take so much memory that it is ended (compiler-watch.ts). Then all who were being compiled are compiled again, each by itself, so that nobody answers for another's source.

import type { build, BuildFailure, BuildOptions, stop, transform } from "esbuild";
import { join } from "node:path";
import { EnclosureError, type Problem } from "../base/errors.ts";
import { takeOveruse, watched } from "./compiler-watch.ts";
import { type GlobPlaces, globPlaces } from "./globs.ts";
import { ABSENT, Compilation, type CompilePlan, ENTRY, type ImportRecord, OURS } from "./plugin.ts";
import { makeProblem, type Told } from "./problems.ts";
import { isInPackage, SOURCE, stripNamespace, toProjectPath } from "./root.ts";

export interface Compiled {
  readonly code: string;
  /** Source map (version 3), its sources as project paths, their contents the inputs'. */
  readonly map: string;
  readonly imports: readonly ImportRecord[];
}

/**
 * Compiles a plan.
 * @throws EnclosureError BUNDLE_REFUSED with every problem that was found; BUNDLE_FAILED when esbuild cannot run.
 */
export async function compile(plan: CompilePlan): Promise<Compiled> {
  const esbuild = await loadEsbuild();
  for (let seen: typeof alone | undefined; seen !== alone;) await (seen = alone);
  try {
    return await compileOnce(plan, esbuild);
  } catch (error) {
    if (!(error instanceof CompilerDied)) throw error;
  }
  const again = alone.then(() => compileAlone(plan, esbuild));
  alone = again.catch(() => {});
  return again;
}

/** Settles when no source is being compiled by itself, for which the others wait. */
let alone: Promise<unknown> = Promise.resolve();

/** The compiler's process ended, or could not be started. */
class CompilerDied extends Error {
  override readonly name = "CompilerDied";
}

/** Tells a source that the compiler dies over from a compiler that cannot run at all. */
async function compileAlone(plan: CompilePlan, esbuild: Esbuild): Promise<Compiled> {
  try {
    await esbuild.stop();
    takeOveruse();
    return await compileOnce(plan, esbuild);
  } catch (error) {
    if (!(error instanceof CompilerDied)) throw error;
  }
  const overuse = takeOveruse();
  try {
    await esbuild.stop();
    await esbuild.transform("");
  } catch (cause) {
    throw new EnclosureError("BUNDLE_FAILED", "esbuild could not be run", { cause });
  }
  // One code for both: which of the two a deep nesting runs into first is a matter of chance.
  const [message, mend] =
    overuse === undefined
      ? ["the compiler gives up on it; it may be nested too deep", undefined]
      : [`the compiler ${overuse} for it`, "Look for a very long line or a very deep nesting; import less."];
  throw refused(plan, [makeProblem({ code: "SOURCE_INVALID", message, ...(mend === undefined ? {} : { mend }) })]);
}

async function compileOnce(plan: CompilePlan, esbuild: Esbuild): Promise<Compiled> {
  const deadline = startDeadline(plan.msMax, esbuild.stop);
  try {
    const attempt = (lenient: boolean, globs: GlobPlaces): Promise<Built> =>
      run(esbuild.build, plan, new Compilation(plan, lenient, globs), deadline.passed);
    let built = await attempt(false, new Map());
    const inPackages = globPlaces(built.told.errors, isInPackage, new Map());
    if (inPackages.size > 0) built = await attempt(false, inPackages);
    if (built.output !== undefined && built.problems.length === 0)
      return { ...built.output, map: ownMap(plan, built.output.map) };
    if (built.output !== undefined) throw refused(plan, built.problems);
    // Another look, in which what was refused is let stand as an import: esbuild says only then which names are missing.
    const again = await attempt(
      true,
      globPlaces(built.told.errors, () => true, inPackages),
    );
    // Imports at run time were all told the first time, at their own places.
    const more = again.problems.filter((problem) => problem.code !== "IMPORT_DYNAMIC");
    throw refused(plan, [...built.problems, ...more]);
  } finally {
    deadline.clear();
  }
}

/** One fault for all problems of a source: each once, in the order of the files. */
export function refused(plan: Pick<CompilePlan, "entry" | "jail">, problems: readonly Problem[]): EnclosureError {
  const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  const sorted = [...unique.values()].sort(
    (a, b) => compareTexts(a.file ?? "", b.file ?? "") || a.line - b.line || a.column - b.column,
  );
  const shown = toProjectPath(plan.jail.root, plan.entry);
  const count = sorted.length === 1 ? "a problem" : `${sorted.length} problems`;
  return new EnclosureError("BUNDLE_REFUSED", `${shown} cannot be bundled: ${count} in its source`, {
    problems: sorted,
    ...(sorted.length === 1 ? { mend: (sorted[0] as Problem).mend } : {}),
  });
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

type Options = BuildOptions & { write: false };

interface Esbuild {
  readonly build: (options: Options) => ReturnType<typeof build<Options>>;
  readonly stop: typeof stop;
  readonly transform: typeof transform;
}

/** @throws EnclosureError BUNDLE_FAILED */
export async function loadEsbuild(): Promise<Esbuild> {
  try {
    const { build, stop, transform } = await import("esbuild");
    return {
      build: (options) => watched(() => build(options)),
      stop,
      transform: (input, options) => watched(() => transform(input, options)),
    };
  } catch (cause) {
    throw new EnclosureError("BUNDLE_FAILED", "esbuild cannot be loaded", { cause });
  }
}

interface Deadline {
  readonly passed: Promise<never>;
  clear(): void;
}

/** A walk over folders cannot be cancelled, so a deadline ends the compiler's process; the next build starts a new one. */
function startDeadline(msMax: number, stop: () => Promise<void>): Deadline {
  const { promise: passed, reject } = Promise.withResolvers<never>();
  passed.catch(() => {});
  const timer = setTimeout(() => {
    reject(
      new EnclosureError("BUNDLE_REFUSED", `bundling took longer than ${msMax} ms`, {
        problems: [makeProblem({ code: "BUNDLE_TIMEOUT", message: `bundling took longer than ${msMax} ms` })],
      }),
    );
    void stop();
  }, msMax);
  return { passed, clear: () => clearTimeout(timer) };
}

interface Built {
  /** With the map as esbuild gives it. */
  readonly output?: Compiled;
  readonly told: Told;
  readonly problems: readonly Problem[];
}

async function run(
  buildWith: Esbuild["build"],
  plan: CompilePlan,
  compilation: Compilation,
  passed: Promise<never>,
): Promise<Built> {
  const options: Options = {
    ...plan.options,
    entryPoints: [plan.before === undefined ? ENTRY : "before"],
    outfile: "/bundle.js",
    absWorkingDir: plan.jail.root,
    bundle: true,
    write: false,
    treeShaking: true,
    sourcemap: "external",
    sourcesContent: false,
    legalComments: "none",
    tsconfigRaw: {},
    plugins: [compilation.plugin],
    logLevel: "silent",
    logLimit: 0,
    logOverride: {
      "unsupported-dynamic-import": "warning",
      "unsupported-require-call": "warning",
      "indirect-require": "warning",
    },
  };
  try {
    const result = await Promise.race([buildWith(options), passed]);
    const code = result.outputFiles.find((file) => file.path.endsWith(".js"))?.text ?? "";
    const map = result.outputFiles.find((file) => file.path.endsWith(".map"))?.text ?? "";
    return { output: { code, map, imports: compilation.imports }, ...compilation.judge(result) };
  } catch (error) {
    if (isBuildFailure(error)) return compilation.judge(error);
    if (error instanceof EnclosureError) throw error;
    throw new CompilerDied("the compiler's process ended", { cause: error });
  }
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors);
}

/**
 * The map with project paths, and with the very texts that the inputs' digests are of: what a reviewer is shown is what
 * was compiled. @throws EnclosureError BUNDLE_REFUSED for a source that is none of the inputs
 */
export function ownMap(plan: Pick<CompilePlan, "entry" | "jail">, map: string): string {
  const { jail } = plan;
  const json = JSON.parse(map) as { sources: string[]; sourcesContent?: (string | null)[] };
  const texts = json.sources.map((source) => {
    if (MADE_HERE.test(source)) return null;
    const path = join(jail.root, inputOf(source));
    if (jail.has(path)) return new TextDecoder().decode(jail.read(path));
    const message = `the source map names ${source}, which is none of the inputs`;
    throw refused(plan, [makeProblem({ code: "IMPORT_OUTSIDE", message })]);
  });
  json.sources = json.sources.map((source) => (MADE_HERE.test(source) ? source : inputOf(source)));
  json.sourcesContent = texts;
  return JSON.stringify(json);
}

/** Sources that are no file: our own modules, and what esbuild makes of `define`. */
const MADE_HERE = new RegExp(`^(?:${OURS}:|${ABSENT}:|<define:)`);

/** The project path. A source that a `rewrite` names in a map of its own has no namespace, and is spelled as a URL. */
function inputOf(source: string): string {
  return source.startsWith(`${SOURCE}:`) ? stripNamespace(source) : decodeURIComponent(source);
}
