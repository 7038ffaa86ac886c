// The second wall and the third: code that has escaped the isolate into the guest process's own Node realm finds nothing
// there; code that has all of Node's powers as well finds nothing beyond the root and the namespaces that it was given.
// The attack runs in a process with the product's own command line and environment; the same attack in a process without
// them must succeed, or it proves nothing.
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import type { Addon } from "../../src/enclosure/command.ts";
import { findAddon, GUEST_ENVIRONMENT, guestArguments } from "../../src/enclosure/command.ts";
import { release, wrappings } from "../../src/enclosure/os-walls.ts";
import { BUBBLEWRAP_WORKS } from "../support/bubblewrap.ts";
import { programPath } from "../../src/outside/programs.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = join(import.meta.dirname, "..", "..");
/** The status with which the attack leaves, by the product's own way out. */
const LEFT = 42;

/** Each deed says what it got; what throws got nothing. `node` is Node's modules, loaded before the powers were dropped. */
const ATTACK = `
const deeds = {
  "read a file": () => node.fs.readFileSync(secret, "utf8"),
  "read its own program": () => node.fs.readFileSync(__filename, "utf8").length,
  "read the addon": () => node.fs.readFileSync(addon).length,
  "list a folder": () => node.fs.readdirSync("/tmp").length,
  "stat a file": () => node.fs.statSync(secret).size,
  "read through /proc": () => node.fs.readFileSync("/proc/self/environ", "utf8"),
  "attach a database": () => {
    const database = new sqlite.DatabaseSync(":memory:");
    database.exec("attach 'file:" + secret + ".db?mode=ro&immutable=1' as other");
    return database.prepare("select name from other.sqlite_master").all().length;
  },
  "write a file": () => { node.fs.writeFileSync(secret + ".out", "x"); return "written"; },
  "make a link": () => { node.fs.symlinkSync(secret, secret + ".link"); return "linked"; },
  "run a program": () => { const r = node.child_process.spawnSync("true"); if (r.error) throw r.error; return r.status; },
  "start a worker": () => { new node.worker_threads.Worker("1", { eval: true }).unref(); return "started"; },
  "open the inspector": () => { node.inspector.open(0); const url = node.inspector.url(); node.inspector.close(); return url; },
  "compile WASI": () => typeof new node.wasi.WASI({ version: "preview1" }),
  "load another addon": () => { (node.process.dlopen ?? (() => { throw 1; }))({ exports: {} }, addon); return "loaded"; },
  "load a module": () => { const load = node.process.getBuiltinModule; return Object.keys(load("node:os")).length; },
  "reach internals": () => { const bind = node.process.binding; return typeof bind("fs"); },
  "signal another process": () => { node.process.kill(parent, 0); return "signalled"; },
  "open another's inspector": () => { if (typeof node.process._debugProcess !== "function") throw 1; return "could"; },
  "become another program": () => { if (typeof node.process.execve !== "function") throw 1; return "could"; },
  "find process on the global": () => globalThis.process.pid,
  "read the environment": () => { const env = { ...node.process.env }; for (const name of ["TZ", "LC_ALL", "PWD"]) delete env[name]; if (Object.keys(env).length === 0) throw 1; return Object.keys(env).length; },
};
const got = {};
for (const [name, deed] of Object.entries(deeds)) {
  try { got[name] = String(deed()); } catch {}
}
const say = () => { write(3, JSON.stringify(got)); exit(left); };
try {
  const socket = node.net.connect(port, "127.0.0.1", () => { got["open a connection"] = "connected"; say(); });
  socket.on("error", say);
} catch { say(); }
`;

/** What stands around the attack: all that stands around a guest but bubblewrap, bubblewrap's namespaces alone, or nothing. */
type Walls = "of Node" | "of the system" | "none";

async function attack(walls: Walls): Promise<Record<string, string>> {
  const folder = temporaryFolder();
  const secret = join(folder, "secret.txt");
  writeFileSync(secret, "secret");
  new DatabaseSync(`${secret}.db`).exec("create table secrets (word)");
  const server = createServer((socket) => socket.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const addon = findAddon();
  const { port } = server.address() as AddressInfo;
  const values = { secret, addon: addon.path, port, parent: process.pid, left: LEFT };
  const names = ["fs", "net", "child_process", "worker_threads", "inspector", "wasi", "process"];
  const program = join(folder, "program", "attack.cjs");
  mkdirSync(join(folder, "program"));
  await build({
    stdin: {
      contents: `
        import { dropPowers, exit } from "./src/enclosure/child-realm.ts";
        const node = { ${names.map((name) => `${name}: require("node:${name}")`).join(", ")} };
        // Of all modules the one that the permission model overlooks: it is taken out by a flag.
        const sqlite = (() => { try { return require("node:sqlite"); } catch {} })();
        const { ${Object.keys(values).join(", ")} } = ${JSON.stringify(values)};
        const write = node.fs.writeSync;
        ${walls === "of Node" ? `dropPowers(${JSON.stringify(addon.path)});` : ""}
        ${ATTACK}`,
      resolveDir: root,
      loader: "ts",
    },
    outfile: program,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "silent",
  });
  const { file, args } = commandOf(walls, program, addon);
  const child = spawn(file, args, {
    cwd: "/",
    env: walls === "none" ? { ...GUEST_ENVIRONMENT, HOME: folder } : GUEST_ENVIRONMENT,
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [got, left] = await Promise.all([text(child.stdio[3] as Readable), once(child, "exit")]);
  expect(left).toEqual([LEFT, null]);
  return JSON.parse(got) as Record<string, string>;
}

/** The system's walls without Node's permissions, and without the filter, under which the first attempt would be the last. */
function commandOf(walls: Walls, program: string, addon: Addon): { file: string; args: readonly string[] } {
  if (walls === "none") return { file: process.execPath, args: [program] };
  if (walls === "of Node") return { file: process.execPath, args: guestArguments(program, addon.path) };
  const command = wrappings()[0]?.command({ guest: program, filter: programPath("guest.bpf") }, addon);
  if (command === undefined) throw new Error("no wrapping");
  release(command);
  const filter = command.args.indexOf("--seccomp");
  const args = command.args.toSpliced(filter, 2).filter((arg) => !/^--(permission|allow-)/.test(arg));
  return { file: command.file, args };
}

test("code in the guest process's own realm gets no file, connection, process, thread, module or environment", async () => {
  expect(await attack("of Node")).toEqual({});
});

test.skipIf(!BUBBLEWRAP_WORKS)(
  "code with all of Node's powers gets no more than its own namespaces and files",
  async () => {
    // Threads, modules and the inspector of its own empty network are its own; so is the text of its own program.
    expect(Object.keys(await attack("of the system"))).toEqual([
      "read its own program",
      "start a worker",
      "open the inspector",
      "compile WASI",
      "load a module",
      "reach internals",
      "open another's inspector",
      "become another program",
      "find process on the global",
    ]);
  },
);

test("the same code gets all of them in a process without the walls", async () => {
  expect(Object.keys(await attack("none"))).toHaveLength(22);
});
