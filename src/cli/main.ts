// The entry of dist/cli.js.

import { makeContext } from "./context.ts";
import { runCommandLine } from "./program.ts";

// A reader that has gone away (`enclosure calls last | head`) ends the program, quietly.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? process.exitCode : 70);
});

process.exitCode = await runCommandLine(process.argv.slice(2), makeContext());
