// Test262, the language's own conformance suite: every test that a bare context of this Node passes, a guest passes too,
// but for the differences that test/slow/conformance/expected.ts names. The suite is not part of this repository: TEST262
// names the folder that has its harness/ and test/.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { GUEST_FLAGS } from "../../src/enclosure/command.ts";
import { EXPECTED } from "./conformance/expected.ts";
import type { Verdict } from "./conformance/realm.ts";
import { listTests, readTest } from "./conformance/suite.ts";

const folder = process.env["TEST262"] ?? "";
const REALM = join(import.meta.dirname, "conformance", "realm.ts");
const WORKERS = 2;
const SUITE_MS_MAX = 60 * 60_000;

/** Runs tests in one kind of realm; a process that dies has failed the test that it was at, and another goes on after it. */
async function run(kind: "plain" | "guest", paths: readonly string[]): Promise<readonly Verdict[]> {
  const flags = kind === "guest" ? [...GUEST_FLAGS, "--allow-fs-read=*"] : [];
  const verdicts: Verdict[] = [];
  while (verdicts.length < paths.length) {
    const child = spawn(process.execPath, [...flags, REALM, kind, folder], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "close");
    onTestFinished(() => void child.kill("SIGKILL"));
    // It may die before it has read everything.
    child.stdin.on("error", () => {});
    child.stdin.end(`${paths.slice(verdicts.length).join("\n")}\n`);
    for await (const line of createInterface({ input: child.stdout })) verdicts.push(JSON.parse(line) as Verdict);
    await ended;
    const at = paths[verdicts.length];
    if (at !== undefined) verdicts.push({ path: at, why: "the process died" });
  }
  return verdicts;
}

/** The same, by several processes at once. */
async function runAll(kind: "plain" | "guest", paths: readonly string[]): Promise<readonly Verdict[]> {
  const shares = Array.from({ length: WORKERS }, (_, worker) => paths.filter((_, i) => i % WORKERS === worker));
  return (await Promise.all(shares.map((share) => run(kind, share)))).flat();
}

describe.skipIf(folder === "")("Test262 (in the folder that TEST262 names)", () => {
  test(
    "passes in a guest what passes in a bare context",
    async () => {
      const passed = (await runAll("plain", listTests(folder))).filter(({ why }) => why === undefined);
      expect(passed.length).toBeGreaterThan(1000);
      const verdicts = await runAll(
        "guest",
        passed.map(({ path }) => path),
      );
      const needed = new Set<string>();
      const failed = verdicts.filter(({ path, why }) => {
        if (why === undefined) return false;
        const features = readTest(folder, path)?.features ?? [];
        const entry = EXPECTED.find(
          (one) => one.features?.some((name) => features.includes(name)) === true || one.paths?.test(path) === true,
        );
        if (entry !== undefined) needed.add(entry.why);
        return entry === undefined;
      });
      process.stdout.write(
        `Test262: ${passed.length} pass in a bare context, ${verdicts.length - failed.length} as expected in a guest\n`,
      );
      expect(failed).toEqual([]);
      expect(EXPECTED.map(({ why }) => why).filter((why) => !needed.has(why))).toEqual([]);
    },
    SUITE_MS_MAX,
  );
});
