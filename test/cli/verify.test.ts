// What `enclosure verify` prints, and how a checkpoint and a key get from one machine to another.
import { writeFileSync } from "node:fs";
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
