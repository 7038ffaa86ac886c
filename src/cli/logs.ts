// `enclosure logs`: what the agent wrote to its console and noted. All of it is the agent's claim.

import type { Command } from "commander";
import { agentLines } from "../review/timeline.ts";
import { type CommonOptions, type Context, storeOption, withReader } from "./context.ts";
import { findSession } from "./find.ts";
import { visibleLines } from "./visible.ts";
import { shortId } from "./words.ts";

export function declare(command: Command, context: Context): void {
  storeOption(command)
    .argument("<session>", 'an id, the first digits of one, or "last"')
    .addHelpText("after", "\nExample:\n  enclosure logs last")
    .action((session: string, options: CommonOptions) => printLogs(context, session, options));
}

async function printLogs(context: Context, name: string, options: CommonOptions): Promise<void> {
  const pages = context.pages(options);
  await withReader(context, options, (reader) => {
    const id = findSession(reader, name);
    const lines = agentLines(reader, id);
    if (pages.json) return pages.give({ version: 1, session: id, evidence: "agent_claimed", lines });
    for (const { at, level, text } of lines) {
      const head = `${pages.out.paint("dim", at.slice(11, 23))} ${level.padEnd(5)} `;
      for (const line of visibleLines(text)) pages.out.foreign(head, line);
    }
    pages.err.line(pages.err.paint("dim", "as the agent says; nothing here was checked"));
    pages.next(`enclosure show ${shortId(id)}`);
  });
}
