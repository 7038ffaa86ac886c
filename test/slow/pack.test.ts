// The package as its users get it: packed from a clean tree, installed into an empty project, and an agent run there.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../support/tree.ts";

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const BIN = join(ROOT, "node_modules", ".bin");
const temporary = realpathSync(mkdtempSync(join(tmpdir(), "enclosure-pack-")));
const tree = join(temporary, "tree");
const project = join(temporary, "project");
let packed: Packed;
let tarball: string;

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const env = {
    ...process.env,
    PATH: `${BIN}${delimiter}${process.env["PATH"]}`,
    ENCLOSURE_HOME: join(temporary, "home"),
  };
  return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

const enclosure = (...args: readonly string[]): string =>
  run(project, join(project, "node_modules", ".bin", "enclosure"), ...args);

beforeAll(() => {
  const paths = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const path of paths.trim().split("\n")) cpSync(join(ROOT, path), join(tree, path), { force: true });
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  const [answer] = JSON.parse(run(tree, "npm", "pack", "--json", "--pack-destination", temporary)) as Packed[];
  if (answer === undefined) throw new Error("npm packed nothing");
  packed = answer;
  tarball = join(temporary, packed.filename);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  run(project, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
});

describe("the package", () => {
  it("holds the programs, the declarations, the documents and the licences, and no sources or tests", () => {
    const paths = packed.files.map(({ path }) => path);
    const wanted = ["bin/enclosure.js", "dist/cli.js", "dist/index.js", "dist/guest.cjs", "dist/prelude.js"];
    const texts = [
      "dist/types/index.d.ts",
      "dist/THIRD-PARTY.txt",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "docs/cli.md",
    ];
    expect([...wanted, ...texts].filter((path) => !paths.includes(path))).toEqual([]);
    expect(paths.filter((path) => /^(src|test|scripts|examples|bench|fixtures|\.)/.test(path))).toEqual([]);
  });

  it("names in its notices every package that is bundled into it", () => {
    const notices = readFileSync(join(project, "node_modules", "agent-enclosure", "dist", "THIRD-PARTY.txt"), "utf8");
    for (const name of ["@noble/hashes", "ajv", "commander", "core-js", "undici", "yaml"]) {
      expect(notices).toMatch(new RegExp(`^${name} \\d`, "m"));
    }
  });

  it("passes publint and attw", () => {
    expect(run(temporary, "publint", "run", tarball, "--strict")).toMatch(/All good/);
    // It fails where there is a problem.
    expect(run(temporary, "attw", tarball, "--profile", "esm-only", "--no-emoji")).toMatch(/OK \(ESM\)/);
  });
});

describe("in an empty project", () => {
  it("makes a first agent, runs it, and verifies the record", () => {
    enclosure("init");
    const result = JSON.parse(enclosure("run", "agent.ts", "--json")) as { status: string; exit: number };
    expect(result).toMatchObject({ status: "completed", exit: 0 });
    expect(JSON.parse(enclosure("verify", "--json"))).toMatchObject({ valid: true });
  });

  it("can be used as a library", () => {
    const program = `
      import { openRuntime } from "agent-enclosure";
      const runtime = await openRuntime({ store: "library.db", home: "home" });
      const { status, calls } = await runtime.run({ agent: "agent.ts" });
      await runtime.close();
      console.log(status, calls.denied);
    `;
    writeFileSync(join(project, "use.js"), program);
    expect(run(project, "node", "use.js").trim()).toBe("completed 1");
  });

  it("has declarations that a strict compiler accepts whole", () => {
    const program = `
      import { openRuntime, type RunResult } from "agent-enclosure";
      const runtime = await openRuntime({ store: "library.db" });
      const result: RunResult = await runtime.run({ agent: "agent.ts" });
      export const exit: number = result.exit;
      // @ts-expect-error a number is no path
      await runtime.run({ agent: 1 });
    `;
    writeFileSync(join(project, "use.ts"), program);
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "esnext", "--types", ""];
    expect(run(project, "tsc", ...flags, "use.ts")).toBe("");
  });
});
