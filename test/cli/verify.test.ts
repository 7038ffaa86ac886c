// What `enclosure verify` prints, and how a checkpoint and a key get from one machine to another.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Judgement, VerifyReport } from "../../src/audit/verdict.ts";
import { printReport } from "../../src/cli/verify.ts";
import { keptPage } from "./page-fixture.ts";
import { makePlace } from "./script.ts";

const ok: Judgement = { verdict: "ok", detail: "as it should be" };

function reportOf(change: Partial<VerifyReport["verdicts"]>): VerifyReport {
  return {
    version: 1,
    valid: Object.keys(change).length === 0,
    verdicts: {
      bytes: ok,
      chains: ok,
      tree: ok,
      consistency: ok,
      signatures: ok,
      anchors: ok,
      completeness: ok,
      payloads: ok,
      scope: ok,
      ...change,
    },
    records: 9,
    sessions: 1,
    unanchored: { records: 0, seconds: 0 },
    checkpoint: null,
    key: null,
  };
}

function printed(report: VerifyReport, columns = 60): { readonly lines: readonly string[]; readonly next: string[] } {
  const { page, lines } = keptPage({ terminal: true, columns });
  const next: string[] = [];
  printReport({ out: page, next: (...commands) => void next.push(...commands) }, report);
  return { lines: lines(), next };
}

describe("the report", () => {
  test("fits the terminal: a detail goes on under itself", () => {
    const detail = "record 4: does not have the hash that it is filed under; record 5: is not UTF-8";
    const { lines } = printed(reportOf({ bytes: { verdict: "invalid", detail, seqs: [4, 5] } }));
    expect(lines.slice(0, 4)).toEqual([
      "bytes         invalid       record 4: does not have the hash",
      "                            that it is filed under; record",
      "                            5: is not UTF-8 (seq 4, 5)",
      "chains        ok            as it should be",
    ]);
  });

  test("names the key's id", () => {
    const { lines } = printed({ ...reportOf({}), key: "enclosure.local/00ff+1a2b3c4d+AbC+/" });
    expect(lines.at(-1)).toBe("signed with the key 1a2b3c4d of enclosure.local/00ff");
  });

  test.each([
    [{}, "enclosure sessions"],
    [{ tree: { ...ok, verdict: "invalid" } }, "enclosure verify --json"],
    [{ completeness: { ...ok, verdict: "incomplete" } }, "enclosure sessions --status open"],
    [{ signatures: { ...ok, verdict: "cannot-check" } }, "enclosure verify --key VKEY"],
    [{ completeness: { ...ok, verdict: "cannot-check" } }, "enclosure doctor"],
  ] as const)("of %j names what helps: %s", (change, next) => {
    expect(printed(reportOf(change)).next).toEqual([next]);
  });
});

test("a checkpoint and a key are given out, and taken back, whatever line's end a tool has put to them", async () => {
  const place = makePlace();
  await place.run("init");
  await place.run("run", "agent.ts");
  const { checkpoint, key } = JSON.parse((await place.run("verify", "--json")).stdout) as Record<string, string>;
  await place.run("run", "agent.ts");
  for (const end of ["", "\n", "\r\n"]) {
    writeFileSync(join(place.folder, "kept.txt"), `${checkpoint}${end}`);
    const { exit, stdout } = await place.run("verify", "--checkpoint", "kept.txt", "--key", key ?? "", "--json");
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verdicts: { consistency: { verdict: "ok" } }, key });
  }
});

describe("enclosure checkpoint", () => {
  test("signs for all that there is, once, and verify takes what it prints", async () => {
    const place = makePlace();
    await place.run("init");
    await place.run("run", "agent.ts");
    const { exit, stdout, stderr } = await place.run("checkpoint");
    expect(exit).toBe(0);
    const { verdicts, records, key } = JSON.parse((await place.run("verify", "--json")).stdout) as VerifyReport;
    const origin = (key ?? "").split("+")[0];
    expect(verdicts.anchors.detail).toContain("0 records (0 s) stand after it");
    const [first, size, root, empty, signature] = stdout.split("\n");
    expect([first, size, empty]).toEqual([origin, String(records), ""]);
    expect(signature).toMatch(new RegExp(`^— ${origin} [A-Za-z0-9+/]{91}=$`));
    expect(stderr).toContain(`signed for ${records} records of ${origin}`);

    const again = JSON.parse((await place.run("checkpoint", "--json")).stdout) as Record<string, unknown>;
    const hexRoot = Buffer.from(root ?? "", "base64").toString("hex");
    expect(again).toEqual({ version: 1, origin, size: records, root: hexRoot, checkpoint: stdout, key });

    await place.run("run", "agent.ts");
    writeFileSync(join(place.folder, "kept.txt"), stdout);
    const verified = await place.run("verify", "--checkpoint", "kept.txt", "--json");
    expect(JSON.parse(verified.stdout)).toMatchObject({ valid: true, verdicts: { consistency: { verdict: "ok" } } });
  });

  test("makes no store, and signs for none that has lost records", async () => {
    const place = makePlace();
    const none = await place.run("checkpoint");
    expect([none.exit, none.stdout]).toEqual([2, ""]);
    expect(none.stderr).toContain("[STORE_MISSING]");
    expect(existsSync(join(place.folder, ".enclosure"))).toBe(false);

    await place.run("init");
    await place.run("run", "agent.ts");
    const store = join(place.folder, ".enclosure", "audit.db");
    const kept = join(place.folder, "kept.db");
    cpSync(store, kept);
    await place.run("run", "agent.ts");
    // An older state of it is put back.
    for (const end of ["-wal", "-shm"]) rmSync(store + end, { force: true });
    writeFileSync(store, readFileSync(kept));
    const behind = await place.run("checkpoint");
    expect(behind.stdout).toBe("");
    expect(behind.stderr).toContain("[LOG_BEHIND_HEAD]");
  });
});
