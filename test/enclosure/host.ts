// A host process for tests: runs the script of its first argument under the wall limit of its second, prints the guest's
// number once the agent runs, and then does what stdin says: "exit" exits, "hang" blocks its main thread.
import { DEFAULT_SESSION_LIMITS } from "../../src/base/limits.ts";
import { spawnGuest } from "../../src/enclosure/supervisor.ts";
import { PROGRAMS, START } from "./session.ts";

const [script, wallMs] = process.argv.slice(2) as [string, string];
const guest = spawnGuest({ programs: PROGRAMS });
const { pid } = await guest.facts;
const ample = { cpuMs: 3_600_000, logBytes: Number.MAX_SAFE_INTEGER };
let heard = false;
guest.start({ ...START, script, limits: { ...DEFAULT_SESSION_LIMITS, wallMs: Number(wallMs), ...ample } }, () => {
  if (!heard) process.stdout.write(`${pid}\n`);
  heard = true;
});
process.stdin.on("data", (order: Uint8Array) => {
  if (Buffer.from(order).toString() === "exit") process.exit();
  for (;;);
});
