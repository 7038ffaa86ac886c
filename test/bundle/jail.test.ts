// Attacks on the jail: each agent tries to have a file of the host compiled into itself.
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { pureHasher } from "../../src/base/bytes.ts";
import type { ErrorCode } from "../../src/base/errors.ts";
import { Jail, JailError } from "../../src/bundle/jail.ts";
import { bundle, CANARY, project, refusalOf, run } from "./project.ts";

/** A project whose parent folder holds secrets that every attack aims at. */
function victim(files: Readonly<Record<string, string>>): { folder: string; outside: string } {
  const folder = project(files);
  const outside = dirname(folder);
  writeFileSync(join(outside, "secret.json"), JSON.stringify({ secret: CANARY }));
  writeFileSync(join(outside, "secret.ts"), `export default "${CANARY}";`);
  writeFileSync(join(outside, "secret.txt"), CANARY);
  return { folder, outside };
}

/** The codes of what is wrong with the agent; that nothing tells the canary is checked here. */
async function refusedCodes(folder: string): Promise<readonly ErrorCode[]> {
  const fault = await refusalOf(bundle(folder));
  expect(fault.code).toBe("BUNDLE_REFUSED");
  expect(JSON.stringify([fault.message, fault.problems])).not.toContain(CANARY);
  return fault.problems.map(({ code }) => code);
}

describe("an agent that imports a file of the host", () => {
  it.each([
    ["by an absolute path", "/etc/hostname"],
    ["by an absolute path with an extension", "/etc/hostname.json"],
    ["by going up", "../secret.json"],
    ["by going up and guessing the extension", "../secret"],
    ["by going down and up", "./lib/../../secret.ts"],
    ["by a file URL", "file:///etc/hostname"],
    ["by a data URL", "data:text/javascript,export default 1"],
    ["by another URL", "https://example.com/x.js"],
    ["by a backslash", "\\etc\\hostname"],
    ["through a package's name", "pkg/../../../secret.json"],
  ])("%s is refused", async (_how, specifier) => {
    const { folder } = victim({
      "agent.ts": `import x from ${JSON.stringify(specifier)}; export default x;`,
      "node_modules/pkg/index.js": "",
    });
    expect(await refusedCodes(folder)).toEqual(["IMPORT_OUTSIDE"]);
  });

  it.each(["import(%)", "require(%)"])("by %s is refused as well", async (form) => {
    const { folder } = victim({ "agent.ts": `export default ${form.replace("%", '"../secret.json"')};` });
    expect(await refusedCodes(folder)).toEqual(["IMPORT_OUTSIDE"]);
  });

  it("through a symbolic link in its project is refused", async () => {
    const { folder, outside } = victim({ "agent.ts": 'import x from "./link.json"; export default x;' });
    symlinkSync(join(outside, "secret.json"), join(folder, "link.json"));
    expect(await refusedCodes(folder)).toEqual(["IMPORT_OUTSIDE"]);
  });

  it("through a linked folder of its project, or of node_modules, is refused", async () => {
    const agent = 'import a from "./out/secret.json"; import b from "pkg/secret.json"; export default [a, b];';
    const { folder, outside } = victim({ "agent.ts": agent, "node_modules/other/index.js": "" });
    symlinkSync(outside, join(folder, "out"));
    symlinkSync(outside, join(folder, "node_modules", "pkg"));
    expect(await refusedCodes(folder)).toEqual(["IMPORT_OUTSIDE", "IMPORT_OUTSIDE"]);
  });

  it("through node_modules that is itself a link is refused", async () => {
    const { folder, outside } = victim({ "agent.ts": 'import a from "pkg/secret.json"; export default a;' });
    mkdirSync(join(outside, "victims", "pkg"), { recursive: true });
    writeFileSync(join(outside, "victims", "pkg", "secret.json"), JSON.stringify(CANARY));
    symlinkSync(join(outside, "victims"), join(folder, "node_modules"));
    expect(await refusedCodes(folder)).toEqual(["IMPORT_OUTSIDE"]);
  });

  it("by a package.json that points out is refused, field by field", async () => {
    const out = "../../../secret.json";
    const manifests = {
      main: { main: out },
      module: { module: out },
      browser: { browser: out },
      replaced: { main: "index.js", browser: { "./index.js": out } },
      exports: { exports: `./${out}` },
      conditions: { exports: { ".": { enclosure: `./x/../${out}`, default: "./index.js" } } },
      pattern: { exports: { "./*": "./*.json" } },
      bare: { exports: "/etc/hostname" },
    };
    const names = Object.keys(manifests);
    const packages = Object.entries(manifests).flatMap(([name, manifest]) => [
      [`node_modules/${name}/package.json`, JSON.stringify(manifest)],
      [`node_modules/${name}/index.js`, "exports.x = 1;"],
    ]);
    const imports = names.map(
      (name) => `import ${name} from "${name}${name === "pattern" ? "/../../../secret" : ""}";`,
    );
    const agent = `${imports.join("\n")}\nexport default [${names.join()}];`;
    const { folder } = victim({ "agent.ts": agent, ...Object.fromEntries(packages) });
    expect(await refusedCodes(folder)).toEqual(names.map(() => "IMPORT_OUTSIDE"));
  });

  it("by its own package.json's imports is refused", async () => {
    const { folder } = victim({
      "package.json": JSON.stringify({
        name: "self",
        imports: { "#up": "./../secret.json", "#abs": "/etc/hostname", "#url": "file:///etc/hostname", "#bare": "pkg" },
        browser: { pkg: "../secret.json" },
      }),
      "agent.ts":
        'import a from "#up"; import b from "#abs"; import c from "#url"; import d from "pkg"; export default [a, b, c, d];',
    });
    expect(await refusedCodes(folder)).toEqual([
      "IMPORT_OUTSIDE",
      "IMPORT_OUTSIDE",
      "IMPORT_OUTSIDE",
      "IMPORT_OUTSIDE",
    ]);
  });

  it("by a tsconfig.json finds that none is read", async () => {
    const { folder, outside } = victim({
      "agent.ts": 'import x from "secrets"; import y from "@/secret.json"; export default [x, y];',
      "tsconfig.json":
        '{"extends": "../secret.json", "compilerOptions": {"baseUrl": "..", "paths": {"secrets": ["../secret.ts"], "@/*": ["../*"]}}}',
    });
    expect(await refusedCodes(folder)).toEqual(["IMPORT_MISSING", "IMPORT_MISSING"]);
    writeFileSync(join(folder, "tsconfig.json"), `{ "compilerOptions": ${CANARY}`);
    writeFileSync(join(outside, "tsconfig.json"), `{ ${CANARY}`);
    writeFileSync(join(folder, "agent.ts"), "export default 1;");
    expect(await run((await bundle(folder)).script)).toBe(1);
  });

  it("by a path put together at run time has no folder walked and no file loaded", async () => {
    const up = "../".repeat(60);
    const { folder, outside } = victim({ "agent.ts": "" });
    const aimed = `./${up}${relative("/", outside)}`;
    const forms = [
      ["import(`", "/${name}.json`)"],
      ['import("', '/" + name + ".json")'],
      ["require(`", "/${name}.json`)"],
      ['require("', '/" + name)'],
    ];
    for (const [before, after] of forms) {
      const agent = `const name = globalThis.x;\nexport default async () => await ${before}${aimed}${after};`;
      writeFileSync(join(folder, "agent.ts"), agent);
      const fault = await refusalOf(bundle(folder));
      expect(fault.problems).toMatchObject([{ code: "IMPORT_DYNAMIC", line: 2, file: join(folder, "agent.ts") }]);
    }
  });

  it("by an attribute that would make text or bytes of any file is refused", async () => {
    const { folder } = victim({
      "agent.ts": `import a from "./key.json" with { type: "text" }; import b from "./key.json" with { type: "bytes" };
        import c from "./key.txt" with { type: "json" }; import d from "./key.pem"; export default [a, b, c, d];`,
      "key.json": "1",
      "key.txt": CANARY,
      "key.pem": CANARY,
    });
    expect(await refusedCodes(folder)).toEqual(Array.from({ length: 4 }, () => "IMPORT_UNSUPPORTED"));
  });

  it("is served by links that stay inside node_modules, as pnpm makes them", async () => {
    const { folder } = victim({
      "agent.ts": 'import x from "pkg"; export default x;',
      "node_modules/.pnpm/pkg@1/node_modules/pkg/package.json": '{"exports":"./index.mjs"}',
      "node_modules/.pnpm/pkg@1/node_modules/pkg/index.mjs": 'import y from "dep"; export default [1, y];',
      "node_modules/.pnpm/dep@2/node_modules/dep/index.js": "module.exports = 2;",
    });
    symlinkSync(".pnpm/pkg@1/node_modules/pkg", join(folder, "node_modules", "pkg"));
    symlinkSync("../../dep@2/node_modules/dep", join(folder, "node_modules/.pnpm/pkg@1/node_modules/dep"));
    expect(await run((await bundle(folder)).script)).toEqual([1, 2]);
  });
});

describe("Jail", () => {
  const limits = { files: 10, fileBytes: 100, inputBytes: 150 };

  it("does not read a file whose folder has become a link that leads out since it was found", () => {
    const { folder, outside } = victim({ "lib/secret.json": "1" });
    const jail = new Jail(folder, pureHasher, limits);
    const found = jail.find(join(folder, "lib", "secret.json"));
    expect(found).toEqual({ kind: "file", path: join(folder, "lib", "secret.json") });
    renameSync(join(folder, "lib"), join(folder, "old"));
    symlinkSync(outside, join(folder, "lib"));
    expect(() => jail.read(join(folder, "lib", "secret.json"))).toThrow(JailError);
    expect(jail.inputs).toEqual([]);
  });

  it("tells nothing of what lies outside, not even whether it is there", () => {
    const { folder, outside } = victim({});
    const jail = new Jail(folder, pureHasher, limits);
    expect(jail.find(join(outside, "secret.json"))).toEqual({ kind: "outside" });
    expect(jail.find(join(outside, "nothing"))).toEqual({ kind: "outside" });
    expect(jail.find(`${folder}-other/x.ts`)).toEqual({ kind: "outside" });
  });

  it("bounds one file, all of them, and their number", () => {
    const folder = project({ "a.ts": "a".repeat(90), "b.ts": "b".repeat(90), "c.ts": "c".repeat(101), "d.ts": "" });
    const jail = new Jail(folder, pureHasher, limits);
    jail.read(join(folder, "a.ts"));
    expect(() => jail.read(join(folder, "b.ts"))).toThrow("150 bytes");
    expect(() => jail.read(join(folder, "c.ts"))).toThrow("100 bytes");
    const few = new Jail(folder, pureHasher, { ...limits, files: 1 });
    few.read(join(folder, "a.ts"));
    expect(() => few.read(join(folder, "d.ts"))).toThrow("1 files");
  });
});
