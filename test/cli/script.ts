// Runs the command line as a person would, in a folder of its own, and makes what it prints the same each time. Commands
// that only have to be waited for run in this process, which spares the start of another: one after the other, since they
// share the working folder.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeContext } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { temporaryFolder } from "../support/folder.ts";

const ENCLOSURE = join(import.meta.dirname, "..", "..", "bin", "enclosure.js");

export interface Ran {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly folder: string;
  /** Runs `enclosure` with these arguments, to its end. */
  readonly run: (...args: readonly string[]) => Promise<Ran>;
  /** The same, with a text on standard input. */
  readonly feed: (input: string, ...args: readonly string[]) => Promise<Ran>;
  /** Starts it and hands over the process; `ended` is what it printed when it is over. */
  readonly start: (...args: readonly string[]) => Started;
  readonly write: (files: Readonly<Record<string, string>>) => void;
  /** What was printed, with ids, digests, times and this folder made the same each time. */
  readonly golden: (text: string) => string;
}

export interface Started {
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves once standard error or output holds `text`; rejects if it never will. */
  readonly said: (text: string) => Promise<void>;
  /** Hears no more of its standard error: whatever it writes there from now on fails. */
  readonly deafen: () => void;
  /** The same for its standard output. */
  readonly hangUp: () => void;
  readonly ended: Promise<Ran>;
}

export function makePlace(): Place {
  const folder = temporaryFolder();
  const home = temporaryFolder();
  const env = { PATH: process.env["PATH"], HOME: home, ENCLOSURE_HOME: join(home, "keys"), NO_COLOR: "1" };
  const start = (input: string | undefined, args: readonly string[]): Started => startIn(folder, env, input, args);
  return {
    folder,
    run: (...args) => runHere(folder, env, args),
    feed: (input, ...args) => start(input, args).ended,
    start: (...args) => start(undefined, args),
    write: (files) => {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
    },
    golden: (text) => normalised(text.replaceAll(folder, "<folder>").replaceAll(home, "<home>")),
  };
}

// esbuild starts its process in the folder in which it was loaded: one that stays.
let last: Promise<unknown> = import("esbuild");

function runHere(folder: string, env: NodeJS.ProcessEnv, args: readonly string[]): Promise<Ran> {
  const ran = last.then(async (): Promise<Ran> => {
    let stdout = "";
    let stderr = "";
    const before = process.cwd();
    process.chdir(folder);
    try {
      const context = makeContext({
        env,
        stdout: { write: (text) => (stdout += text) },
        stderr: { write: (text) => (stderr += text) },
      });
      return { exit: await runCommandLine(args, context), stdout, stderr };
    } finally {
      process.chdir(before);
    }
  });
  last = ran.catch(() => {});
  return ran;
}

function startIn(cwd: string, env: NodeJS.ProcessEnv, input: string | undefined, args: readonly string[]): Started {
  const child = spawn(process.execPath, [ENCLOSURE, ...args], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  const waiting: (() => void)[] = [];
  const heard = (): void => waiting.forEach((look) => look());
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
    heard();
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
    heard();
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const { promise: ended, resolve, reject } = Promise.withResolvers<Ran>();
  child.on("error", reject);
  child.on("close", (exit) => resolve({ exit, stdout, stderr }));
  const said = async (text: string): Promise<void> => {
    const found = Promise.withResolvers<void>();
    const look = (): void => {
      if (stdout.includes(text) || stderr.includes(text)) found.resolve();
    };
    waiting.push(look);
    look();
    const over = ended.then(() => Promise.reject(new Error(`ended without saying ${text}: ${stderr}`)));
    await Promise.race([found.promise, over]);
  };
  return {
    pid: child.pid ?? -1,
    kill: (signal) => void child.kill(signal),
    said,
    deafen: () => void child.stderr.destroy(),
    hangUp: () => void child.stdout.destroy(),
    ended,
  };
}

function normalised(text: string): string {
  return (
    text
      // What stands around a guest differs from machine to machine; test/enclosure/os-walls.test.ts is of it.
      .replaceAll(/^enclosure: warning: the operating system's sandbox is not up.*\n.*\n/gm, "")
      .replaceAll(/\bisolate, process(, [a-z-]+)*/g, "<walls>")
      .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{3}Z)?/g, "<time>")
      .replaceAll(/\b\d\d:\d\d:\d\d\.\d{3}\b/g, "<clock>")
      .replaceAll(/enclosure\.local\/[0-9a-f]+/g, "<origin>")
      .replaceAll(/\bthe key [0-9a-f]{8}\b/g, "the key <key>")
      .replaceAll(/\b[0-9a-f]{64}\b/g, "<digest>")
      .replaceAll(/\b[0-9a-f]{12}\b/g, "<id>")
      .replaceAll(/\b\d+(\.\d+)? m?s\b/g, "<duration>")
  );
}
