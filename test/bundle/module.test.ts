import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import type { ModuleBundle } from "../../src/bundle/contract.ts";
import { bundleModule } from "../../src/bundle/module.ts";
import * as define from "../../src/capabilities/module/define.ts";
import { temporaryFolder } from "../support/folder.ts";
import { project, refusalOf } from "./project.ts";

const bundleOf = (folder: string): Promise<ModuleBundle> => bundleModule({ file: join(folder, "desk.ts") });

/** Loads a text under a file's own URL, as the module's thread does, and tells what it exports. */
const LOADER = `
import { registerHooks } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
const { code, url } = workerData;
process.setSourceMapsEnabled(true);
registerHooks({ load: (one, context, next) => one === url ? { format: "module", source: code, shortCircuit: true } : next(one, context) });
const exported = { ...(await import(url)) };
const call = ([name, value]) => [name, typeof value === "function" ? value("given") : value];
try {
  parentPort.postMessage(Object.fromEntries(Object.entries(exported).map(call)));
} catch (error) {
  parentPort.postMessage({ stack: error.stack });
}`;

/** The exports of a bundle; of a function, what it returns when it is given "given". */
async function load({ code, entryPath }: ModuleBundle): Promise<Readonly<Record<string, unknown>>> {
  const url = pathToFileURL(entryPath).href;
  const loader = new URL(`data:text/javascript,${encodeURIComponent(LOADER)}`);
  const worker = new Worker(loader, { workerData: { code, url }, execArgv: [] });
  try {
    const [exported] = (await once(worker, "message")) as [Readonly<Record<string, unknown>>];
    return exported;
  } finally {
    await worker.terminate();
  }
}

describe("bundleModule()", () => {
  it("makes one module of TypeScript, packages and JSON, with Node's built-ins left as they are", async () => {
    const folder = project({
      "desk.ts": `import { join } from "node:path"; import fs from "fs"; import pkg from "pkg"; import data from "./data.json";
        enum Colour { Red = 3 } export default [join("a", "b"), typeof fs.readFileSync, pkg, data.n, Colour.Red];`,
      "data.json": '{"n":1}',
      "node_modules/pkg/index.js": 'module.exports = require("os").EOL;',
    });
    expect((await load(await bundleOf(folder)))["default"]).toEqual(["a/b", "function", "\n", 1, 3]);
  });

  it("leaves each file its own place: import.meta, __filename and __dirname, with nothing of it in the text", async () => {
    const folder = project({
      "mods/desk.ts": `const URL = globalThis.URL; import { here } from "../lib/hé re.ts"; import { readFileSync } from "node:fs"; import pkg from "pkg";
        export default [here(), import.meta.url, readFileSync(new URL("./data.txt", import.meta.url), "utf8"), pkg, import.meta.main];
`,
      "mods/data.txt": "beside it",
      "lib/hé re.ts": "export const here = (): unknown => [import.meta.filename, import.meta.dirname];",
      "node_modules/pkg/index.js": 'module.exports = [__filename, __dirname, "import.meta.url"];',
    });
    const bundle = await bundleModule({ file: join(folder, "mods", "desk.ts") });
    expect((await load(bundle))["default"]).toEqual([
      [join(folder, "lib", "hé re.ts"), join(folder, "lib")],
      pathToFileURL(join(folder, "mods", "desk.ts")).href,
      "beside it",
      [join(folder, "node_modules/pkg/index.js"), join(folder, "node_modules/pkg"), "import.meta.url"],
      false,
    ]);
    expect(bundle.entryPath).toBe(join(folder, "mods", "desk.ts"));
    expect(bundle.code + JSON.stringify(bundle.inputs)).not.toContain(folder);
    const elsewhere = join(temporaryFolder(), "elsewhere");
    cpSync(folder, elsewhere, { recursive: true });
    const other = await bundleModule({ file: join(elsewhere, "mods", "desk.ts") });
    expect(other).toEqual({ ...bundle, root: elsewhere, entryPath: other.entryPath });
  });

  it("names the module's own lines in a stack", async () => {
    const folder = project({
      "desk.ts": 'import { fail } from "./lib/fäil 100%.ts";\nexport default fail;',
      "lib/fäil 100%.ts":
        "interface Gone {\n  x: 1;\n}\nexport function fail(): void {\n  import.meta.url; throw new Error('here');\n}",
    });
    const { stack } = await load(await bundleOf(folder));
    expect(stack).toContain(`${join(folder, "lib/fäil 100%.ts")}:5:`);
  });

  it("serves agent-enclosure itself, whatever is installed, as define.ts has it", async () => {
    const folder = project({
      "desk.ts": 'export * from "agent-enclosure";',
      "node_modules/agent-enclosure/index.js": "exports.defineModule = () => 'another one';",
      "node_modules/agent-enclosure/package.json": '{"exports":"./index.js"}',
    });
    const factory = (): [] => [];
    expect(define.defineModule(factory)).toBe(factory);
    const capability = { name: "a", effect: "read", run: () => 1 } as const;
    expect(define.defineCapability(capability)).toBe(capability);
    const served = await load(await bundleOf(folder));
    expect(served).toEqual(Object.fromEntries(Object.keys(define).map((name) => [name, "given"])));
  });

  it("refuses what cannot be pinned, and names that agent-enclosure has not", async () => {
    const folder = project({
      "desk.ts": `import { runSession } from "agent-enclosure"; import "./x.node"; import "../out.ts";
        export default [runSession, await import(process.argv[2])];`,
      "x.node": "",
    });
    const { code, problems } = await refusalOf(bundleOf(folder));
    expect(code).toBe("BUNDLE_REFUSED");
    expect(problems.map((problem) => problem.code)).toEqual([
      "IMPORT_MISSING",
      "IMPORT_UNSUPPORTED",
      "IMPORT_OUTSIDE",
      "IMPORT_DYNAMIC",
    ]);
    expect(problems[1]?.message).toContain("native addon");
  });

  it("has another digest when any of its sources has changed", async () => {
    const folder = project({ "desk.ts": 'import "./lib.ts"; export default 1;', "lib.ts": "" });
    const { inputsSha256 } = await bundleOf(folder);
    expect((await bundleOf(folder)).inputsSha256).toBe(inputsSha256);
    writeFileSync(join(folder, "lib.ts"), "//");
    expect((await bundleOf(folder)).inputsSha256).not.toBe(inputsSha256);
  });

  it("says that the module is not there", async () => {
    const folder = project({});
    expect((await refusalOf(bundleOf(folder))).code).toBe("FILE_UNREADABLE");
    mkdirSync(join(folder, "desk.ts"));
    expect((await refusalOf(bundleOf(folder))).code).toBe("FILE_UNREADABLE");
  });
});
