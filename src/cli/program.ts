// The table of commands, and the way from arguments to an exit status. Each command's file is loaded only when that
// command was asked for, so that `run` starts with nothing that it does not use.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { EnclosureError, EXIT, type ExitStatus } from "../base/errors.ts";
import { packageRoot } from "../outside/programs.ts";
import { commonOptions, type CommandModule, type Context } from "./context.ts";
import { reportFailure } from "./voice.ts";

interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  init: { summary: "write a first agent and its manifest", load: () => import("./init.ts") },
  run: { summary: "run one agent in its enclosure", load: () => import("./run.ts") },
  batch: { summary: "run many jobs, and go on where a batch was cut off", load: () => import("./batch.ts") },
  check: { summary: "find what is wrong with manifests", load: () => import("./check.ts") },
  explain: { summary: "say in sentences what a manifest grants", load: () => import("./explain.ts") },
  pin: { summary: "write the lock of a manifest's host modules", load: () => import("./pin.ts") },
  types: { summary: "print the types of enclosure:caps for an agent", load: () => import("./types.ts") },
  schema: { summary: "print the manifest's JSON Schema", load: () => import("./schema.ts") },
  sessions: { summary: "list the sessions of the log", load: () => import("./sessions.ts") },
  show: { summary: "tell a session from beginning to end", load: () => import("./show.ts") },
  calls: { summary: "list calls, granted and refused", load: () => import("./calls.ts") },
  call: { summary: "show one call with its values and its rule", load: () => import("./call.ts") },
  logs: { summary: "print what the agent wrote and noted", load: () => import("./logs.ts") },
  verify: { summary: "check that the log is whole and unaltered", load: () => import("./verify.ts") },
  checkpoint: {
    summary: "sign for all that the log holds, to be kept elsewhere",
    load: () => import("./checkpoint.ts"),
  },
  doctor: { summary: "tell what this machine offers, by trying it", load: () => import("./doctor.ts") },
};

/** Runs one command. Never throws: what goes wrong is printed, and told by the status. */
export async function runCommandLine(args: readonly string[], context: Context): Promise<ExitStatus> {
  try {
    const program = await buildProgram(args, context);
    await program.parseAsync(spelled(args), { from: "user" });
    return context.exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const pages = context.pages({ json: args.includes("--json"), color: !args.includes("--no-color") });
    return reportFailure(asFault(error, commandOf(args)), pages);
  }
}

/** `help run` is `run --help`, and no arguments at all are a question. */
function spelled(args: readonly string[]): string[] {
  const [first, second] = args;
  if (first === "help")
    return second !== undefined && Object.hasOwn(COMMANDS, second) ? [second, "--help"] : ["--help"];
  return first === undefined ? ["--help"] : [...args];
}

async function buildProgram(args: readonly string[], context: Context): Promise<Command> {
  const program = new Command("enclosure");
  const { out } = context.pages({});
  program
    .description("Runs AI agents so that they can reach only what a manifest grants, and keeps a record to rely on.")
    .version(version(), "-V, --version")
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .exitOverride()
    .configureOutput({ writeOut: (text) => out.write(text), writeErr: () => {} })
    .addHelpText("after", "\nFirst steps:\n  enclosure init\n  enclosure run agent.ts\n  enclosure verify\n");
  const asked = commandOf(spelled(args));
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = commonOptions(
      program
        .command(name)
        .summary(summary)
        .description(`${sentence(summary)}.`),
    );
    if (name === asked) (await load()).declare(command, context);
  }
  return program;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function version(): string {
  const { version: own } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return own;
}

/** The command that was asked for, if it is one. */
function commandOf(args: readonly string[]): string | undefined {
  const named = args.find((arg) => !arg.startsWith("-"));
  return named !== undefined && Object.hasOwn(COMMANDS, named) ? named : undefined;
}

function asFault(error: unknown, command: string | undefined): unknown {
  if (!(error instanceof CommanderError)) return error;
  const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
  const help = command === undefined ? "enclosure help" : `enclosure ${command} --help`;
  return new EnclosureError("USAGE_INVALID", message, { mend: `Look at \`${help}\`.` });
}
