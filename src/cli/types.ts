// `enclosure types`: the declarations of enclosure:caps for one manifest, so that a name which it does not grant is a
// compile error in the agent. Runs no one's code: the functions of host modules are those of the lock.

import type { Command } from "commander";
import { typesText } from "../manifest/types.ts";
import type { CommonOptions, Context } from "./context.ts";
import { DEFAULT_MANIFEST, lookAtSound } from "../session/look.ts";
import { printProblem } from "./voice.ts";

export function declare(command: Command, context: Context): void {
  command
    .argument("[manifest]", "the manifest", DEFAULT_MANIFEST)
    .addHelpText("after", "\nExample:\n  enclosure types > enclosure-env.d.ts")
    .action((file: string, options: CommonOptions) => {
      const pages = context.pages(options);
      const { resolution, compiled, problems } = lookAtSound(file);
      for (const problem of problems) printProblem(pages.err, problem, file);
      const types = typesText(resolution, compiled);
      if (pages.json) pages.give({ version: 1, types });
      else pages.out.write(types);
    });
}
