import { cpSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canonicalJson, type JsonValue } from "../../src/base/json.ts";
import { temporaryFolder } from "../support/folder.ts";
import { bundle, project, refusalOf, run, runProject } from "./project.ts";

const sha256 = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");

describe("bundleAgent()", () => {
  it("gives a script whose value is a function of the host, and puts nothing on the global object", async () => {
    const folder = project({ "agent.ts": "var leaked = 1; function alsoLeaked() {} export default () => leaked;" });
    const { script } = await bundle(folder);
    const before = Object.getOwnPropertyNames(globalThis);
    expect(await run(script)).toBe(1);
    expect(Object.getOwnPropertyNames(globalThis)).toEqual(before);
  });

  it("calls a default export with the input and gives its awaited result", async () => {
    const agent = "export default async (input: { n: number }): Promise<number> => input.n + 1;";
    expect(await runProject({ "agent.ts": agent }, { input: { n: 41 } })).toBe(42);
  });

  it("gives a default export that is no function, awaited, and undefined where there is none", async () => {
    expect(await runProject({ "agent.ts": "const x = await Promise.resolve(3); export default x * 2;" })).toBe(6);
    expect(await runProject({ "agent.ts": "export default Promise.resolve('later');" })).toBe("later");
    expect(await runProject({ "agent.ts": "export const other = 1;" })).toBeUndefined();
    expect(await runProject({ "agent.ts": "async function main() { return 1; } // forgotten" })).toBeUndefined();
    expect(await runProject({ "agent.ts": "module.exports = 7;" })).toBe(7);
  });

  it("waits for the top level of every module before it calls the agent", async () => {
    const files = {
      "agent.ts": 'import { ready } from "./lib.ts"; export default () => ready;',
      "lib.ts": "export let ready = false; await new Promise((resolve) => setTimeout(resolve, 1)); ready = true;",
    };
    expect(await runProject(files)).toBe(true);
  });

  it("passes on what the agent throws", async () => {
    await expect(runProject({ "agent.ts": "throw new RangeError('no');" })).rejects.toThrow(RangeError);
    await expect(
      runProject({ "agent.ts": "export default async () => { throw new RangeError('no'); };" }),
    ).rejects.toThrow("no");
  });

  it("has each granted capability and note() as an export of enclosure:caps", async () => {
    const notes: string[] = [];
    const agent = `import { mail, note } from "enclosure:caps"; import * as all from "enclosure:caps";
      export default async () => { note("why"); return [await mail.send({ to: "a" }), Object.keys(all).sort()]; };`;
    const mail = { send: async (args: unknown) => args };
    const host = { capabilities: { mail }, note: (text: string) => void notes.push(text) };
    expect(await runProject({ "agent.ts": agent }, host)).toEqual([{ to: "a" }, ["mail", "note"]]);
    expect(notes).toEqual(["why"]);
  });

  it("grants names that are words of JavaScript", async () => {
    const folder = project({
      "agent.ts": 'import { delete as remove } from "enclosure:caps"; export default () => remove;',
    });
    const { script } = await bundle(folder, { capabilities: ["delete"] });
    expect(await run(script, { capabilities: { delete: "granted" } })).toBe("granted");
  });

  it("keeps an agent's own variables apart from those of the frame around it", async () => {
    const agent =
      "var $enclosureHost = 1, $enclosureOutput = 2; export default () => [$enclosureHost, $enclosureOutput];";
    expect(await runProject({ "agent.ts": agent })).toEqual([1, 2]);
  });

  it("compiles what TypeScript has at run time, and leaves async code as it is", async () => {
    const agent = `enum Colour { Red = 3 }
      class Base { constructor(readonly n: number) {} }
      export default async function main(): Promise<unknown> { for await (const x of [1]) return [Colour.Red, new Base(4).n, x]; }`;
    const folder = project({ "agent.ts": agent });
    const { script } = await bundle(folder);
    expect(script).toContain("for await (");
    expect(await run(script)).toEqual([3, 4, 1]);
  });

  it("imports TypeScript, JavaScript, CommonJS and JSON, with and without extensions", async () => {
    const files = {
      "agent.ts": `import a from "./a.js"; import b from "./b"; import c from "./c.cjs"; import d from "./d.json" with { type: "json" };
        import e from "./folder"; const f = await import("./f.mjs"); export default [a, b, c.value, d.value, e, f.default];`,
      "a.ts": "export default 'a';",
      "b.tsx": "export default 'b';",
      "c.cjs": "exports.value = 'c';",
      "d.json": '{"value":"d"}',
      "folder/index.mts": "export default 'e';",
      "f.mjs": "export default 'f';",
    };
    expect(await runProject(files)).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  it("tells nothing of where the sources lie: import.meta is empty, process.env.NODE_ENV is production", async () => {
    const agent = "export default [import.meta.url, Object.keys(import.meta), process.env.NODE_ENV];";
    expect(await runProject({ "agent.ts": agent })).toEqual([undefined, [], "production"]);
  });

  it("names every input with the digest and length of its bytes, sorted, and their digest as a whole", async () => {
    const folder = project({
      "agent.ts": 'import "./b.ts"; import "./a.json"; import "pkg"; export default 1;',
      "b.ts": "console.log('é');",
      "a.json": "{}",
      "unused.ts": "throw 1",
      "node_modules/pkg/package.json": '{"main":"m.js"}',
      "node_modules/pkg/m.js": "exports.x = 1;",
    });
    const { inputs, inputsSha256, source } = await bundle(folder);
    const paths = ["a.json", "agent.ts", "b.ts", "node_modules/pkg/m.js", "node_modules/pkg/package.json"];
    expect(inputs.map(({ path }) => path)).toEqual(paths);
    for (const { path, sha256: digest, bytes } of inputs) {
      const content = readFileSync(join(folder, path));
      expect([digest, bytes]).toEqual([sha256(content), content.length]);
    }
    expect(inputsSha256).toBe(sha256(canonicalJson(inputs as unknown as JsonValue)));
    expect(source).toBe(readFileSync(join(folder, "agent.ts"), "utf8"));
  });

  it("gives the same bytes in another folder, and no absolute path anywhere", async () => {
    const folder = project({
      "agent.ts":
        'import { twice } from "./lib/twice.ts"; import { mail } from "enclosure:caps"; export default () => [twice(2), mail];',
      "lib/twice.ts": "export const twice = (n: number): number => n * 2;",
    });
    const elsewhere = join(temporaryFolder(), "some", "where", "else");
    cpSync(folder, elsewhere, { recursive: true });
    const one = await bundle(folder);
    expect(await bundle(elsewhere)).toEqual({ ...one, root: elsewhere });
    expect(one.scriptSha256).toBe(sha256(one.script));
    for (const text of [one.script, one.sourceMap, JSON.stringify(one.inputs)]) expect(text).not.toContain(folder);
  });

  it("depends on the granted names, not on their order", async () => {
    const folder = project({ "agent.ts": 'import { a } from "enclosure:caps"; export default () => a;' });
    const one = await bundle(folder, { capabilities: ["a", "b"] });
    const other = await bundle(folder, { capabilities: ["b", "a"] });
    expect(other.script).toBe(one.script);
  });

  it("says that the entry is not there, or no text", async () => {
    expect((await refusalOf(bundle(project({})))).code).toBe("FILE_UNREADABLE");
  });
});
