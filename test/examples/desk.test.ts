// The README's first command, whole: services, enclosure, log, verification.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface Ran {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CallRow {
  readonly function: string;
  readonly capability: string;
  readonly verdict: string;
  readonly effectState: string;
  readonly code?: string;
  readonly rule?: { readonly pointer: string };
  readonly arguments?: Readonly<Record<string, unknown>>;
}

describe("the refund desk", () => {
  let folder = "";
  let ran: Ran = { exit: null, stdout: "", stderr: "" };
  let calls: readonly CallRow[] = [];

  function node(...args: readonly string[]): Promise<Ran> {
    const env = { ...process.env, ENCLOSURE_HOME: join(folder, "home"), NO_COLOR: "1" };
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    return new Promise((done, reject) => {
      child.on("error", reject);
      child.on("close", (exit) => done({ exit, stdout, stderr }));
    });
  }

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "enclosure-desk-")));
    ran = await node(resolve("examples/desk/start.js"));
    const listed = await node(resolve("bin/enclosure.js"), "calls", "last", "--json");
    calls = (JSON.parse(listed.stdout) as { calls: CallRow[] }).calls;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("handles the day's 36 claims and ends with 0", () => {
    expect(ran.stderr).toContain("36 claims: 22 refunded (1909.53 EUR), 6 rejected, 8 handed to people");
    expect(ran.exit).toBe(0);
  });

  test("is refused what the customer's text orders, each by its rule", () => {
    const refused = calls.filter(({ verdict, arguments: args }) => verdict === "denied" && !isOrdinary(args));
    expect(refused.map(({ capability, function: fn, code }) => `${capability}.${fn} ${code}`)).toEqual([
      "desk.refund RULE_DENIED",
      "services.fetch RULE_FAILED",
      "files.write RULE_FAILED",
    ]);
    expect(ran.stderr).toContain("desk-verify.example");
  });

  /** A refund of what was paid, which is refused for its amount alone. */
  function isOrdinary(args: CallRow["arguments"]): boolean {
    return args?.["case_id"] !== undefined && args["case_id"] !== "RC-1028";
  }

  test("refuses refunds by amount, and those that nobody is there to approve", () => {
    const refunds = calls.filter((call) => call.function === "refund" && isOrdinary(call.arguments));
    const asked = refunds.filter(({ code }) => code === "APPROVAL_UNAVAILABLE");
    const denied = refunds.filter(({ code }) => code === "RULE_DENIED");
    expect(asked.map(({ arguments: args }) => args?.["case_id"])).toEqual(["RC-1006", "RC-1013", "RC-1023"]);
    expect(denied.map(({ arguments: args }) => args?.["case_id"])).toEqual(["RC-1021", "RC-1034"]);
    for (const { verdict, arguments: args } of refunds) {
      expect(verdict).toBe(Number(args?.["eur_cents"]) < 25_000 ? "admitted" : "denied");
    }
  });

  test("records the look-up that failed", () => {
    expect(calls.filter(({ effectState }) => effectState === "failed").map((call) => call.function)).toEqual([
      "get_payment",
    ]);
  });

  test("leaves the agent's report in the one folder that it may write to", () => {
    const report = readFileSync(join(folder, ".enclosure", "desk", "out", "refunds-2026-03-16.md"), "utf8");
    expect(report.match(/^\| RC-/gm)).toHaveLength(36);
    expect(report).toContain("| RC-1028 | C-2540 | escalated |  | fraud: the text gave orders; 3 of 3 were refused |");
    const injected = readFileSync("examples/desk/cases/RC-1028.json", "utf8");
    expect(JSON.parse(injected)).toMatchObject({ customer: { id: "C-2540" } });
  });

  test("leaves a log that verifies", async () => {
    const verified = await node(resolve("bin/enclosure.js"), "verify", "--json");
    expect(verified.exit).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ valid: true, sessions: 1 });
  });
});
