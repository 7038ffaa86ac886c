// The entry of dist/cli.js.

import { EXIT, type ExitStatus } from "../base/errors.ts";
import { makeContext } from "./context.ts";
import { runCommandLine } from "./program.ts";
import { stopUnread } from "./stop.ts";

// A reader that has gone away (`enclosure calls last | head`) ends the program, quietly; a disk without room says so.
// Running sessions are ended in order first, with their records.
let fault: ExitStatus | undefined;
process.stdout.once("error", ({ code = "unknown" }: NodeJS.ErrnoException) => {
  // Node says it again for every further write.
  process.stdout.on("error", () => {});
  if (code !== "EPIPE") {
    fault = EXIT.fault;
    process.stderr.write(`enclosure: error: standard output cannot be written (${code})\n`);
  }
  if (!stopUnread()) process.exit(fault);
});
// What is told on the side may be lost; the work that it tells of goes on, and so does its record.
process.stderr.on("error", () => {});

const exit = await runCommandLine(process.argv.slice(2), makeContext());
process.exitCode = fault ?? exit;
