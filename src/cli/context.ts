// What a command is given: where to write, where it was started, and the environment. The one place of the command line
// that decides where store and keys lie.

import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { LogReader } from "../audit/contract.ts";
import { EXIT, type ExitStatus } from "../base/errors.ts";
import { shellWord } from "../base/shell.ts";
import { blankPage, makePage, type Page, type Sink } from "./page.ts";
import { visible, visibleJson } from "./visible.ts";

/** Options that every command has; `store` only where records are read or written. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
  readonly store?: string;
}

export interface Context {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How the process is to exit once the command is done. */
  exit: ExitStatus;
  /** The pages that the options ask for. */
  pages(options: CommonOptions): Pages;
}

export interface Pages {
  /** stdout: the result alone. */
  readonly out: Page;
  /** stderr: what a person should see; blank with `--quiet`. */
  readonly err: Page;
  /** stderr for what must be told all the same: errors, and questions. */
  readonly alert: Page;
  readonly json: boolean;
  /** Prints the one JSON value. */
  readonly give: (value: object) => void;
  /** Names what a reader would ask next. */
  readonly next: (...commands: readonly string[]) => void;
}

/** One file a command. `declare` adds options and action; it is called for the command that was asked for, only. */
export interface CommandModule {
  declare(command: Command, context: Context): void;
}

/** What a command line is started with; the process itself, as a rule. */
export interface Surroundings {
  readonly env: Context["env"];
  readonly stdout: Sink;
  readonly stderr: Sink;
}

export function makeContext(around: Surroundings = process): Context {
  return { cwd: process.cwd(), env: around.env, exit: EXIT.ok, pages: (options) => makePages(options, around) };
}

function makePages(options: CommonOptions, { env, stdout, stderr }: Surroundings): Pages {
  const { json = false, quiet = false, color, store } = options;
  const colours = color !== false && !env["NO_COLOR"];
  const out = makePage(stdout, colours);
  const alert = makePage(stderr, colours);
  const err = quiet ? blankPage : alert;
  const same = store === undefined ? "" : ` --store ${shellWord(store)}`;
  return {
    out,
    err,
    alert,
    json,
    give: (value) => out.line(visibleJson(value)),
    next: (...commands) => {
      if (!json) for (const command of commands) err.line(err.paint("dim", `next: ${visible(command)}${same}`));
    },
  };
}

export function commonOptions(command: Command): Command {
  return command
    .option("--json", "give one JSON value on standard output")
    .option("--quiet", "print nothing but the result and errors")
    .option("--no-color", "print without colours (as NO_COLOR does)");
}

export function storeOption(command: Command): Command {
  return command.option("--store <path>", "the file of records (default: the nearest .enclosure/audit.db upward)");
}

/** The store that the options name, or the nearest upward, or the one that would be made here. Absolute. */
export function storePath(context: Context, { store }: CommonOptions): string {
  if (store !== undefined) return resolve(context.cwd, store);
  let folder = context.cwd;
  for (;;) {
    const found = join(folder, ".enclosure", "audit.db");
    if (existsSync(found)) return found;
    const parent = dirname(folder);
    if (parent === folder) return join(context.cwd, ".enclosure", "audit.db");
    folder = parent;
  }
}

/** The folder of keys and heads: outside every store. */
export function homePath({ env }: Context): string {
  if (env["ENCLOSURE_HOME"]) return resolve(env["ENCLOSURE_HOME"]);
  return join(env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "enclosure");
}

/** Opens the store for reading, and closes it again. @throws EnclosureError STORE_MISSING, LOG_BEHIND_HEAD */
export async function withReader<Result>(
  context: Context,
  options: CommonOptions,
  use: (reader: LogReader) => Result | Promise<Result>,
): Promise<Result> {
  const reader = await openReader(storePath(context, options), homePath(context));
  try {
    return await use(reader);
  } finally {
    reader.close();
  }
}

/** Opens the store at `path`, for reading. */
export async function openReader(path: string, home: string): Promise<LogReader> {
  const { openLogReader } = await import("../store/reader.ts");
  return openLogReader({ path, home });
}
