// `enclosure run`: one agent, told live on stderr, its output on stdout.

import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { EXIT, type ExitStatus, isFault } from "../base/errors.ts";
import type { RunOptions, RunResult, Runtime } from "../session/contract.ts";
import { terminalApprovals } from "./approve.ts";
import { type CommonOptions, type Context, homePath, type Pages, storeOption, storePath } from "./context.ts";
import { readInput } from "./find.ts";
import { makeLive } from "./live.ts";
import { stopOnSignals } from "./stop.ts";
import { visible, visibleJson, visibleLines } from "./visible.ts";
import { faultResult } from "./results.ts";
import { printError, printFault, printMend } from "./voice.ts";
import { shortId, shownCounts, shownEnding } from "./words.ts";

type FailOn = "denied" | "failed" | "unknown";

interface Options extends CommonOptions {
  readonly manifest?: string;
  readonly input?: string;
  readonly profile?: string;
  readonly as?: string;
  readonly onBehalfOf?: string;
  readonly correlation?: Readonly<Record<string, string>>;
  readonly failOn?: readonly FailOn[];
  readonly requireOsSandbox?: boolean;
}

export function declare(command: Command, context: Context): void {
  storeOption(command)
    .argument("[agent]", "the agent's TypeScript file (default: agent.entry of the manifest)")
    .option("--manifest <path>", "the manifest (default: enclosure.yaml beside the agent)")
    .option("--input <json>", "the agent's input: JSON, @file, or - for standard input")
    .option("--profile <name>", "the profile of the manifest to apply")
    .option("--as <principal>", "who runs it (default: the operating system's user)")
    .option("--on-behalf-of <who>", "for whom it is run")
    .addOption(
      new Option("--correlation <key=value>", "a ticket, a CI run and the like; may be repeated").argParser(addPair),
    )
    .option(
      "--fail-on <states>",
      "exit with a status when calls were denied (3), failed (1) or are unknown (7)",
      parseFailOn,
    )
    .option("--require-os-sandbox", "run nothing where the operating system's sandbox cannot be put up")
    .addHelpText(
      "after",
      `
Examples:
  enclosure run agent.ts
  enclosure run agent.ts --input '{"caseId": "C-1042"}' --on-behalf-of customer-7
  enclosure run agent.ts --input @case.json --json --fail-on denied,unknown

Exit: 0 ok, 1 the agent failed, 2 nothing ran, 3 a denial ended the agent, 4 a limit, 7 --fail-on unknown,
70 a fault of enclosure. Calls that are refused leave it at 0 where the agent goes on: see --fail-on denied.`,
    )
    .action(async (agent: string | undefined, options: Options) => {
      context.exit = await run(context, agent, options);
    });
}

async function run(context: Context, agent: string | undefined, options: Options): Promise<ExitStatus> {
  const pages = context.pages(options);
  try {
    return await runAgent(context, pages, agent, options);
  } catch (error) {
    if (!options.json || !isFault(error)) throw error;
    printFault(pages.alert, error);
    pages.give(faultResult(error));
    return error.exit;
  }
}

async function runAgent(
  context: Context,
  pages: Pages,
  agent: string | undefined,
  options: Options,
): Promise<ExitStatus> {
  const input = options.input === undefined ? undefined : await readInput(options.input, context.cwd);
  const { openRuntime } = await import("../session/runtime.ts");
  using stop = stopOnSignals(pages.err);
  const store = storePath(context, options);
  const home = homePath(context);
  const runtime = await openRuntime({ store, home, env: context.env });
  try {
    const live = makeLive(pages.err);
    const approvals = options.input === "-" ? undefined : terminalApprovals(pages.alert, live, process.stdin);
    const result = await runtime.run({
      ...runOptions(agent, options),
      ...(options.input !== undefined && { input }),
      ...(approvals && { approvals }),
      onEvent: (event) => {
        if (event.type === "opened") tellMade(pages, runtime, store, home);
        live.tell(event);
      },
      signal: stop.signal,
    });
    return tellResult(pages, result, options.failOn ?? []);
  } finally {
    await runtime.close();
  }
}

function runOptions(agent: string | undefined, options: Options): RunOptions {
  const { manifest, profile, as, onBehalfOf, correlation, requireOsSandbox } = options;
  return {
    ...(agent !== undefined && { agent }),
    ...(manifest !== undefined && { manifest }),
    ...(profile !== undefined && { profile }),
    ...(as !== undefined && { as }),
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    ...(correlation !== undefined && { correlation }),
    ...(requireOsSandbox !== undefined && { requireOsSandbox }),
  };
}

/** Says what a first run has made, since a key must not be lost and a store not be committed. */
export function tellMade({ err }: Pages, { made }: Runtime, store: string, home: string): void {
  if (made.store) err.line(`enclosure: made the store ${visible(store)}; every call is recorded there`);
  if (made.key) err.line(`enclosure: made a signing key in ${visible(home)}; records are verified with it, so keep it`);
}

function tellResult(pages: Pages, result: RunResult, failOn: readonly FailOn[]): ExitStatus {
  const exit = exitWith(result, failOn);
  if (pages.json) pages.give({ ...result, exit });
  else if (result.output !== undefined) pages.out.line(visibleJson(result.output, 2));
  const { err, alert } = pages;
  if (result.error) {
    const { message, code, mend, name, stack } = result.error;
    printError(alert, shownEnding(message, name !== undefined), code);
    const frames = stack === undefined ? [] : visibleLines(stack);
    const head = alert.paint("dim", "  agent | ");
    for (const text of frames) alert.foreign(head, [{ text, style: "dim" }]);
    printMend(alert, mend);
  }
  const id = shortId(result.session);
  const row = (label: string, text: string): void => err.line(`${err.paint("dim", label.padEnd(8))}${text}`);
  row("session", `${id}  ${result.status}  ${shownCounts(result.calls, result.refusedInside)}`);
  row("walls", result.walls.map(visible).join(", "));
  row(
    "log",
    `seq ${result.log.seq} of ${visible(result.log.origin)}, root ${shortId(result.log.root)}, ${result.log.anchor}`,
  );
  if (didNothing(result)) {
    alert.line(
      "enclosure: warning: the agent called nothing and gave nothing back; is its function the default export?",
    );
  }
  pages.next(
    `enclosure show ${id}`,
    ...(result.calls.denied > 0 ? [`enclosure calls ${id} --denied`] : []),
    "enclosure verify",
  );
  return exit;
}

/** As an agent does whose author forgot to export it: it ends well, and has done nothing. */
function didNothing({ status, output, calls, refusedInside }: RunResult): boolean {
  return status === "completed" && output === undefined && calls.admitted + calls.denied + refusedInside === 0;
}

const FAIL_EXIT: Readonly<Record<FailOn, ExitStatus>> = {
  denied: EXIT.refused,
  failed: EXIT.agentFailed,
  unknown: EXIT.cannotTell,
};

/** The session's own status comes first; what `--fail-on` asks for matters where that is 0. */
export function exitWith(
  { exit, calls, refusedInside }: Pick<RunResult, "exit" | "calls" | "refusedInside">,
  failOn: readonly FailOn[],
): ExitStatus {
  if (exit !== EXIT.ok) return exit;
  const found = { ...calls, denied: calls.denied + refusedInside };
  const struck = failOn.find((state) => found[state] > 0);
  return struck === undefined ? EXIT.ok : FAIL_EXIT[struck];
}

function parseFailOn(text: string): readonly FailOn[] {
  return text.split(",").map((word) => {
    if (word === "denied" || word === "failed" || word === "unknown") return word;
    throw new InvalidArgumentError("Expected denied, failed and unknown, with commas between them.");
  });
}

function addPair(text: string, pairs: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected KEY=VALUE.");
  return { ...pairs, [text.slice(0, at)]: text.slice(at + 1) };
}
