import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import { fsKind } from "../../../src/kinds/fs/kind.ts";
import { overlapWithForbidden, pathsOverlap } from "../../../src/kinds/fs/paths.ts";
import { compiled } from "../../support/compiled.ts";

const GRANT: JsonObject = {
  mounts: { "/in": { path: "./reference", access: "ro" }, "/out": { path: "./work", access: "rw", quota: "1MiB" } },
  ask: [
    { call: "remove", timeout: "1m" },
    { path: "/out/shared/**", where: { type: "object", required: ["data"], properties: { data: { type: "string" } } } },
  ],
  deny: ["/in/private/**", { call: ["move", "remove"], path: "/out/keep/*" }],
};
const files = compiled(fsKind, "files", GRANT);
const verdict = (fn: string, args: unknown): string => {
  const said = files.decide(fn, args);
  return said.verdict === "deny" ? said.code : said.verdict;
};

describe("the kind fs decides", () => {
  it("by mount, with the mount as the target", () => {
    expect(files.problems).toEqual([]);
    expect(files.decide("readText", { path: "/in/a.txt" })).toMatchObject({
      verdict: "allow",
      effect: "read",
      target: { kind: "fs", name: "/in" },
      rule: { pointer: "/capabilities/files/mounts/~1in" },
    });
    expect(files.decide("write", { path: "/out/a/b.txt", data: "x" })).toMatchObject({
      verdict: "allow",
      effect: "write",
      target: { name: "/out" },
    });
    expect(verdict("list", { path: "/in" })).toBe("allow");
    expect(verdict("glob", { pattern: "/out/a/**" })).toBe("allow");
  });

  it("refuses what lies in no mount, and writing to a mount that is read only, and says what to add", () => {
    expect(files.decide("readText", { path: "/etc/passwd" })).toMatchObject({
      code: "RULE_FAILED",
      target: { name: "(unlisted)" },
      mend: "add a mount under capabilities.files.mounts",
    });
    expect(files.decide("write", { path: "/in/a", data: "x" })).toMatchObject({
      code: "RULE_FAILED",
      mend: 'write "access: rw" under capabilities.files.mounts for /in',
    });
    for (const [fn, args] of [
      ["move", { from: "/in/a", to: "/out/a" }],
      ["move", { from: "/out/a", to: "/in/a" }],
      ["glob", { pattern: "/i*/a" }],
      ["readText", { path: "/inside/a" }],
      ["readText", { path: "/" }],
    ] as const)
      expect(verdict(fn, args), JSON.stringify(args)).toBe("RULE_FAILED");
  });

  it.each([
    "/in/../etc/passwd",
    "/in/./a",
    "/in//a",
    "/in/a/",
    "in/a",
    "/in\\a",
    "/in/a\0",
    "/in/a\n",
    "/in/e\u0301",
    "",
    "/in/.enclosure-x",
    `/in/${"x".repeat(256)}`,
    `/in${"/x".repeat(70)}`,
  ])("refuses the path %j, in every function", (path) => {
    expect(verdict("readText", { path })).toBe("ARGUMENT_INVALID");
    expect(verdict("move", { from: "/out/a", to: path })).toBe("ARGUMENT_INVALID");
    expect(verdict("glob", { pattern: path })).toBe("ARGUMENT_INVALID");
  });

  it("denies by path and function; what a glob could find counts", () => {
    expect(files.decide("readText", { path: "/in/private/x/y" })).toMatchObject({
      code: "RULE_DENIED",
      rule: { pointer: "/capabilities/files/deny/0" },
    });
    expect(verdict("list", { path: "/in/private" })).toBe("RULE_DENIED");
    expect(verdict("glob", { pattern: "/in/**" })).toBe("RULE_DENIED");
    expect(verdict("glob", { pattern: "/in/pub*/**" })).toBe("allow");
    expect(verdict("move", { from: "/out/x", to: "/out/keep/x" })).toBe("RULE_DENIED");
    expect(verdict("remove", { path: "/out/keep/x" })).toBe("RULE_DENIED");
    expect(verdict("readText", { path: "/out/keep/x" })).toBe("allow");
    // A star in a plain path is a character.
    expect(verdict("readText", { path: "/in/priva*/x" })).toBe("allow");
  });

  it("asks, also where the condition cannot decide, and not where it says no", () => {
    expect(files.decide("remove", { path: "/out/x" })).toMatchObject({
      verdict: "ask",
      timeoutMs: 60_000,
      effect: "irreversible",
    });
    expect(verdict("write", { path: "/out/shared/x", data: "x" })).toBe("ask");
    expect(verdict("readText", { path: "/out/shared/x" })).toBe("ask");
  });

  it("never throws, whatever the argument is", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("readText", "write", "glob", "move", "stat"),
        fc.oneof(
          fc.jsonValue(),
          fc.record({
            path: fc.string(),
            from: fc.string(),
            to: fc.string(),
            pattern: fc.string(),
            data: fc.jsonValue(),
          }),
        ),
        (fn, args) => {
          const said = files.grant.decide({ fn: files.grant.functions.get(fn) as never, args: args as never });
          expect(["allow", "ask", "deny"]).toContain(said.verdict);
        },
      ),
    );
  });
});

describe("the kind fs compiles a grant", () => {
  const problemsOf = (grant: JsonObject) =>
    compiled(fsKind, "files", grant).problems.map(({ code, pointer }) => `${code} ${pointer}`);
  const ro = { path: ".", access: "ro" };

  it("has only the reading functions where nothing may be written", () => {
    const reading = compiled(fsKind, "files", { mounts: { "/in": ro } });
    expect([...reading.grant.functions.keys()]).toEqual(["readText", "readBytes", "list", "stat", "glob"]);
    expect(reading.sentences.map(({ text }) => text)).toEqual(["may read the files in /in (.)"]);
  });

  it("refuses mounts that are no paths or overlap, and bad patterns", () => {
    expect(problemsOf({ mounts: { "/": ro, in: ro, "/a": ro, "/a/b": ro, "/c*": ro } })).toEqual([
      "MANIFEST_VALUE_INVALID /mounts/~1",
      "MANIFEST_VALUE_INVALID /mounts/in",
      "MANIFEST_VALUE_INVALID /mounts/~1a~1b",
      "MANIFEST_VALUE_INVALID /mounts/~1c*",
    ]);
    const rw = { path: ".", access: "rw" };
    expect(problemsOf({ mounts: { "/in": { ...rw, quota: "9999GiB" } }, deny: ["in/x", { path: "/in/x**" }] })).toEqual(
      [
        "MANIFEST_LIMIT_INVALID /mounts/~1in/quota",
        "MANIFEST_VALUE_INVALID /deny/0",
        "MANIFEST_VALUE_INVALID /deny/1/path",
      ],
    );
  });

  it("refuses a quota where nothing is written, and one that no number holds", () => {
    expect(problemsOf({ mounts: { "/in": { ...ro, quota: "1MiB" } } })).toEqual([
      "MANIFEST_VALUE_INVALID /mounts/~1in/quota",
    ]);
    expect(problemsOf({ mounts: { "/out": { path: ".", access: "rw", quota: "999999999999GiB" } } })).toEqual([
      "MANIFEST_LIMIT_INVALID /mounts/~1out/quota",
    ]);
  });

  it("reports rules that can never match, or are covered", () => {
    expect(
      problemsOf({
        mounts: { "/in": ro },
        deny: ["/out/**", { call: "write", path: "/in/**" }, "/in/a/**", "/in/a/b"],
        ask: ["/in/a/c"],
      }),
    ).toEqual([
      "MANIFEST_RULE_UNREACHABLE /deny/0",
      "MANIFEST_RULE_UNREACHABLE /deny/1",
      "MANIFEST_RULE_UNREACHABLE /deny/3",
      "MANIFEST_RULE_UNREACHABLE /ask/0",
    ]);
  });
});

describe("pathsOverlap()", () => {
  it("finds a path, its ancestors and its descendants, by whole segments", () => {
    for (const [a, b, expected] of [
      ["/a/b", "/a/b", true],
      ["/a", "/a/b", true],
      ["/a/b/c", "/a/b", true],
      ["/", "/a", true],
      ["/a/b", "/a/bc", false],
      ["/a/", "/a", true],
    ] as const)
      expect(pathsOverlap(a, b), `${a} ${b}`).toBe(expected);
    expect(
      overlapWithForbidden(
        new Map([
          ["/in", "/x"],
          ["/out", "/home/u/work"],
        ]),
        new Map([["the store", "/home/u/work/audit.db"]]),
      ),
    ).toEqual({ mount: "/out", what: "the store" });
    expect(overlapWithForbidden(new Map([["/in", "/x"]]), new Map([["the store", "/y"]]))).toBeUndefined();
  });
});
