import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SessionId } from "../../src/base/ids.ts";
import { findSession, parseCount, parseMoment, readInput, readNamedFile } from "../../src/cli/find.ts";
import { FixtureLog } from "../review/log-fixture.ts";
import { temporaryFolder } from "../support/folder.ts";

describe("findSession()", () => {
  const first = `abcd1${"0".repeat(59)}` as SessionId;
  const second = `abcd2${"0".repeat(59)}` as SessionId;
  const log = new FixtureLog();
  log.open("a", {}, first);
  log.open("a", {}, second);

  test("finds a session by its id, by its first digits, and the last one", () => {
    expect(findSession(log, first)).toBe(first);
    expect(findSession(log, "abcd2")).toBe(second);
    expect(findSession(log, "last")).toBe(second);
  });

  test("asks for more digits where several sessions start with them", () => {
    const code = "SESSION_AMBIGUOUS";
    const message = "abcd could be abcd10000000, abcd20000000";
    expect(() => findSession(log, "abcd")).toThrow(expect.objectContaining({ code, message }));
  });

  test.each(["beef", "abc", "ABCD1", "../x", "first", ""])("has no session for %j", (name) => {
    expect(() => findSession(log, name)).toThrow(expect.objectContaining({ code: "SESSION_MISSING" }));
  });

  test("has no last session in an empty log", () => {
    expect(() => findSession(new FixtureLog(), "last")).toThrow(expect.objectContaining({ code: "SESSION_MISSING" }));
  });
});

describe("parseMoment()", () => {
  const now = Date.UTC(2026, 10, 23, 12);
  const parse = parseMoment(() => now);

  test("reads how long ago", () => {
    expect(parse("90s")).toBe(now - 90_000);
    expect(parse("30d")).toBe(now - 30 * 86_400_000);
  });

  test("reads a date and a time, as UTC where no zone is named", () => {
    expect(parse("2026-11-01")).toBe(Date.UTC(2026, 10, 1));
    expect(parse("2026-11-01T08:30")).toBe(Date.UTC(2026, 10, 1, 8, 30));
    expect(parse("2026-11-01T08:30:00+02:00")).toBe(Date.UTC(2026, 10, 1, 6, 30));
  });

  test.each(["yesterday", "30", "2026-13-01", "2026-11-01 08:30", "", "1e9d"])("refuses %j", (text) => {
    expect(() => parse(text)).toThrow("Say 30d");
  });
});

test.each(["0", "-1", "1.5", "many", "9999999999"])("parseCount() refuses %j", (text) => {
  expect(() => parseCount(1)(text)).toThrow("whole number");
});

describe("readInput()", () => {
  test("reads JSON from the option itself and from a file", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "case.json"), '{"id": 7}');
    expect(await readInput('{"id": 7}', folder)).toEqual({ id: 7 });
    expect(await readInput("@case.json", folder)).toEqual({ id: 7 });
  });

  test("says which of them is not JSON, or cannot be read", async () => {
    await expect(readInput("{id: 7}", "/")).rejects.toMatchObject({
      code: "INPUT_INVALID",
      mend: expect.stringContaining("@file"),
    });
    await expect(readInput("@missing.json", temporaryFolder())).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    expect(() => readNamedFile(join(temporaryFolder(), "x"))).toThrow(
      expect.objectContaining({ code: "FILE_UNREADABLE" }),
    );
  });
});
