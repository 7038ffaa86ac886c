// The entry of dist/cli.js.

import { EXIT } from "../base/errors.ts";
import { makeContext } from "./context.ts";
import { runCommandLine } from "./program.ts";

// A reader that has gone away (`enclosure calls last | head`) ends the program, quietly. A disk without room does not.
process.stdout.on("error", ({ code = "unknown" }: NodeJS.ErrnoException) => {
  if (code === "EPIPE") process.exit();
  process.stderr.write(`enclosure: error: standard output cannot be written (${code})\n`);
  process.exit(EXIT.fault);
});
// What is told on the side may be lost; the work that it tells of goes on, and so does its record.
process.stderr.on("error", () => {});

process.exitCode = await runCommandLine(process.argv.slice(2), makeContext());
