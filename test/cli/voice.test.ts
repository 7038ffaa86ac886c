import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Bug } from "../../src/base/assert.ts";
import { EnclosureError } from "../../src/base/errors.ts";
import { codeFrame, reportFailure } from "../../src/cli/voice.ts";
import { temporaryFolder } from "../support/folder.ts";
import { keptPage } from "./page-fixture.ts";

function report(
  error: unknown,
  json = false,
): { readonly exit: number; readonly out: string; readonly err: readonly string[] } {
  const out = keptPage();
  const err = keptPage();
  const exit = reportFailure(error, { out: out.page, alert: err.page, json });
  return { exit, out: out.text(), err: err.lines() };
}

describe("reportFailure()", () => {
  test("tells a fault with its code and its mend", () => {
    const { exit, out, err } = report(new EnclosureError("CALL_MISSING", "session 3f2a has no call 9"));
    expect(exit).toBe(2);
    expect(out).toBe("");
    expect(err).toEqual([
      "enclosure: error: session 3f2a has no call 9 [CALL_MISSING]",
      "enclosure: mend:  List the calls with `enclosure calls`.",
    ]);
  });

  test("tells every problem with its place and the lines in question", () => {
    const file = join(temporaryFolder(), "jobs.jsonl");
    writeFileSync(file, "first line\n\tnot json\n");
    const place = { code: "BATCH_INVALID", severity: "error", line: 2, column: 2, pointer: "" } as const;
    const one = { ...place, message: "not a JSON object", mend: "mend it" };
    const problems = [one, { ...one, line: 1, severity: "warning" }] as const;
    const { err } = report(new EnclosureError("BATCH_INVALID", "1 problem", { problems, location: { file } }));
    expect(err).toEqual([
      "enclosure: error: not a JSON object [BATCH_INVALID]",
      `  --> ${file}:2:2`,
      "  1 | first line",
      "  2 |   not json",
      "    |   ^",
      "enclosure: mend:  mend it",
      "enclosure: warning: not a JSON object [BATCH_INVALID]",
      `  --> ${file}:1:2`,
      "  1 | first line",
      "    |  ^",
      "enclosure: mend:  mend it",
      `enclosure: error: 2 problems in ${file} [BATCH_INVALID]`,
    ]);
  });

  test("gives one JSON value where JSON was asked for", () => {
    const { out } = report(new EnclosureError("SESSION_MISSING", "none", { mend: "make one" }), true);
    expect(JSON.parse(out)).toEqual({
      version: 1,
      error: { code: "SESSION_MISSING", message: "none", mend: "make one" },
    });
  });

  test("tells a bug of ours as one, with its stack and status 70", () => {
    const { exit, err } = report(new Bug("the impossible"));
    expect(exit).toBe(70);
    expect(err[0]).toBe("enclosure: error: Bug: the impossible [BUG]");
    expect(err.at(-1)).toContain("Please report it");
  });

  test("never prints what a terminal would obey", () => {
    const file = join(temporaryFolder(), "\x1b[31mred.yaml");
    writeFileSync(file, "\x1b[2J: \u202e\n");
    const attack = new EnclosureError("USAGE_INVALID", "a\x1b[2J\u202eb\nenclosure: ok", {
      mend: "\x07",
      location: { file, line: 1, column: 9 },
    });
    const { err, out } = report(attack, true);
    for (const line of [...err, out.trimEnd()]) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(err[0]).toContain("a\\x1b[2J\\u202eb\\nenclosure: ok");
  });
});

describe("codeFrame()", () => {
  test("is empty where the file has no such line, and leaves out an empty line before", () => {
    expect(codeFrame(["a"], 7, 1, 80)).toEqual([]);
    expect(codeFrame(["", "key: 1"], 2, 6, 80)).toEqual(["  2 | key: 1", "    |      ^"]);
  });

  test("fits the page", () => {
    for (const line of codeFrame(["x".repeat(300)], 1, 250, 40)) expect(line.length).toBeLessThanOrEqual(40);
  });
});
