// The airline desk whole: 200 recorded runs through `enclosure batch`, cut off by kill -9 half-way, taken up again,
// compared with what was recorded, and verified.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";

const data = process.env["TAU_BENCH"] ?? "../shared/vectors/tau-bench-airline";

function airline(folder: string) {
  const args = [resolve("examples/airline/run.js"), "--store", join(folder, "audit.db")];
  const env = { ...process.env, ENCLOSURE_HOME: join(folder, "home") };
  // A group of its own, so that all of it can be killed at once.
  const child = spawn(process.execPath, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<number | null>((done) => child.on("close", done));
  return { pid: child.pid as number, ended, told: () => ({ stdout, stderr }) };
}

async function untilResults(path: string, count: number): Promise<void> {
  while (!existsSync(path) || readFileSync(path, "utf8").split("\n").length <= count) await after(50);
}

describe.skipIf(!existsSync(join(data, "trajectories.json")))("npm run airline", () => {
  test("carries out all 1,164 calls, and every admitted one answers as recorded", async () => {
    const run = airline(temporaryFolder());
    expect(await run.ended).toBe(0);
    const { stdout, stderr } = run.told();
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toEqual({
      sessions: 200,
      calls: 1164,
      admitted: 1091,
      refused: 73,
      failed: 0,
      equal: 1091,
      valid: true,
    });
    expect(stderr).toMatch(/refused +69 +cancel_reservation: APPROVAL_UNAVAILABLE/);
    expect(stderr).not.toContain("not explained");
  });

  test("goes on after kill -9, with a log that verifies", async () => {
    const folder = temporaryFolder();
    const first = airline(folder);
    await untilResults(join(folder, "audit.db-airline", "results.jsonl"), 20);
    process.kill(-first.pid, "SIGKILL");
    await first.ended;

    const second = airline(folder);
    await second.ended;
    const { stdout, stderr } = second.told();
    const total = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
    // A call that the kill met between its intent and its outcome: nobody knows what came of it, and it is not done again.
    const unknown = [...stderr.matchAll(/^ +failed +(\d+) +\w+: INTERRUPTED$/gm)].reduce(
      (n, [, ones]) => n + Number(ones),
      0,
    );
    expect(total).toMatchObject({ sessions: 200, valid: true, failed: unknown });
    expect(total["equal"]).toBe(Number(total["admitted"]) - unknown);
  });
});
