// A host that runs session after session, ending in every ordinary way, holds no more after the hundredth than after the
// tenth: no descriptor, no process, no file, and no memory that a collection does not free. bench/endurance.ts does the
// same with thousands.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import type { Sample } from "../../bench/endurance-host.ts";
import { slopeOf } from "../../bench/vitals.ts";
import { temporaryFolder } from "../support/folder.ts";

const SESSIONS = 150;
const EVERY = 10;
/** What V8 keeps of code that is compiled late is some of it; the records of a session that were kept would be more. */
const HEAP_KIB_A_SESSION = 8;

test("a host holds no more after 150 sessions than after a few", async () => {
  const host = spawn(process.execPath, [
    join(import.meta.dirname, "..", "..", "bench", "endurance-host.ts"),
    ...[temporaryFolder(), `${SESSIONS}`, `${EVERY}`],
  ]);
  onTestFinished(() => void host.kill("SIGKILL"));
  host.stderr.pipe(process.stderr);
  const closed = once(host, "close");
  const samples: Sample[] = [];
  for await (const line of createInterface({ input: host.stdout })) samples.push(JSON.parse(line) as Sample);
  expect(await closed).toEqual([0, null]);
  expect(samples).toHaveLength(SESSIONS / EVERY);

  // By then V8 has thrown out once what it compiled for the start.
  const late = samples.slice(8);
  const first = late[0] as Sample;
  for (const figure of ["descriptors", "children", "files"] as const) {
    expect(
      late.map((sample) => sample[figure]),
      figure,
    ).toEqual(late.map(() => first[figure]));
  }
  expect(slopeOf(late.map(({ sessions, heapKiB }) => [sessions, heapKiB]))).toBeLessThan(HEAP_KIB_A_SESSION);
});
