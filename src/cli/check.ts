// `enclosure check`: all that is wrong with manifests, and with an agent's imports under one. Runs no one's code.

import { resolve } from "node:path";
import type { Command } from "commander";
import { fromUtf8 } from "../base/bytes.ts";
import { EXIT, type ExitStatus, isFault, type Problem } from "../base/errors.ts";
import { shellWord } from "../base/shell.ts";
import type { CommonOptions, Context, Pages } from "./context.ts";
import type { AgentBundle } from "../bundle/contract.ts";
import { listedGrants } from "../manifest/parse.ts";
import { mergeProblems } from "../manifest/problems.ts";
import { DEFAULT_MANIFEST, lookAt, lookAtSources, type Looked } from "../session/look.ts";
import { printProblem } from "./voice.ts";
import { counted, relativePath } from "./words.ts";

interface Options extends CommonOptions {
  readonly agent?: string;
}

export function declare(command: Command, context: Context): void {
  command
    .argument("[manifests...]", `the manifests (default: ${DEFAULT_MANIFEST})`)
    .option("--agent <path>", "check what this agent imports, too")
    .addHelpText(
      "after",
      "\nExamples:\n  enclosure check\n  enclosure check policies/*.yaml --json\n  enclosure check m.yaml --agent agent.ts\n\nExit: 0 no errors, 2 errors.",
    )
    .action(async (files: readonly string[], options: Options) => {
      context.exit = await check(context, files.length === 0 ? [DEFAULT_MANIFEST] : files, options);
    });
}

type Found = Problem & { readonly file: string };

async function check(context: Context, files: readonly string[], options: Options): Promise<ExitStatus> {
  const pages = context.pages(options);
  const found: Found[] = [];
  for (const file of files) found.push(...(await checkOne(context, file, options.agent)));
  const errors = found.filter(({ severity }) => severity === "error").length;
  if (pages.json) pages.give({ version: 1, ok: errors === 0, problems: found });
  else tell(pages, found, files, errors);
  return errors === 0 ? EXIT.ok : EXIT.usage;
}

/** A file that cannot be read as a manifest at all is one problem of it among the others'. */
async function checkOne({ cwd }: Context, file: string, agent: string | undefined): Promise<readonly Found[]> {
  const shown = relativePath(resolve(cwd, file), cwd);
  const wanted = agent === undefined ? undefined : relativePath(resolve(cwd, agent), cwd);
  try {
    const looked = lookAt(shown);
    const { bundle, found }: CheckedAgent =
      wanted === undefined ? { found: [] } : await checkAgent(looked, shown, wanted, cwd);
    const problems = mergeProblems(looked.problems, await lookAtSources(looked, bundle));
    return [...problems.map((problem) => ({ file: shown, ...problem })), ...found];
  } catch (error) {
    const found = wanted === undefined ? [] : [notChecked(shown, wanted)];
    return [problemOf(error, shown), ...found];
  }
}

/** A fault of usage as a problem of the file; any other error is thrown on. */
function problemOf(error: unknown, file: string): Found {
  if (!isFault(error) || error.exit !== EXIT.usage) throw error;
  const { code, message, mend, location } = error;
  const place = { line: location?.line ?? 1, column: location?.column ?? 1, pointer: "" };
  return { code, severity: "error", message, mend, file: location?.file ?? file, ...place };
}

function notChecked(manifest: string, agent: string): Found {
  const message = `not checked: the names that ${manifest} grants cannot be read`;
  const mend = "Mend the manifest first.";
  return { code: "MANIFEST_INVALID", severity: "warning", message, mend, file: agent, line: 1, column: 1, pointer: "" };
}

interface CheckedAgent {
  /** Absent where there are problems. */
  readonly bundle?: AgentBundle;
  readonly found: readonly Found[];
}

/** Where the manifest has errors, the names that it lists count: whether a grant is sound is told of the manifest. */
async function checkAgent(looked: Looked, manifest: string, agent: string, cwd: string): Promise<CheckedAgent> {
  const names = looked.compiled?.grants.keys() ?? listedGrants(fromUtf8(looked.loaded.bytes));
  if (names === undefined) return { found: [notChecked(manifest, agent)] };
  const { bundleAgent } = await import("../bundle/agent.ts");
  try {
    return { bundle: await bundleAgent({ entry: agent, capabilities: [...names], manifestFile: manifest }), found: [] };
  } catch (error) {
    if (!isFault(error, "BUNDLE_REFUSED")) return { found: [problemOf(error, agent)] };
    const found = error.problems.map((one) => ({ ...one, file: relativePath(one.file ?? agent, cwd) }));
    return { found };
  }
}

function tell({ out, alert, next }: Pages, found: readonly Found[], files: readonly string[], errors: number): void {
  for (const problem of found) printProblem(alert, problem, problem.file);
  const warnings = found.length - errors;
  const what = errors === 0 ? "no errors" : counted(errors, "error");
  out.line(`${counted(files.length, "manifest")}: ${what}${warnings > 0 ? `, ${counted(warnings, "warning")}` : ""}`);
  if (errors === 0) next(`enclosure explain ${shellWord(files[0] ?? DEFAULT_MANIFEST)}`);
}
