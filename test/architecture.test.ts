// The architecture as a test: every rule over every file, each rule shown to catch what breaks it, and a text test over
// the whole repository. The rules, their reasons and their mends are in support/rules.ts.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type OnResolveArgs, build } from "esbuild";
import { describe, expect, it } from "vitest";
import { RULES, type Rule, findCycle } from "./support/rules.ts";
import { ROOT, sourceFile, sourceTree } from "./support/tree.ts";

const src = sourceTree("src");
const all = [...src, ...sourceTree("test"), ...sourceTree("bin"), ...sourceTree("scripts")];

function violations(rule: Rule): string[] {
  return all.flatMap((file) => rule.check(file).map((what) => `${file.path}: ${what}`));
}

describe("the scanner", () => {
  it("saw every source file that git knows or would know", () => {
    const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "src"], { cwd: ROOT })
      .toString()
      .split("\n")
      .filter((path) => /\.[cm]?[jt]s$/.test(path) && existsSync(join(ROOT, path)));
    expect(src.map((file) => file.path)).toEqual([...new Set(listed)].sort());
    expect(src.length).toBeGreaterThan(20);
  });

  it("resolved every import within the project to a file that is there", () => {
    const lost = src.flatMap(({ path, imports }) =>
      imports
        .filter(({ file }) => file !== undefined && !existsSync(join(ROOT, file)))
        .map((site) => `${path} → ${site.specifier}`),
    );
    expect(lost).toEqual([]);
  });

  it("found every import that the compiler's own parser finds", async () => {
    const result = await build({
      absWorkingDir: ROOT,
      entryPoints: src.map((file) => file.path).filter((path) => !path.endsWith(".d.ts")),
      outdir: "dist",
      format: "esm",
      bundle: true,
      write: false,
      metafile: true,
      plugins: [
        { name: "leave imports as written", setup: (bundler) => bundler.onResolve({ filter: /.*/ }, asWritten) },
      ],
    });
    const missed = src.flatMap(({ path, imports }) => {
      const seen = new Set(imports.filter((site) => !site.typeOnly).map((site) => site.specifier));
      const parsed = result.metafile.inputs[path]?.imports ?? [];
      return parsed.filter((site) => !seen.has(site.path)).map((site) => `${path}: ${site.path}`);
    });
    expect(missed).toEqual([]);
    expect(Object.values(result.metafile.inputs).flatMap((input) => input.imports).length).toBeGreaterThan(100);
  });
});

function asWritten({ kind, path }: OnResolveArgs): { external: boolean; path: string } | undefined {
  return kind === "entry-point" ? undefined : { external: true, path };
}

describe("the architecture", () => {
  it.each(RULES.map((rule) => [rule.name, rule] as const))("%s", (_, rule) => {
    expect(violations(rule), `${rule.why}\nMend: ${rule.mend}`).toEqual([]);
  });

  it("has no cycle of value imports", () => {
    expect(findCycle(src)?.join(" → ")).toBeUndefined();
  });
});

/** For each rule what breaks it, and what comes close and does not. */
const PLANTED: Readonly<
  Record<string, { readonly breaks: readonly [string, string][]; readonly keeps: readonly [string, string][] }>
> = {
  "imports run downward": {
    breaks: [
      ["src/base/x.ts", `import { a } from "../audit/y.ts";`],
      ["src/broker/x.ts", `import type { A } from "../store/y.ts";`],
      ["src/store/x.ts", `export * from "../enclosure/y.ts";`],
      ["src/review/x.ts", `const a = await import("../cli/y.ts");`],
      ["src/base/x.ts", `import { a } from "../unheard-of/y.ts";`],
    ],
    keeps: [["src/cli/x.ts", `import { a } from "../session/y.ts"; import { b } from "./z.ts";`]],
  },
  "the pure layers stay pure": {
    breaks: [
      ["src/base/x.ts", `import { readFileSync } from "node:fs";`],
      ["src/audit/x.ts", `import fs from "fs";`],
      ["src/kinds/http/x.ts", `import picomatch from "picomatch";`],
      ["src/audit/x.ts", `import { parse } from "yaml";`],
      ["src/manifest/x.ts", `import type { Stats } from "node:fs";`],
    ],
    keeps: [
      ["src/manifest/x.ts", `import { parse } from "yaml"; import { Ajv } from "ajv/dist/2020.js";`],
      ["src/base/x.ts", `import { sha256 } from "@noble/hashes/sha2.js";`],
    ],
  },
  "the broker acts through what it is handed": {
    breaks: [["src/broker/x.ts", `import { setTimeout } from "node:timers/promises";`]],
    keeps: [["src/broker/x.ts", `import { a } from "../base/y.ts";`]],
  },
  "a provider is an island": {
    breaks: [
      ["src/capabilities/http/x.ts", `import { a } from "../fs/y.ts";`],
      ["src/capabilities/http/x.ts", `import type { LogWriter } from "../../audit/contract.ts";`],
      ["src/capabilities/fs/x.ts", `import { a } from "../../broker/broker.ts";`],
      ["src/capabilities/shared.ts", `import { a } from "./fs/y.ts";`],
    ],
    keeps: [
      [
        "src/capabilities/fs/x.ts",
        `import type { Provider } from "../../broker/contract.ts"; import "./y.ts"; import "node:fs";`,
      ],
    ],
  },
  "only a session links the providers": {
    breaks: [["src/cli/x.ts", `import { perform } from "../capabilities/fs/y.ts";`]],
    keeps: [["src/session/x.ts", `import { perform } from "../capabilities/fs/y.ts";`]],
  },
  "enclosure and bundle know base alone": {
    breaks: [
      ["src/enclosure/x.ts", `import type { A } from "../broker/contract.ts";`],
      ["src/bundle/x.ts", `import { a } from "../manifest/y.ts";`],
    ],
    keeps: [["src/enclosure/x.ts", `import { a } from "../base/y.ts"; import "./z.ts"; import "node:fs";`]],
  },
  "the guest's world has no host in it": {
    breaks: [
      ["src/enclosure/guest/x.ts", `import "node:buffer";`],
      ["src/enclosure/guest/x.ts", `import { a } from "../frames.ts";`],
      ["src/enclosure/guest/x.ts", `import ivm from "isolated-vm";`],
    ],
    keeps: [
      ["src/enclosure/guest/x.ts", `import "core-js/actual/url"; import { encodeValue } from "../../base/codec.ts";`],
    ],
  },
  "review does not act": {
    breaks: [
      ["src/review/x.ts", `import { a } from "../outside/y.ts";`],
      ["src/review/x.ts", `import { a } from "../capabilities/fs/y.ts";`],
    ],
    keeps: [["src/review/x.ts", `import { a } from "../audit/y.ts";`]],
  },
  "dangerous modules are confined": {
    breaks: [
      ["src/session/x.ts", `const ivm = require("isolated-vm");`],
      ["src/review/x.ts", `import Database from "better-sqlite3";`],
      ["src/capabilities/fs/x.ts", `import { spawn } from "child_process";`],
      ["src/capabilities/fs/x.ts", `const net = await import("node:net");`],
      ["src/bundle/x.ts", `import { runInNewContext } from "node:vm";`],
    ],
    keeps: [
      ["src/enclosure/attempt.ts", `import { spawn } from "node:child_process";`],
      ["src/capabilities/http/x.ts", `import { request } from "undici";`],
    ],
  },
  "every import can be read": {
    breaks: [
      ["src/session/x.ts", `await import(path);`],
      ["src/session/x.ts", `require("./" + name)`],
    ],
    keeps: [["src/session/x.ts", `await import("./y.ts");`]],
  },
  "nothing imports tests or the library's front door": {
    breaks: [
      ["src/cli/x.ts", `import { run } from "../index.ts";`],
      ["src/cli/x.ts", `import { temporaryFolder } from "../../test/support/folder.ts";`],
    ],
    keeps: [["src/cli/x.ts", `import { run } from "../session/run.ts";`]],
  },
  "dangerous names are confined": {
    breaks: [
      ["src/session/x.ts", `const home = process.env["HOME"];`],
      ["src/audit/x.ts", `const t = Date.now();`],
      ["src/broker/x.ts", `const t = new Date();`],
      ["src/kinds/x.ts", `const r = Math.random();`],
      ["src/session/x.ts", `import { randomBytes } from "node:crypto";`],
      ["src/store/x.ts", `const t = performance.now();`],
      ["src/bundle/x.ts", `const f = new Function("return 1");`],
    ],
    keeps: [
      ["src/audit/x.ts", `const t = new Date(ms); // Date.now()`],
      ["src/outside/x.ts", `const t = Date.now();`],
      ["src/enclosure/guest/x.ts", `const now = Date.now;`],
      ["src/cli/x.ts", `const home = process.env["HOME"];`],
    ],
  },
  "a brand is made by its maker alone": {
    breaks: [
      ["src/session/x.ts", `const id = text as SessionId;`],
      ["src/capabilities/fs/x.ts", `const call = {} as unknown as AdmittedCall;`],
    ],
    keeps: [
      ["src/base/bytes.ts", `return text as HexDigest;`],
      ["src/session/x.ts", `const id = text as string;`],
    ],
  },
  "a file says what it owns": {
    breaks: [["src/base/x.ts", `export const a = 1;`]],
    keeps: [
      ["src/base/x.ts", `// Owns a.\nexport const a = 1;`],
      ["bin/x.js", `#!/usr/bin/env node\n// Owns b.\n`],
    ],
  },
  "a file can be read in one sitting": {
    breaks: [["src/base/x.ts", "//\n".repeat(401)]],
    keeps: [["src/base/x.ts", "//\n".repeat(400)]],
  },
  "a name says what is in it": {
    breaks: [
      ["src/base/utils.ts", ""],
      ["src/helpers/x.ts", ""],
      ["src/cli/call-manager.ts", ""],
      ["test/common.test.ts", ""],
    ],
    keeps: [
      ["src/cli/uncommonly.ts", ""],
      ["src/base/utility-grid.ts", ""],
    ],
  },
};

describe("a rule catches what breaks it, and nothing else:", () => {
  it("every rule has a violation planted here", () => {
    expect(Object.keys(PLANTED).sort()).toEqual(RULES.map((rule) => rule.name).sort());
  });

  it.each(RULES.map((rule) => [rule.name, rule] as const))("%s", (name, rule) => {
    const caught = (plant: readonly [string, string]): boolean => rule.check(sourceFile(...plant)).length > 0;
    expect(PLANTED[name]?.breaks.filter((plant) => !caught(plant))).toEqual([]);
    expect(PLANTED[name]?.keeps.filter(caught)).toEqual([]);
  });

  it("findCycle() names the files of a cycle, and passes over type-only imports", () => {
    const a = sourceFile("src/base/a.ts", `import "./b.ts";`);
    const b = sourceFile("src/base/b.ts", `export * from "./c.ts";`);
    const c = (text: string) => sourceFile("src/base/c.ts", text);
    expect(findCycle([a, b, c(`await import("./a.ts");`)])).toEqual([
      "src/base/a.ts",
      "src/base/b.ts",
      "src/base/c.ts",
      "src/base/a.ts",
    ]);
    expect(findCycle([a, b, c(`import type { A } from "./a.ts";`)])).toBeUndefined();
  });
});

describe("the repository's texts", () => {
  const PRIVATE_KEY = new RegExp(`-----BEGIN ([A-Z]+ )?${"PRIV" + "ATE"} KEY`);
  // Spelled in parts, so that this file does not hold what it looks for.
  const FORBIDDEN: readonly [what: string, pattern: RegExp][] = [
    [
      "a path of one machine",
      new RegExp(
        `(^|[\\s"'\`(=:])/(${["wo" + "rk", "ro" + "ot", "ho" + "me/(?!u/)[a-z]+", "Us" + "ers/[A-Za-z]+"].join("|")})/[\\w.-]+`,
        "m",
      ),
    ],
    ["a package registry's host", new RegExp(`registry\\.(${["npm" + "js", "yarn" + "pkg"].join("|")})\\.`)],
    ["a token", /\b(gh[pousr]_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{30,})\b/],
    ["a private key", PRIVATE_KEY],
  ];
  const paths = execFileSync("git", ["ls-files"], { cwd: ROOT }).toString().trim().split("\n");
  const texts = paths
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => [path, readFileSync(join(ROOT, path))] as const)
    .filter(([, bytes]) => !bytes.includes(0));

  it.each(FORBIDDEN)("do not hold %s", (_, pattern) => {
    // Keys of tests and their servers, which nobody trusts.
    const excused = (path: string): boolean => pattern === PRIVATE_KEY && /^(test|fixtures)\//.test(path);
    const found = texts
      .filter(([path]) => !excused(path))
      .map(([path, bytes]) => [path, pattern.exec(bytes.toString())?.[0].trim()] as const);
    expect(found.filter(([, text]) => text !== undefined)).toEqual([]);
  });

  it("are what the patterns would catch", () => {
    const caught = (text: string): number => FORBIDDEN.filter(([, pattern]) => pattern.test(text)).length;
    expect(caught(["", "wo" + "rk", "main", "src"].join("/"))).toBe(1);
    expect(caught(`see "/${"ho" + "me"}/ann/x"`)).toBe(1);
    expect(caught(["https:/", "registry.npm" + "js.org", "x"].join("/"))).toBe(1);
    expect(caught(`-----BEGIN ${"PRIV" + "ATE"} KEY-----`)).toBe(1);
    expect(caught("src/work/x.ts and a/root/b")).toBe(0);
  });
});
