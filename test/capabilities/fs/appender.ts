// A process of its own that appends lines to new files, as a session beside others does. Run by the tests of appending:
//   appender.ts <folder> <which> <files>
// Waits for a line on stdin, so that all begin at once; tells each change on stdout, one JSON line each.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { append } from "../../../src/capabilities/fs/appending.ts";
import { Jail } from "../../../src/capabilities/fs/jail.ts";
import { Quota } from "../../../src/capabilities/fs/quota.ts";

const [folder = "", which = "", files = "1"] = process.argv.slice(2);
const jail = new Jail("/out", folder);
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const ground = { jail, quota: new Quota(jail, 1024 * 1024), random, signal: new AbortController().signal };

process.stdout.write("ready\n");
await once(process.stdin, "data");
for (let file = 0; file < Number(files); file++) {
  const change = await append(ground, ["logs", `${file}.txt`], new TextEncoder().encode(`${which}\n`));
  process.stdout.write(`${JSON.stringify(change)}\n`);
}
process.exit();
