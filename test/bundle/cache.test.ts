import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AgentBundle } from "../../src/bundle/contract.ts";
import { bundleModule } from "../../src/bundle/module.ts";
import { bundle, CANARY, project, run } from "./project.ts";

const KEY = new Uint8Array(32).fill(7);

function cachedProject(files: Readonly<Record<string, string>>) {
  const folder = project(files);
  const cache = { folder: join(folder, "..", "cache"), key: KEY };
  const entries = (): readonly string[] => readdirSync(cache.folder).map((name) => join(cache.folder, name));
  const entry = (): string => {
    const [path] = entries();
    if (path === undefined) throw new Error("nothing was cached");
    return path;
  };
  return { folder, cache, entry, entries, compile: (): Promise<AgentBundle> => bundle(folder, { cache }) };
}

/** Puts a mark into the cached script and seals it as only someone with the key can: what a hit shows and a miss does not. */
function mark(path: string): void {
  const body = readFileSync(path, "utf8").slice(65).replace("fresh", "from the cache");
  writeFileSync(path, `${seal(path, body, KEY)}\n${body}`);
}

function seal(path: string, body: string, key: Uint8Array): string {
  const name = path.split("/").at(-1) as string;
  return createHmac("sha256", key).update(`enclosure/bundle-cache/v1\0${name}\0`).update(body).digest("hex");
}

const AGENT = {
  "agent.ts": 'import { x } from "./x"; import "pkg"; export default ["fresh", x];',
  "x.js": "export const x = 1;",
  "node_modules/pkg/index.js": "",
};

describe("the cache of bundles", () => {
  it("gives the same bundle again", async () => {
    const { compile, entries } = cachedProject(AGENT);
    const first = await compile();
    expect(entries()).toHaveLength(1);
    expect(await compile()).toEqual(first);
  });

  it("is used where nothing has changed", async () => {
    const { compile, entry } = cachedProject(AGENT);
    await compile();
    mark(entry());
    expect(await run((await compile()).script)).toEqual(["from the cache", 1]);
  });

  it.each<[string, (folder: string) => void]>([
    ["the agent has changed", (folder) => writeFileSync(join(folder, "agent.ts"), `${AGENT["agent.ts"]} //`)],
    ["an import has changed", (folder) => writeFileSync(join(folder, "x.js"), "export const x = 1; //")],
    [
      "an import is gone and another takes its place",
      (folder) => {
        rmSync(join(folder, "x.js"));
        writeFileSync(join(folder, "x.mjs"), "export const x = 1;");
      },
    ],
    [
      "a file has come that an import now means",
      (folder) => writeFileSync(join(folder, "x.ts"), "export const x = 1;"),
    ],
    [
      "a package.json now leads elsewhere",
      (folder) => {
        writeFileSync(join(folder, "node_modules/pkg/other.js"), "");
        writeFileSync(join(folder, "node_modules/pkg/package.json"), '{"main":"other.js"}');
      },
    ],
  ])("is not used where %s", async (_what, change) => {
    const { compile, entry, folder } = cachedProject(AGENT);
    await compile();
    mark(entry());
    change(folder);
    const { script, inputs } = await compile();
    expect(await run(script)).toEqual(["fresh", 1]);
    expect(inputs).toEqual((await bundle(folder)).inputs);
  });

  it("is not used for other grants", async () => {
    const { compile, entry, folder, cache } = cachedProject(AGENT);
    await compile();
    mark(entry());
    expect(await run((await bundle(folder, { cache, capabilities: [] })).script)).toEqual(["fresh", 1]);
  });

  it("does not let an entry that was tampered with run", async () => {
    const { compile, entry } = cachedProject(AGENT);
    await compile();
    const path = entry();
    const whole = readFileSync(path, "utf8");
    const evil = whole.slice(65).replace("fresh", CANARY);
    const tamperings = [
      `${whole.slice(0, 64)}\n${evil}`,
      `${seal(path, evil, new Uint8Array(32))}\n${evil}`,
      evil,
      whole.slice(0, -10),
      "",
      `${"0".repeat(64)}\n${evil}`,
    ];
    for (const tampered of tamperings) {
      writeFileSync(path, tampered);
      expect(await run((await compile()).script)).toEqual(["fresh", 1]);
      expect(readFileSync(path, "utf8")).toBe(whole);
    }
  });

  it("does not take one agent's entry for another's", async () => {
    const one = cachedProject(AGENT);
    await one.compile();
    const stolen = readFileSync(one.entry(), "utf8");
    const other = cachedProject({ ...AGENT, "agent.ts": "export default 'other';" });
    await other.compile();
    writeFileSync(other.entry(), stolen);
    expect(await run((await other.compile()).script)).toBe("other");
  });

  it("does not take a module's entry for an agent's", async () => {
    const { compile, folder, cache, entries } = cachedProject({ "agent.ts": "export default 1;" });
    await bundleModule({ file: join(folder, "agent.ts"), cache });
    await compile();
    expect(entries()).toHaveLength(2);
  });

  it("does without it where it cannot be read or written", async () => {
    const { compile, cache, entries } = cachedProject(AGENT);
    writeFileSync(cache.folder, "a file in its place");
    expect(await run((await compile()).script)).toEqual(["fresh", 1]);
    rmSync(cache.folder);
    mkdirSync(cache.folder);
    await compile();
    const [path] = entries() as [string];
    rmSync(path);
    symlinkSync("/nowhere", path);
    expect(await run((await compile()).script)).toEqual(["fresh", 1]);
    chmodSync(cache.folder, 0o700);
  });
});
