// The program table: every file of dist/, as esbuild is asked for it. Programs are bundled so that starting one reads few
// files. Whoever builds a changed copy of the product (test/escape/weaken.ts) does it from this table.
// @ts-check
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Bundled CommonJS packages ask for Node's own modules by require. */
const requireBanner = {
  js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
};

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  metafile: true,
  logLevel: "warning",
  platform: "node",
  format: "esm",
  target: "node26",
  // Native addons and the compiler's binary stay packages of their own: package.json's dependencies.
  external: ["isolated-vm", "better-sqlite3", "esbuild"],
  legalComments: "none",
  outdir: join(ROOT, "dist"),
};

/** @type {readonly import("esbuild").BuildOptions[]} */
export const PROGRAMS = [
  // One file each, not split: a module that is imported when it is needed runs only then, and reading one file beats
  // reading the many that splitting gives.
  { entryPoints: { cli: "src/cli/main.ts" }, banner: requireBanner },
  { entryPoints: { index: "src/index.ts" }, banner: requireBanner },
  { entryPoints: { watchdog: "src/enclosure/watchdog.ts" } },
  { entryPoints: { "module-host": "src/capabilities/module/host.ts" }, banner: requireBanner },
  {
    entryPoints: { guest: "src/enclosure/child.ts" },
    format: /** @type {const} */ ("cjs"),
    outExtension: { ".js": ".cjs" },
  },
  {
    entryPoints: { prelude: "src/enclosure/guest/prelude.ts" },
    format: /** @type {const} */ ("iife"),
    platform: /** @type {const} */ ("neutral"),
    target: "esnext",
    mainFields: ["module", "main"],
    minify: true,
  },
].map((program) => ({ ...common, ...program }));
