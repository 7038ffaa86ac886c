// Attacks by source map comments: each file names another one, or brings a map of its own, that esbuild would believe.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { pureHasher } from "../../src/base/bytes.ts";
import { BUNDLE_LIMITS } from "../../src/bundle/agent.ts";
import { ownMap } from "../../src/bundle/compile.ts";
import { Jail } from "../../src/bundle/jail.ts";
import { locateInSource } from "../../src/bundle/locate.ts";
import { bundleModule } from "../../src/bundle/module.ts";
import { bundle, CANARY, project, run } from "./project.ts";

const FORGED = JSON.stringify({
  version: 3,
  sources: ["forged.ts"],
  sourcesContent: [CANARY],
  mappings: "AAAA,AAAA",
});
const BODY =
  "const before = 1;\nexport function fail() {\n  throw new Error('here');\n}\nObject.assign(globalThis, { fail });\n";

const COMMENTS: readonly ((url: string) => string)[] = [
  (url) => `//# sourceMappingURL=${url}`,
  (url) => `//@ sourceMappingURL=${url}`,
  (url) => `/*# sourceMappingURL=${url} */`,
  (url) => `//# sourceMappingURL=x\n/*@ sourceMappingURL=${url}\n*/ // the end`,
];

interface Map {
  readonly sources: readonly string[];
  readonly sourcesContent: readonly (string | null)[];
}

/** A project beside which there is a map, and the comments that name it, or bring one along. */
function victim(): { readonly folder: string; readonly outside: string; readonly comments: readonly string[] } {
  const folder = project({});
  const outside = join(dirname(folder), "secret.map");
  writeFileSync(outside, FORGED);
  const up = "../".repeat(60) + relative("/", outside);
  const data = `data:application/json;base64,${Buffer.from(FORGED).toString("base64")}`;
  const urls = [outside, pathToFileURL(outside).href, up, data];
  return { folder, outside, comments: urls.flatMap((url) => COMMENTS.map((comment) => comment(url))) };
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

describe("a source map comment", () => {
  it.each([
    ["agent.ts", ""],
    ["lib.ts", "./lib.ts"],
    ["lib.tsx", "./lib.tsx"],
    ["lib.cjs", "./lib.cjs"],
    ["node_modules/pkg/index.js", "pkg"],
  ])("of %s names nothing: the recorded map shows the inputs, and the true places", async (path, specifier) => {
    const { folder, comments } = victim();
    for (const comment of comments) {
      write(folder, { "agent.ts": `import * as all from "${specifier}"; export default all;`, [path]: BODY + comment });
      const { script, sourceMap, inputs } = await bundle(folder);
      const { sources, sourcesContent } = JSON.parse(sourceMap) as Map;
      const files = sources.filter((source) => !/^(enclosure:|<define:)/.test(source));
      expect(inputs.map((input) => input.path)).toEqual(expect.arrayContaining(files));
      expect(sourcesContent[sources.indexOf(path)]).toBe(BODY + comment);
      const lines = script.split("\n");
      const line = lines.findIndex((one) => one.includes("throw new Error")) + 1;
      const column = (lines[line - 1] as string).indexOf("throw") + 1;
      expect(locateInSource(sourceMap, line, column)).toEqual({ file: path, line: 3, column: 3 });
    }
  });

  it.each(["", "import.meta.url;\n"])("of a host module, or of what it imports, names nothing: %j", async (more) => {
    const { folder, comments } = victim();
    for (const comment of comments) {
      const text = more + BODY + comment;
      write(folder, { "mods/desk.ts": `export * from "../lib.ts"; export * from "pkg";${text}`, "lib.ts": text });
      write(folder, { "node_modules/pkg/index.js": text });
      const { code } = await bundleModule({ file: join(folder, "mods", "desk.ts") });
      const [, encoded = ""] = code.split("//# sourceMappingURL=data:application/json;base64,");
      const { sources } = JSON.parse(Buffer.from(encoded, "base64").toString()) as Map;
      expect([...sources].sort()).toEqual(["./../lib.ts", "./../node_modules/pkg/index.js", "./desk.ts"]);
      expect(code).not.toContain(CANARY);
    }
  });

  it("has the build wait for no pipe", async () => {
    const { folder, outside } = victim();
    execFileSync("mkfifo", [`${outside}.pipe`]);
    write(folder, { "agent.ts": `export default 1;\n//# sourceMappingURL=${outside}.pipe` });
    const limits = { ...BUNDLE_LIMITS, ms: 5000 };
    expect(await run((await bundle(folder, { limits })).script)).toBe(1);
  });

  it("is nothing but text in a string, and in JSON", async () => {
    const { folder, outside } = victim();
    const text = `//# sourceMappingURL=${outside}`;
    write(folder, {
      "agent.ts": `import data from "./data.json"; export default [data, ${JSON.stringify(text)}, \`\n${text}\n\`];`,
      "data.json": JSON.stringify(text),
    });
    expect(await run((await bundle(folder)).script)).toEqual([text, text, `\n${text}\n`]);
  });
});

describe("ownMap()", () => {
  it("refuses a map with a source that is none of the inputs", () => {
    const folder = project({ "agent.ts": "export default 1;", "other.ts": CANARY });
    const entry = join(folder, "agent.ts");
    const jail = new Jail(folder, pureHasher, BUNDLE_LIMITS);
    jail.read(entry);
    const mapOf = (source: string): string => ownMap({ jail, entry }, JSON.stringify({ sources: [source] }));
    expect(JSON.parse(mapOf("source:agent.ts"))).toMatchObject({ sourcesContent: ["export default 1;"] });
    expect(JSON.parse(mapOf("enclosure:caps"))).toMatchObject({ sourcesContent: [null] });
    for (const source of ["source:other.ts", "other.ts", "/etc/hostname", "source:../secret.json", "file:x"]) {
      const problem = expect.objectContaining({ code: "IMPORT_OUTSIDE" }) as unknown;
      expect(() => mapOf(source)).toThrow(expect.objectContaining({ code: "BUNDLE_REFUSED", problems: [problem] }));
    }
  });
});
