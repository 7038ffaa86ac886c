// A place to attack: a project with the agent, a host module and a manifest, canaries where an agent has no business, and
// the run itself, watched from outside until it ends or has shown what it was to show.

import { execFileSync, spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseStat, type ProcessUse, readPageBytes } from "../../src/enclosure/proc.ts";
import { openLogReader } from "../../src/store/reader.ts";
import { type Attack, type CANARIES, HANDED_FD, type Observation, pathOf, type RunJson, type Shows } from "./attack.ts";

type Canaries = Readonly<Record<keyof typeof CANARIES, string>>;

/** How often a run is looked at, and when one that shows nothing is given up. */
const LOOK_MS = 100;
const GIVE_UP_MS = 120_000;
/** How long the processes of a host that has ended may take to end. */
const GONE_LOOKS_MAX = 200;

/** What all runs share: the canaries, the store with the other session in it, the server on the loopback. */
export interface Ground {
  readonly canaries: Canaries;
  readonly folder: string;
  readonly home: string;
  readonly store: string;
  readonly close: () => void;
}

export function makeGround(): Ground {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "enclosure-escape-")));
  const names = ["environment", "parent", "beside", "loopback", "session", "memory"] as const;
  const canaries = Object.fromEntries(names.map((name) => [name, `canary-${name}-${crypto.randomUUID()}`])) as Canaries;
  return {
    canaries,
    folder,
    home: join(folder, "home"),
    store: join(folder, "store", "audit.db"),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A host module of the usual kind. What it does not grant, and what it was told, stay in the host's memory. */
const DESK = `import { defineCapability, defineModule } from "agent-enclosure";
import { readFileSync } from "node:fs";
const vault = readFileSync("/CANARY_FOLDER/vault.txt", "utf8");
const define = (name, run) => defineCapability({ name, effect: "read", input: {}, run });
export default defineModule(() => [
  define("get", (args) => {
    const merged = Object.assign({}, args);
    return merged.admin === true && !Object.hasOwn(args, "admin") ? { vault } : { got: args };
  }),
  define("echo", (args) => args),
  define("fail", () => { throw new Error("the desk is closed"); }),
  define("pay", ({ cents }) => {
    if (cents > 100) throw new Error("too much");
    return { paid: cents };
  }),
  define("reveal", () => vault),
]);
`;

/** A session of somebody else's: what it was given is nobody's business. */
export function writeVictim({ folder, canaries }: Ground): {
  agent: string;
  manifest: string;
  input: { word: string };
} {
  const project = join(folder, "victim");
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), "{}");
  writeFileSync(join(project, "agent.ts"), "export default ({ word }) => word.length;");
  writeFileSync(join(project, "enclosure.yaml"), JSON.stringify({ enclosure: 1, name: "victim", version: "1" }));
  const input = { word: canaries.session };
  return { agent: join(project, "agent.ts"), manifest: join(project, "enclosure.yaml"), input };
}

/** Into machine code that Node loads. */
const COMPILE = ["-shared", "-fPIC", "-O1", "-pthread", "-Wall", "-Werror"];

export interface Place {
  readonly project: string;
  /** Connections to the loopback server so far. */
  readonly heard: () => number;
  readonly remove: () => Promise<void>;
}

/** In every text /CANARY_FOLDER is the project's parent and CANARY_PORT the server's port. */
export async function makePlace(ground: Ground, attack: Attack): Promise<Place> {
  let heard = 0;
  const server = createServer((_, response) => response.end(ground.canaries.loopback));
  server.on("connection", () => heard++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const parent = realpathSync(mkdtempSync(join(ground.folder, `${attack.id}-`)));
  const project = join(parent, "project");
  const { canaries } = ground;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text.replaceAll("/CANARY_FOLDER", parent).replaceAll("CANARY_PORT", String(port)));
  };
  write(join(parent, "canary.json"), JSON.stringify({ canary: canaries.parent }));
  write(join(parent, "canary.txt"), canaries.parent);
  write(join(parent, "vault.txt"), canaries.memory);
  write(join(parent, "session.txt"), canaries.session);
  write(join(project, "beside.txt"), canaries.beside);
  write(join(project, "package.json"), "{}");
  write(join(project, "desk.ts"), DESK);
  const source = (path: string): string => readFileSync(join(import.meta.dirname, path), "utf8");
  const isMachine = attack.class === "machine";
  write(join(project, "agent.ts"), source(isMachine ? "machine/agent.ts" : pathOf(attack)));
  if (isMachine) {
    for (const path of [pathOf(attack), "machine/attack.h"]) write(join(parent, path), source(path));
    execFileSync("cc", [...COMPILE, "-o", join(project, "machine.node"), join(parent, pathOf(attack))]);
  }
  const limits = { wall: "5m", cpu: "10s", memory: "128MiB", ...attack.limits };
  const manifest = {
    limits,
    capabilities: { desk: { use: "module", from: "./desk.ts", allow: attack.allow ?? ["get", "echo", "fail", "pay"] } },
  };
  write(
    join(project, "enclosure.yaml"),
    JSON.stringify({ enclosure: 1, name: attack.file, version: "1", ...manifest }),
  );
  for (const [path, text] of Object.entries(attack.files ?? {}))
    write(join(project, path), typeof text === "string" ? text : text());
  for (const [path, target] of Object.entries(attack.links ?? {})) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    symlinkSync(target, join(project, path));
  }
  const remove = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(parent, { recursive: true, force: true });
  };
  return { project, heard: () => heard, remove };
}

/** A command that runs the agent of a place: the product's, or a stand-in's. */
export interface Host {
  readonly args: readonly string[];
  /** Where what it does is recorded. */
  readonly log?: { readonly path: string; readonly home: string };
  readonly handed?: string;
  readonly killed?: Attack["killHost"];
}

export function productHost(root: string, store: string, home: string): Host {
  const args = [join(root, "bin", "enclosure.js"), "run", "agent.ts", "--json", "--store", store];
  return { args, log: { path: store, home } };
}

/** The command that starts a host, with the file that is handed to it open. */
function commandOf({ args, handed, log }: Host, project: string): [file: string, args: readonly string[]] {
  // A stand-in may take all that it can get, and nothing else would end that before the machine stands still.
  if (log === undefined) return ["/bin/sh", ["-c", 'ulimit -v 12582912; exec "$@"', "sh", process.execPath, ...args]];
  if (handed === undefined) return [process.execPath, args];
  return ["bash", ["-c", `exec ${HANDED_FD}<"$0"; exec "$@"`, join(project, handed), process.execPath, ...args]];
}

/** Runs the agent of a place under a host until that ends, or until it has shown `until`; then everything is killed. */
export async function watch(ground: Ground, place: Place, host: Host, until?: Shows): Promise<Observation> {
  const child = spawn(...commandOf(host, place.project), {
    cwd: place.project,
    env: {
      PATH: process.env["PATH"],
      HOME: ground.home,
      ENCLOSURE_HOME: host.log?.home ?? ground.home,
      NO_COLOR: "1",
      CANARY: ground.canaries.environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let exit: number | null = null;
  let signal: NodeJS.Signals | null = null;
  child.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  const run = { over: false };
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...how) => {
      [exit, signal] = how;
      run.over = true;
      resolve();
    });
  });
  const family = new Family(child.pid as number);
  const look = (): Observation => {
    const result = run.over ? parse(stdout) : undefined;
    const seen = { exit, signal, stdout, stderr, result, loot: lootOf(result), heard: place.heard() };
    return { ...seen, ...family.use(), canaries: canariesIn(ground.canaries, stdout + stderr), left: [], record: [] };
  };
  const giveUp = AbortSignal.timeout(GIVE_UP_MS);
  let shown = false;
  while (!run.over && !shown) {
    await Promise.race([ended, pause(LOOK_MS)]);
    family.use();
    if (!run.over && host.killed?.(look()) === true) child.kill("SIGKILL");
    shown = !run.over && (giveUp.aborted || until?.seen(look()) === true);
  }
  if (shown) {
    // A look before the kill: what was shown must not be lost to it.
    const last = look();
    child.kill("SIGKILL");
    await ended;
    const left = await family.end();
    return { ...last, left };
  }
  const left = await family.gone();
  const seen = look();
  const record = host.log === undefined ? [] : await readRecord(host.log, seen.result);
  const texts = record.map(({ text }) => text).join("\n");
  return { ...seen, record, canaries: canariesIn(ground.canaries, stdout + stderr + texts), left };
}

function parse(stdout: string): RunJson | undefined {
  try {
    return JSON.parse(stdout) as RunJson;
  } catch {
    return undefined;
  }
}

/** An output that could not be encoded is loot as well: whatever it was, it was not nothing. */
function lootOf(result: RunJson | undefined): unknown {
  if (result?.error?.code === "OUTPUT_INVALID") return result.error.message;
  const output = result?.output;
  const isNothing = output == null || (typeof output === "object" && "$type" in output && output.$type === "undefined");
  return isNothing ? undefined : output;
}

function canariesIn(canaries: Canaries, text: string): readonly string[] {
  return Object.entries(canaries)
    .filter(([, value]) => text.includes(value))
    .map(([name]) => name);
}

async function readRecord(log: NonNullable<Host["log"]>, result: RunJson | undefined): Promise<Observation["record"]> {
  if (typeof result?.session !== "string") return [];
  const reader = await openLogReader(log);
  try {
    return reader.session(result.session as never).map(({ body, bodyText }) => {
      const payloads = objectsIn(body)
        .filter((one) => "media" in one)
        .map((ref) => reader.payload(ref as never));
      const artefacts = objectsIn(body)
        .filter((one) => "sha256" in one)
        .map(({ sha256 }) => reader.artefact(sha256 as never));
      const texts = payloads.map((payload) => (payload.state === "shown" ? payload.text : payload.state));
      const stored = artefacts.map((bytes) => (bytes === undefined ? "" : Buffer.from(bytes).toString()));
      return { type: body.type, text: [bodyText, ...texts, ...stored].join("\n") };
    });
  } finally {
    reader.close();
  }
}

/** Every object of a record's body: references to payloads and artefacts are among them. */
function objectsIn(value: unknown): readonly Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  return [value as Record<string, unknown>, ...Object.values(value).flatMap(objectsIn)];
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly use: ProcessUse;
}

/** The host and every process that it has started, as /proc shows them. */
class Family {
  readonly #host: number;
  readonly #pageBytes = readPageBytes();
  /** By number and beginning: a number alone may come to be another process's. */
  readonly #members = new Map<string, Process>();
  /** What ran before the host did is none of its family, and is not looked at again and again. */
  readonly #strangers: ReadonlySet<string>;
  #peakBytes = 0;

  constructor(host: number) {
    this.#host = host;
    this.#strangers = new Set(readdirSync("/proc").filter((pid) => pid !== `${host}`));
  }

  use(): { readonly cpuMs: number; readonly peakBytes: number } {
    let bytes = 0;
    for (const one of this.#descendants()) {
      bytes += one.use.residentBytes;
      this.#members.set(keyOf(one), one);
    }
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
    const cpuMs = [...this.#members.values()].reduce((sum, { use }) => sum + use.cpuMs, 0);
    return { cpuMs, peakBytes: this.#peakBytes };
  }

  #descendants(): readonly Process[] {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && !this.#strangers.has(name));
    const all = pids.map((pid) => readProcess(Number(pid), this.#pageBytes)).filter((one) => one !== undefined);
    const found = all.filter(({ pid }) => pid === this.#host);
    for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
    return found;
  }

  #living(): readonly number[] {
    const living = [...this.#members].filter(([key, { pid }]) => {
      const now = readProcess(pid, this.#pageBytes);
      return now !== undefined && keyOf(now) === key;
    });
    return living.map(([, { pid }]) => pid);
  }

  /** Those that do not end by themselves; killed then. */
  async gone(): Promise<readonly number[]> {
    for (let looks = 0; looks < GONE_LOOKS_MAX && this.#living().length > 0; looks++) await pause(LOOK_MS);
    return this.end();
  }

  async end(): Promise<readonly number[]> {
    const left = this.#living();
    for (const pid of left) process.kill(pid, "SIGKILL");
    while (this.#living().length > 0) await pause(LOOK_MS);
    return left;
  }
}

function keyOf({ pid, use }: Process): string {
  return `${pid} ${use.began}`;
}

function readProcess(pid: number, pageBytes: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const use = parseStat(stat, pageBytes);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    return use === undefined ? undefined : { pid, parent, use };
  } catch {
    return undefined;
  }
}
