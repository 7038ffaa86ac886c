// Makes a fresh clone ready: runs `npm ci` unless node_modules holds what package-lock.json asks for. Called before
// the scripts that need it, by whatever Node (20 or later) the machine has; afterwards `node` in an npm script is
// node_modules' own Node 26, since npm puts node_modules/.bin first on PATH.
// @ts-check
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);

/** @returns {Record<string, { version?: string, optional?: boolean }>} */
function packagesOf(/** @type {string} */ file) {
  return JSON.parse(readFileSync(new URL(file, root), "utf8")).packages;
}

function isReady() {
  const installedFile = "node_modules/.package-lock.json";
  // The `node` package has its binary put in place by its own script, after the lock's packages.
  if (!existsSync(new URL(installedFile, root)) || !existsSync(new URL("node_modules/.bin/node", root))) return false;
  const installed = packagesOf(installedFile);
  return Object.entries(packagesOf("package-lock.json")).every(
    ([path, wanted]) => path === "" || wanted.optional || installed[path]?.version === wanted.version,
  );
}

if (!isReady()) {
  process.stderr.write("node_modules is missing or not what package-lock.json asks for: running npm ci\n");
  const npm = spawnSync("npm", ["ci"], {
    cwd: fileURLToPath(root),
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  process.exitCode = npm.status ?? 1;
}
