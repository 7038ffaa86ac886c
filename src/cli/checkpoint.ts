// `enclosure checkpoint`: signs for all that the log holds, and prints what was signed.

import type { Command } from "commander";
import { type CommonOptions, type Context, homePath, storeOption, storePath, withReader } from "./context.ts";
import { counted } from "./words.ts";

export function declare(command: Command, context: Context): void {
  storeOption(command)
    .addHelpText(
      "after",
      `
Keep it where nobody who can write the store can write, and hand it to verify later: the log must still begin with all
that it covers.

Examples:
  enclosure checkpoint > elsewhere/2026-11.txt
  enclosure verify --checkpoint elsewhere/2026-11.txt`,
    )
    .action((options: CommonOptions) => checkpoint(context, options));
}

async function checkpoint(context: Context, options: CommonOptions): Promise<void> {
  const pages = context.pages(options);
  // A log is signed for where there is one, and never made for it.
  await withReader(context, options, () => {});
  const { openLogWriter } = await import("../store/writer.ts");
  const writer = await openLogWriter({ path: storePath(context, options), home: homePath(context) });
  try {
    const { origin, key } = writer;
    const { size, root, note } = await writer.checkpoint();
    if (pages.json) return pages.give({ version: 1, origin, size, root, checkpoint: note, key });
    pages.out.write(note);
    pages.err.line(`signed for ${counted(size, "record")} of ${origin}`);
    pages.next("enclosure verify");
  } finally {
    await writer.close();
  }
}
