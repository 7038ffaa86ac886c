// Builds copies of the product in which a defence is taken out: sources are replaced while esbuild reads them, the built
// programs lie in a folder of their own, and nothing of the checkout is touched. A replacement that no longer fits fails
// the build: an attack that was not seen to succeed proves nothing.

import { build, type Plugin, transform } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROGRAMS, ROOT } from "../../scripts/programs.js";

/** A change of one source of the product. */
export interface Replacement {
  /** From the project's root. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** The file's text with the replacements made. @throws Error where one does not fit exactly once */
export function replaced(text: string, replacements: readonly Replacement[]): string {
  return replacements.reduce((now, { file, find, replace }) => {
    const parts = now.split(find);
    if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} of: ${find}`);
    return parts.join(replace);
  }, text);
}

/** The command's door, which is not built. */
const DOOR = "bin/enclosure.js";

/** The filter of system calls is no program: it is what this module makes. */
const FILTER = "src/enclosure/seccomp.ts";

async function filterWith(replacements: readonly Replacement[]): Promise<Uint8Array> {
  if (replacements.length === 0) return readFileSync(join(ROOT, "dist", "guest.bpf"));
  const { code } = await transform(replaced(readFileSync(join(ROOT, FILTER), "utf8"), replacements), { loader: "ts" });
  const made = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    readonly guestFilter: () => Uint8Array;
  };
  return made.guestFilter();
}

/** What each program is made of, asked of esbuild once. */
let inputs: Promise<readonly ReadonlySet<string>[]> | undefined;

/** Builds the product with the replacements into `folder`, as the folder of a package of its own. */
export async function buildWeakened(folder: string, replacements: readonly Replacement[]): Promise<void> {
  const byFile = Map.groupBy(replacements, ({ file }) => file);
  const dist = join(folder, "dist");
  for (const made of [dist, join(folder, "bin")]) mkdirSync(made, { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(dist, "guest.bpf"), await filterWith(byFile.get(FILTER) ?? []));
  copyFileSync(join(ROOT, "package.json"), join(folder, "package.json"));
  const door = readFileSync(join(ROOT, DOOR), "utf8");
  writeFileSync(join(folder, DOOR), replaced(door, byFile.get(DOOR) ?? []));
  inputs ??= Promise.all(PROGRAMS.map(async (program) => inputsOf((await build(program)).metafile)));
  const programs = await inputs;
  await Promise.all(
    PROGRAMS.map(async (program, i) => {
      // The library is not run here.
      const changed =
        !("index" in (program.entryPoints ?? {})) && [...byFile.keys()].some((file) => programs[i]?.has(file));
      if (!changed) return copyFileSync(builtFile(program), join(dist, builtName(program)));
      const { outputFiles = [] } = await build({ ...program, outdir: dist, plugins: [replacing(byFile)] });
      for (const { path, contents } of outputFiles) writeFileSync(path, contents);
    }),
  );
}

function inputsOf(metafile: { readonly inputs: object } | undefined): ReadonlySet<string> {
  return new Set(Object.keys(metafile?.inputs ?? {}));
}

function builtName({ entryPoints, outExtension }: (typeof PROGRAMS)[number]): string {
  return `${Object.keys(entryPoints ?? {})[0]}${outExtension?.[".js"] ?? ".js"}`;
}

function builtFile(program: (typeof PROGRAMS)[number]): string {
  return join(ROOT, "dist", builtName(program));
}

function replacing(byFile: ReadonlyMap<string, readonly Replacement[]>): Plugin {
  return {
    name: "replacing",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const replacements = byFile.get(path.slice(ROOT.length));
        if (replacements === undefined) return undefined;
        return { contents: replaced(readFileSync(path, "utf8"), replacements), loader: "ts" };
      });
    },
  };
}
