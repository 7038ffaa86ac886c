// `enclosure pin`: runs a manifest's host modules once and writes what they are into the lock beside it.

import { resolve } from "node:path";
import type { Command } from "commander";
import { shellWord } from "../base/shell.ts";
import type { CommonOptions, Context } from "./context.ts";
import { DEFAULT_MANIFEST } from "../session/look.ts";
import { visible } from "./visible.ts";
import { printProblem } from "./voice.ts";
import { counted, relativePath, shortId } from "./words.ts";

export function declare(command: Command, context: Context): void {
  command
    .argument("[manifest]", "the manifest", DEFAULT_MANIFEST)
    .addHelpText(
      "after",
      "\nRuns the host modules once. A run refuses a module that no longer matches the lock.\n\nExample:\n  enclosure pin policies/mail.yaml",
    )
    .action((file: string, options: CommonOptions) => pin(context, file, options));
}

async function pin(context: Context, file: string, options: CommonOptions): Promise<void> {
  const pages = context.pages(options);
  const { pinManifest } = await import("../session/pin.ts");
  const named = relativePath(resolve(context.cwd, file), context.cwd);
  const { lock, modules, changes, problems } = await pinManifest(named);
  for (const problem of problems) printProblem(pages.err, problem, named);
  const shown = relativePath(lock, context.cwd);
  if (pages.json) {
    const pinned = [...modules].map(([name, { inputsSha256, functions }]) => ({ name, inputsSha256, functions }));
    return pages.give({ version: 1, lock: shown, modules: pinned, changes, problems });
  }
  for (const change of changes) pages.out.line(`changed: ${visible(change)}`);
  for (const [name, { inputsSha256, functions }] of modules) {
    pages.out.line(visible(`${name}  ${counted(functions.length, "function")}  source ${shortId(inputsSha256)}`));
  }
  pages.out.line(`wrote ${visible(shown)}`);
  pages.next(`enclosure check ${shellWord(named)}`);
}
