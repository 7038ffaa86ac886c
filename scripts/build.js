// Builds dist/: every program of scripts/programs.js as a bundled file. A file is written beside its place and renamed, and
// only if it changed, so that a build never disturbs a program that is starting. There are no source maps: nothing is
// minified but the prelude, and an agent's own map is made when it is bundled.
// `--types` adds the library's declarations, which take as long again: a run or a test needs none. `--release` starts from
// an empty dist/ and adds them and the notices of what is bundled in.
// @ts-check
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { guestFilter } from "../src/enclosure/seccomp.ts";
import { PROGRAMS, ROOT } from "./programs.js";

const dist = join(ROOT, "dist");

/** Writes a file unless it stands there already. */
function put(/** @type {string} */ path, /** @type {Uint8Array | string} */ contents) {
  const bytes = Buffer.from(contents);
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  const fresh = `${path}.${process.pid}.tmp`;
  writeFileSync(fresh, bytes);
  renameSync(fresh, path);
}

/** The licence of every package of which something stands in dist/, as their terms ask. */
function thirdPartyNotices(/** @type {string[]} */ inputs) {
  const folders = inputs.map((path) => /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  const bundled = [...new Set(folders.filter((folder) => folder !== undefined))].sort();
  const notices = bundled.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
    const file = readdirSync(join(ROOT, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} ships no licence text`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(ROOT, folder, file), "utf8").trim()}\n`;
  });
  return `Packages bundled into this folder, with their licences.\n\n${notices.join(`\n${"-".repeat(80)}\n\n`)}`;
}

/** Declarations that the library's own do not lead to are nobody's business. */
function keepReachable(/** @type {string} */ folder, /** @type {string} */ entry) {
  const reached = new Set([join(folder, entry)]);
  for (const path of reached) {
    for (const [, specifier = ""] of readFileSync(path, "utf8").matchAll(/(?:from |import\()"(\.[^"]+)\.ts"/g)) {
      reached.add(join(dirname(path), `${specifier}.d.ts`));
    }
  }
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(found.parentPath, found.name);
    if (found.isFile() && !reached.has(path)) rmSync(path);
  }
}

const release = process.argv.includes("--release");
if (release) rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

// Each program for itself: esbuild has printed what is wrong with one, and the others are built all the same.
const settled = await Promise.allSettled(PROGRAMS.map((program) => build(program)));
const results = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
if (results.length < settled.length) process.exitCode = 1;
for (const file of results.flatMap((result) => result.outputFiles ?? [])) put(file.path, file.contents);

put(join(dist, "guest.bpf"), guestFilter());

if (release && process.exitCode === undefined) {
  const inputs = results.flatMap((result) => Object.keys(result.metafile?.inputs ?? {}));
  put(join(dist, "THIRD-PARTY.txt"), thirdPartyNotices(inputs));
}
if ((release || process.argv.includes("--types")) && process.exitCode === undefined) {
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: ROOT, stdio: "inherit" });
  keepReachable(join(dist, "types"), "index.d.ts");
}
