// Builds dist/: every program as a bundled file, so that starting one reads few files. Each file is written beside its
// place and renamed, so that a build never disturbs a program that is starting.
import { build } from "esbuild";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");

// Native addons and the compiler's binary stay packages of their own.
const external = ["isolated-vm", "better-sqlite3", "esbuild"];
const common = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  logLevel: "warning",
  target: "node26",
  external,
  legalComments: "none",
  sourcemap: false,
};
// Bundled CommonJS packages ask for Node's own modules by require.
const requireBanner = {
  js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
};

/** @type {import("esbuild").BuildOptions[]} */
const programs = [
  {
    entryPoints: { cli: "src/cli/main.ts", index: "src/index.ts" },
    format: "esm",
    platform: "node",
    splitting: true,
    chunkNames: "chunk-[hash]",
    outdir: dist,
    banner: requireBanner,
  },
  { entryPoints: { watchdog: "src/enclosure/watchdog.ts" }, format: "esm", platform: "node", outdir: dist },
  {
    entryPoints: { "module-host": "src/capabilities/module/host.ts" },
    format: "esm",
    platform: "node",
    outdir: dist,
    banner: requireBanner,
  },
  {
    entryPoints: { guest: "src/enclosure/child.ts" },
    format: "cjs",
    platform: "node",
    outdir: dist,
    outExtension: { ".js": ".cjs" },
  },
  {
    entryPoints: { prelude: "src/enclosure/guest/prelude.ts" },
    format: "iife",
    platform: "neutral",
    target: "esnext",
    mainFields: ["module", "main"],
    outdir: dist,
    minify: true,
  },
];

mkdirSync(dist, { recursive: true });
for (const program of programs) {
  const entries = Object.values(/** @type {Record<string, string>} */ (program.entryPoints));
  if (!entries.every((entry) => existsSync(join(root, entry)))) continue;
  const result = await build({ ...common, ...program });
  for (const file of result.outputFiles ?? []) {
    const fresh = `${file.path}.${process.pid}.tmp`;
    writeFileSync(fresh, file.contents);
    renameSync(fresh, file.path);
  }
}
