// `enclosure explain`: what a manifest grants, in sentences, the riskiest first. Runs no one's code.

import { relative, resolve } from "node:path";
import type { Command } from "commander";
import { shellWord } from "../base/shell.ts";
import { explainManifest } from "../manifest/explain.ts";
import type { ResolvedManifest } from "../manifest/form.ts";
import type { CommonOptions, Context } from "./context.ts";
import { DEFAULT_MANIFEST, lookAtSound } from "../session/look.ts";
import { visibleLines } from "./visible.ts";
import { printProblem } from "./voice.ts";

interface Options extends CommonOptions {
  readonly profile?: string;
}

export function declare(command: Command, context: Context): void {
  command
    .argument("[manifest]", "the manifest", DEFAULT_MANIFEST)
    .option("--profile <name>", "explain it under this profile")
    .addHelpText("after", "\nExample:\n  enclosure explain policies/mail.yaml")
    .action((file: string, options: Options) => explain(context, file, options));
}

function explain(context: Context, file: string, options: Options): void {
  const pages = context.pages(options);
  const { compiled, resolution, problems, loaded } = lookAtSound(file, options.profile);
  for (const problem of problems) printProblem(pages.err, problem, file);
  const { text, sentences } = explainManifest(resolution, compiled);
  const { name, version, profile } = resolution.resolved;
  if (pages.json) {
    const digests = { file: loaded.sha256, resolved: resolution.sha256 };
    return pages.give({ version: 1, manifest: { name, version, profile, ...digests }, sentences });
  }
  for (const line of visibleLines(text)) pages.out.foreign("", line, "  | ");
  pages.next(`enclosure check ${shellWord(file)}`, runCommand(context.cwd, file, resolution.resolved));
}

/** The command that runs what was explained, with what the manifest does not say of itself in capitals. */
function runCommand(cwd: string, file: string, { agent, profile }: ResolvedManifest): string {
  const words = ["enclosure run"];
  if (agent.entry === null) words.push("AGENT");
  if (relative(cwd, resolve(cwd, file)) !== DEFAULT_MANIFEST) words.push(`--manifest ${shellWord(file)}`);
  if (profile !== null) words.push(`--profile ${shellWord(profile)}`);
  if (agent.input !== true) words.push("--input JSON");
  return words.join(" ");
}
