// The house itself: what keeps a fresh clone installing on any machine, and the two doors of the package.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mendLock } from "../scripts/lock.js";
import { ROOT } from "./support/tree.ts";

interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

interface LockEntry {
  readonly resolved?: string;
  readonly gypfile?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lockText = readFileSync(join(ROOT, "package-lock.json"), "utf8");
const lock = JSON.parse(lockText) as Lock;
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, Record<string, string>>;

describe("package-lock.json", () => {
  it("names no registry", () => {
    expect(Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
  });

  it("keeps npm 10 from compiling better-sqlite3, and has an entry for every platform's optional package", () => {
    expect(lock.packages["node_modules/better-sqlite3"]?.gypfile).toBe(false);
    const wanted = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(wanted.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([]);
    expect(mendLock(lockText), "run `npm run lock`").toBe(lockText);
  });

  it("is mended where npm has dropped either", () => {
    const without = JSON.parse(lockText) as { packages: Record<string, { gypfile?: boolean }> };
    delete without.packages["node_modules/better-sqlite3"]?.gypfile;
    delete without.packages["node_modules/@oxlint/binding-win32-x64-msvc"];
    expect(mendLock(JSON.stringify(without))).toBe(lockText);
  });
});

describe("package.json", () => {
  it("pins every dependency to one version", () => {
    const ranges = Object.entries({ ...manifest["dependencies"], ...manifest["devDependencies"] });
    expect(ranges.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it("lets no dependency's install script run but the one that brings Node", () => {
    const scripted = Object.entries(lock.packages)
      .filter(([, entry]) => "hasInstallScript" in entry || "gypfile" in entry)
      .map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
    const allowed: Record<string, unknown> = manifest["allowScripts"] ?? {};
    expect(scripted.filter((name) => typeof allowed[name] !== "boolean")).toEqual([]);
    expect(Object.keys(allowed).filter((name) => allowed[name] === true)).toEqual(["node"]);
  });
});
