// The commands on a machine that gives no user namespaces: they say so once, run with the walls that are left, and run
// nothing where the sandbox is required. The machine is this one, in a bubblewrap that lets no other be made.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BUBBLEWRAP, BUBBLEWRAP_WORKS, NO_NAMESPACES } from "../support/bubblewrap.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ROOT } from "../support/tree.ts";

describe.skipIf(!BUBBLEWRAP_WORKS)("where user namespaces are refused", () => {
  function place(): (...args: readonly string[]) => { exit: number | null; stdout: string; stderr: string } {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "enclosure.yaml"), 'enclosure: 1\nname: small\nversion: "1"\n');
    writeFileSync(join(folder, "agent.ts"), "export default (): number => 42;\n");
    const job = (id: string): string =>
      JSON.stringify({ id, agent: "agent.ts", manifest: "enclosure.yaml", input: null });
    writeFileSync(join(folder, "jobs.jsonl"), `${job("a")}\n${job("b")}\n${job("c")}\n`);
    return (...args) => {
      const command = [process.execPath, join(ROOT, "bin", "enclosure.js"), ...args];
      const env = { ...process.env, HOME: join(folder, "home") };
      const { status, stderr, stdout } = spawnSync(BUBBLEWRAP, [...NO_NAMESPACES, "--", ...command], {
        cwd: folder,
        env,
        encoding: "utf8",
      });
      return { exit: status, stdout, stderr };
    };
  }

  it("run warns, and names the walls that stood", () => {
    const { exit, stderr, stdout } = place()("run", "agent.ts");
    expect(exit).toBe(0);
    expect(stdout).toBe("42\n");
    expect(stderr.match(/\[OS_SANDBOX_MISSING\]/g)).toHaveLength(1);
    expect(stderr).toContain("walls   isolate, process, rlimits, no-new-privs\n");
  });

  it("run --require-os-sandbox runs nothing, and records nothing", () => {
    const enclosure = place();
    const { exit, stderr, stdout } = enclosure("run", "agent.ts", "--require-os-sandbox", "--store", "x.db");
    expect([exit, stdout]).toEqual([70, ""]);
    expect(stderr).toContain("[OS_SANDBOX_MISSING]");
    expect(enclosure("sessions", "--store", "x.db").exit).not.toBe(0);
  });

  it("batch warns once for all its jobs, and ends at the first where the sandbox is required", () => {
    const enclosure = place();
    const ran = enclosure("batch", "jobs.jsonl", "--jobs", "2");
    expect(ran.exit).toBe(0);
    expect(ran.stderr.match(/\[OS_SANDBOX_MISSING\]/g)).toHaveLength(1);
    const insisted = place()("batch", "jobs.jsonl", "--require-os-sandbox");
    expect(insisted.exit).toBe(70);
    expect(insisted.stderr).toContain("[OS_SANDBOX_MISSING]");
  });

  it("doctor warns, and is content all the same", () => {
    const { exit, stdout } = place()("doctor", "--json");
    expect(exit).toBe(0);
    const { findings } = JSON.parse(stdout) as { findings: { name: string; state: string; detail: string }[] };
    expect(findings.filter(({ name }) => name === "walls").map(({ state }) => state)).toEqual(["ok", "warning"]);
  });
});
