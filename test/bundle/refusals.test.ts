import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BUNDLE_LIMITS } from "../../src/bundle/agent.ts";
import { bundle, project, refusalOf, run } from "./project.ts";

/** "file:line:column code message" of each problem, the file as a project path. */
async function problemsOf(folder: string): Promise<readonly string[]> {
  const { problems } = await refusalOf(bundle(folder));
  return problems.map(({ file = "", line, column, code, message }) => {
    return `${file.slice(folder.length + 1)}:${line}:${column} ${code} ${message}`;
  });
}

describe("bundleAgent() of a source that cannot be bundled", () => {
  it("tells all problems at once, each with file, line, column and mend", async () => {
    const folder = project({
      "agent.ts": `import { mial, note } from "enclosure:caps";
import fs from "node:fs";
import x from "../x.json";
import { nothing, there } from "./lib/a.ts";
const é = globalThis.name; export default [mial, note, fs, x, nothing, there, await import(é)];`,
      "lib/a.ts": 'import "./nope.ts";\nexport const there = require(String(1));',
    });
    expect(await problemsOf(folder)).toEqual([
      'agent.ts:1:10 IMPORT_UNGRANTED "mial" is not a capability of enclosure.yaml; did you mean "mail"?',
      'agent.ts:2:16 IMPORT_BUILTIN "node:fs" is a Node built-in, and an enclosure has none',
      'agent.ts:3:15 IMPORT_OUTSIDE "../x.json" is not in the project: it leads out of the project',
      'agent.ts:4:10 IMPORT_MISSING lib/a.ts exports no "nothing"',
      "agent.ts:5:85 IMPORT_DYNAMIC import() of a name that is known at run time only cannot be bundled",
      'lib/a.ts:1:8 IMPORT_MISSING "./nope.ts" cannot be found',
      "lib/a.ts:2:22 IMPORT_DYNAMIC require() of a name that is known at run time only cannot be bundled",
    ]);
    const { problems } = await refusalOf(bundle(folder));
    for (const { mend, severity } of problems) expect([mend.length > 20, severity]).toEqual([true, "error"]);
  });

  it("tells syntax errors of several files", async () => {
    const folder = project({
      "agent.ts": 'import "./a.ts"; import "./b.ts"; import "fs";',
      "a.ts": "let = = 1",
      "b.ts": "}",
    });
    const problems = await problemsOf(folder);
    expect(problems.map((text) => text.split(" ", 2).join(" "))).toEqual([
      "a.ts:1:7 SOURCE_INVALID",
      "agent.ts:1:42 IMPORT_BUILTIN",
      "b.ts:1:1 SOURCE_INVALID",
    ]);
  });

  it("names the manifest line to add for a capability that is not granted", async () => {
    const folder = project({
      "agent.ts": `import { ledger } from "enclosure:caps"; import * as caps from "enclosure:caps"; import all from "enclosure:caps";
        export default [ledger, caps.files, caps["web"], all];`,
    });
    const { problems } = await refusalOf(bundle(folder));
    expect(problems.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => "IMPORT_UNGRANTED"));
    expect(problems[0]?.mend).toContain(`"  ledger: { use: … }" under capabilities in ${folder}/enclosure.yaml`);
    expect(problems.map(({ message }) => message).join("\n")).toMatch(
      /"ledger"[^]*no default export[^]*"files"[^]*"web"/,
    );
  });

  it("does not overlook a name that no value uses, or that is passed on to another file", async () => {
    const folder = project({
      "agent.ts": `import { unused, mail as post, type Mail } from "enclosure:caps";
import type { AlsoUnused } from "enclosure:caps";
import {
  // a comment
  other,
} from "enclosure:caps";
import { gone } from "./caps.ts"; export default (): AlsoUnused | Mail => [post, gone];`,
      "caps.ts": 'export { mial as gone, note } from "enclosure:caps";',
      "lib.ts": 'import { notReached } from "enclosure:caps";',
    });
    expect((await problemsOf(folder)).map((text) => text.split(" ", 3).join(" "))).toEqual([
      'agent.ts:1:10 IMPORT_UNGRANTED "unused"',
      'agent.ts:5:3 IMPORT_UNGRANTED "other"',
      'caps.ts:1:10 IMPORT_UNGRANTED "mial"',
    ]);
  });

  it("refuses to load enclosure:caps in a way that does not show which names are asked for", async () => {
    const folder = project({
      "agent.ts": `export default async () => (await import("enclosure:caps")).files;
const { files } = require("enclosure:caps");
import pkg from "pkg";
globalThis.all = [files, pkg];`,
      "node_modules/pkg/index.js": 'module.exports = require("enclosure:caps").files;',
    });
    const refused = "IMPORT_DYNAMIC enclosure:caps can only be imported by an import statement";
    expect(await problemsOf(folder)).toEqual([
      `agent.ts:1:42 ${refused}`,
      `agent.ts:2:27 ${refused}`,
      `node_modules/pkg/index.js:1:26 ${refused}`,
    ]);
  });

  it.each([
    ["fs", "use: fs"],
    ["node:fs/promises", "use: fs"],
    ["http", "use: http"],
    ["node:net", "use: http"],
    ["child_process", "use: module"],
    ["node:process", "process.env"],
    ["crypto", "crypto.randomUUID"],
    ["node:vm", "use: module"],
    ["node:nothing-such", "use: module"],
  ])("says what to use in the place of %s", async (builtin, advice) => {
    const folder = project({ "agent.ts": `import x from "${builtin}"; export default x;` });
    const { problems } = await refusalOf(bundle(folder));
    expect(problems).toMatchObject([{ code: "IMPORT_BUILTIN", line: 1, column: 15 }]);
    expect(problems[0]?.mend).toContain(advice);
  });

  it("prefers a package to the built-in of its name", async () => {
    const folder = project({
      "agent.ts": 'import events from "events"; export default events;',
      "node_modules/events/index.js": "module.exports = 'a package';",
    });
    expect(await run((await bundle(folder)).script)).toBe("a package");
  });

  it("refuses a package that cannot do without Node, naming the package's file", async () => {
    const folder = project({
      "agent.ts": 'import "pkg";',
      "node_modules/pkg/index.mjs": 'import "node:dgram";',
      "node_modules/pkg/package.json": '{"main":"index.mjs"}',
    });
    expect(await problemsOf(folder)).toEqual([
      'node_modules/pkg/index.mjs:1:8 IMPORT_BUILTIN "node:dgram" is a Node built-in, and an enclosure has none',
    ]);
  });

  it("lets a package try what is not there, and fail when it tries", async () => {
    const pkg = `const tried = (load) => { try { return load(); } catch (error) { return error.code ?? "threw"; } };
      module.exports = [tried(() => require("fs")), tried(() => require("optional")), tried(() => require("./locale/" + module.x)),
        tried(() => require(module.x)), import("node:os").catch((error) => error.code), require.resolve];`;
    const folder = project({
      "agent.ts": 'import pkg from "pkg"; export default () => Promise.all(pkg.slice(0, 5));',
      "node_modules/pkg/index.js": pkg,
    });
    const absent = "MODULE_NOT_FOUND";
    expect(await run((await bundle(folder)).script)).toEqual([absent, absent, "threw", "threw", absent]);
  });

  it("refuses native addons and other kinds of files", async () => {
    const folder = project({
      "agent.ts":
        'import a from "./a.node"; import b from "./b.wasm"; import c from "./c.css"; export default [a, b, c];',
      "a.node": "",
      "b.wasm": "",
      "c.css": "",
    });
    const { problems } = await refusalOf(bundle(folder));
    expect(problems.map(({ code }) => code)).toEqual(Array.from({ length: 3 }, () => "IMPORT_UNSUPPORTED"));
    expect(problems[0]?.message).toContain("native addon");
  });

  it("refuses other modules of the enclosure's name", async () => {
    const folder = project({
      "agent.ts": 'import "enclosure:agent"; import "enclosure:before"; import "enclosure:fs";',
    });
    expect((await problemsOf(folder)).map((text) => text.split(" ")[1])).toEqual(
      Array.from({ length: 3 }, () => "IMPORT_MISSING"),
    );
  });

  it("keeps to its limits: files, bytes, script, time", async () => {
    const folder = project({
      "agent.ts": 'import "./a.ts"; export default 1;',
      "a.ts": `globalThis.text = "${"x".repeat(500)}";`,
    });
    const limited = async (limits: Partial<typeof BUNDLE_LIMITS>): Promise<unknown> => {
      const { code, problems } = await refusalOf(bundle(folder, { limits: { ...BUNDLE_LIMITS, ...limits } }));
      return [code, ...problems.map((problem) => problem.code)];
    };
    expect(await limited({ files: 1 })).toEqual(["BUNDLE_REFUSED", "BUNDLE_TOO_LARGE"]);
    expect(await limited({ fileBytes: 400 })).toEqual(["BUNDLE_REFUSED", "BUNDLE_TOO_LARGE"]);
    expect(await limited({ inputBytes: 510 })).toEqual(["BUNDLE_REFUSED", "BUNDLE_TOO_LARGE"]);
    expect(await limited({ scriptBytes: 400 })).toEqual(["BUNDLE_REFUSED", "BUNDLE_TOO_LARGE"]);
    expect(await limited({ ms: 0 })).toEqual(["BUNDLE_REFUSED", "BUNDLE_TIMEOUT"]);
    expect(await run((await bundle(folder)).script)).toBe(1);
  });

  it("finds the project root: a package.json upward, else the manifest's folder, else the agent's own", async () => {
    const folder = project({
      "agents/agent.ts": 'import x from "../shared.ts"; export default x;',
      "shared.ts": "export default 7;",
    });
    const agent = { entry: join(folder, "agents", "agent.ts") };
    expect(await run((await bundle(folder, agent)).script)).toBe(7);
    expect((await refusalOf(bundle(folder, { ...agent, root: join(folder, "agents") }))).problems).toMatchObject([
      { code: "IMPORT_OUTSIDE" },
    ]);
    expect((await refusalOf(bundle(folder, { ...agent, root: join(folder, "nope") }))).code).toBe("FILE_UNREADABLE");
    mkdirSync(join(folder, "other"));
    expect((await refusalOf(bundle(folder, { ...agent, root: join(folder, "other") }))).code).toBe("IMPORT_OUTSIDE");

    const bare = join(project({}), "..");
    mkdirSync(join(bare, "set", "agents"), { recursive: true });
    writeFileSync(join(bare, "set", "shared.ts"), "export default 8;");
    writeFileSync(join(bare, "set", "agents", "agent.ts"), 'import x from "../shared.ts"; export default x;');
    const loose = { entry: join(bare, "set", "agents", "agent.ts") };
    const manifestFile = join(bare, "set", "enclosure.yaml");
    expect(await run((await bundle(bare, { ...loose, manifestFile })).script)).toBe(8);
    const elsewhere = join(bare, "project", "enclosure.yaml");
    expect((await refusalOf(bundle(bare, { ...loose, manifestFile: elsewhere }))).code).toBe("BUNDLE_REFUSED");
  });
});
