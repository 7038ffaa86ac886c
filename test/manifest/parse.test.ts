// Problems as they are told, golden: place, code, pointer and message for many bad manifests; and that no text throws.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MANIFEST_BYTES_MAX, PROBLEMS_MAX } from "../../src/base/limits.ts";
import { parseManifest, type ParsedManifest } from "../../src/manifest/parse.ts";
import { fakeKinds } from "./kinds.ts";

const HEAD = 'enclosure: 1\nname: desk\nversion: "1.0"\n';
const GRANT = "capabilities:\n  desk: { use: module, from: ./desk.ts, allow: [refund] }\n";

function parse(text: string): ParsedManifest {
  return parseManifest(text, { file: "m.yaml", kinds: fakeKinds });
}

function told(text: string): readonly string[] {
  return parse(text).problems.map(
    ({ line, column, code, pointer, message }) => `${line}:${column} ${code} ${pointer} ${message}`,
  );
}

describe("parseManifest()", () => {
  it("takes a small manifest, and knows where everything stands", () => {
    const { manifest, problems } = parse(HEAD + GRANT);
    expect(problems).toEqual([]);
    expect(manifest?.authored.name).toBe("desk");
    expect(manifest?.at("/capabilities/desk")).toEqual({ pointer: "/capabilities/desk", line: 5, column: 3 });
    expect(manifest?.at("/capabilities/desk/allow/0")).toMatchObject({ line: 5, column: 49 });
    expect(manifest?.at("/limits/wall")).toMatchObject({ line: 1, column: 1 });
  });

  it("tells ten mistakes at once, each with its place and mend", () => {
    const text = readFileSync(join(import.meta.dirname, "../../fixtures/manifests/ten-mistakes.yaml"), "utf8");
    const { manifest, problems } = parse(text);
    expect(manifest).toBeUndefined();
    expect(problems.map(({ line, column, code, pointer }) => `${line}:${column} ${code} ${pointer}`)).toEqual([
      "4:10 MANIFEST_VALUE_INVALID /version",
      "5:1 MANIFEST_KEY_UNKNOWN /pourpose",
      "8:9 MANIFEST_LIMIT_INVALID /limits/wall",
      "9:11 MANIFEST_VALUE_INVALID /limits/memory",
      "12:12 MANIFEST_SECRET_UNKNOWN /env/API_KEY",
      "15:3 MANIFEST_KEY_MISSING /secrets/bank",
      "18:3 MANIFEST_KEY_MISSING /capabilities/refunds",
      "23:98 MANIFEST_SCHEMA_INVALID /capabilities/claims/deny/0/where/properties/amount/pattern",
      "25:10 MANIFEST_NOT_BUILT /capabilities/assistant/use",
      "28:1 MANIFEST_NOT_BUILT /flow",
    ]);
    for (const problem of problems) expect(problem.mend).not.toBe("");
  });

  it.each<[string, string, string]>([
    ["nothing", "", "1:1 MANIFEST_SYNTAX  the file is empty"],
    ["comments alone", "# hello\n", "1:1 MANIFEST_SYNTAX  the file is empty"],
    ["a text", "hello", '1:1 MANIFEST_VALUE_INVALID  expected a manifest, found "hello"'],
    ["a list", "- a", "1:1 MANIFEST_VALUE_INVALID  expected a manifest, found a list"],
    ["broken YAML", `${HEAD}env: {a: b`, "4:11 MANIFEST_SYNTAX  "],
    ["two documents", `${HEAD}---\n${HEAD}`, "4:1 MANIFEST_SYNTAX  a second document in the file"],
    ["a tag", `${HEAD}purpose: !!str x\n`, "4:10 MANIFEST_SYNTAX  the tag !!str"],
    ["a directive", `%YAML 1.1\n---\n${HEAD}`, "1:1 MANIFEST_SYNTAX  a YAML directive"],
    ["a merge key", `${HEAD}env: { <<: { A: b } }\n`, "4:8 MANIFEST_SYNTAX /env the key <<"],
    ["a key of prototypes", `${HEAD}env: { __proto__: x }\n`, "4:8 MANIFEST_SYNTAX /env the key __proto__"],
    ["a key that is no text", `${HEAD}env: { 5: x }\n`, "4:8 MANIFEST_SYNTAX /env a key that is not a text"],
    ["a duplicate key", `${HEAD}name: other\n`, '4:1 MANIFEST_KEY_DUPLICATE /name the key "name" stands here twice'],
    ["half a character", `${HEAD}owner: "\\ud800"\n`, "4:8 MANIFEST_SYNTAX /owner a text with half a surrogate pair"],
    [
      "no number",
      `${HEAD}limits: { calls: .nan }\n`,
      "4:18 MANIFEST_SYNTAX /limits/calls a number that cannot be kept exactly",
    ],
    [
      "a huge number",
      `${HEAD}limits: { calls: 9007199254740993 }\n`,
      "4:18 MANIFEST_SYNTAX /limits/calls a number that cannot be kept exactly",
    ],
    [
      "another format",
      HEAD.replace("1", "2"),
      "1:12 MANIFEST_VALUE_INVALID /enclosure enclosure: expected 1, the version of the format, found the number 2",
    ],
    [
      "a number for the version",
      HEAD.replace('"1.0"', "1.10"),
      '3:10 MANIFEST_VALUE_INVALID /version version: expected a version in quotes such as "1.4.0", found the number 1.1',
    ],
    ["no name", 'enclosure: 1\nversion: "1"\n', "1:1 MANIFEST_KEY_MISSING  the key name is missing"],
    ["an unknown key", `${HEAD}capabilties: {}\n`, '4:1 MANIFEST_KEY_UNKNOWN /capabilties unknown key "capabilties"'],
    [
      "a bare duration",
      `${HEAD}limits: { wall: 5 }\n`,
      "4:17 MANIFEST_VALUE_INVALID /limits/wall limits.wall: expected a duration such as 20s, 5m or 90d, found the number 5",
    ],
    [
      "a decimal size",
      `${HEAD}limits: { memory: 128MB }\n`,
      '4:19 MANIFEST_VALUE_INVALID /limits/memory limits.memory: expected a size such as 64KiB or 128MiB, found "128MB"',
    ],
    [
      "a limit too high",
      `${HEAD}limits: { wall: 90d }\n`,
      "4:17 MANIFEST_LIMIT_INVALID /limits/wall limits.wall: 90d is not within 100ms to 1d",
    ],
    [
      "a limit too low",
      `${HEAD}limits: { inFlight: 0 }\n`,
      "4:21 MANIFEST_LIMIT_INVALID /limits/inFlight limits.inFlight: 0 is not within 1 to 1024",
    ],
    [
      "a number in the environment",
      `${HEAD}env: { A: 5 }\n`,
      "4:11 MANIFEST_VALUE_INVALID /env/A env.A: expected a text, found the number 5",
    ],
    [
      "an environment look-up",
      `${HEAD}env: { A: "\${HOME}" }\n`,
      "4:11 MANIFEST_VALUE_INVALID /env/A a placeholder that is not one of a secret",
    ],
    [
      "an undeclared secret",
      `${HEAD}env: { A: "\${secret:bnak}" }\nsecrets: { bank: { from: "env:B", hosts: [a.example] } }\n`,
      '4:11 MANIFEST_SECRET_UNKNOWN /env/A the secret "bnak" is not declared',
    ],
    [
      "a secret without hosts",
      `${HEAD}secrets:\n  bank: { from: "env:B" }\n`,
      "5:3 MANIFEST_KEY_MISSING /secrets/bank secrets.bank: the key hosts is missing",
    ],
    [
      "a secret for every host",
      `${HEAD}secrets:\n  bank: { from: "env:B", hosts: ["*"] }\n`,
      '5:34 MANIFEST_VALUE_INVALID /secrets/bank/hosts/0 secrets.bank.hosts.0: expected the name of a host, without scheme, path or wildcard, found "*"',
    ],
    [
      "a secret from nowhere",
      `${HEAD}secrets:\n  bank: { from: "BANK", hosts: [a.example] }\n`,
      '5:17 MANIFEST_VALUE_INVALID /secrets/bank/from secrets.bank.from: expected env:VARIABLE or file:PATH, found "BANK"',
    ],
    [
      "a name that is no identifier",
      `${HEAD}capabilities:\n  my-desk: { use: module, from: ./d.ts, allow: [a] }\n`,
      "5:3 MANIFEST_VALUE_INVALID /capabilities/my-desk the name capabilities.my-desk: expected a name",
    ],
    [
      "a reserved name",
      `${HEAD}capabilities:\n  class: { use: module, from: ./d.ts, allow: [a] }\n`,
      "5:3 MANIFEST_VALUE_INVALID /capabilities/class the name capabilities.class: expected a name",
    ],
    [
      "an unknown kind",
      `${HEAD}capabilities:\n  desk: { use: modul }\n`,
      '5:16 MANIFEST_VALUE_INVALID /capabilities/desk/use capabilities.desk.use: expected one of module, found "modul"',
    ],
    [
      "no kind",
      `${HEAD}capabilities:\n  desk: { from: ./d.ts }\n`,
      "5:3 MANIFEST_KEY_MISSING /capabilities/desk capabilities.desk: the key use is missing",
    ],
    [
      "no allow",
      `${HEAD}capabilities:\n  desk: { use: module, from: ./d.ts }\n`,
      "5:3 MANIFEST_KEY_MISSING /capabilities/desk capabilities.desk: the key allow is missing",
    ],
    [
      "a rate without a unit",
      `${HEAD}capabilities:\n  desk: { use: module, from: ./d.ts, allow: [a], limits: { rate: 10 } }\n`,
      "5:66 MANIFEST_VALUE_INVALID /capabilities/desk/limits/rate capabilities.desk.limits.rate: expected a rate such as 10/s or 100/m, found the number 10",
    ],
    [
      "a rule without its name",
      `${HEAD}capabilities:\n  desk: { use: module, from: ./d.ts, allow: [{ where: true }] }\n`,
      "5:46 MANIFEST_KEY_MISSING /capabilities/desk/allow/0 capabilities.desk.allow.0: the key call is missing",
    ],
    [
      "an input that is no schema",
      `${HEAD}agent: { input: { type: objekt } }\n`,
      "4:25 MANIFEST_SCHEMA_INVALID /agent/input/type type is not one of JSON Schema's types",
    ],
    [
      "approval by anyone",
      `${HEAD}approvals: { otherwise: allow }\n`,
      '4:25 MANIFEST_VALUE_INVALID /approvals/otherwise approvals.otherwise: expected "deny", found "allow"',
    ],
    [
      "a way to ask twice",
      `${HEAD}approvals: { via: [tty, tty] }\n`,
      '4:25 MANIFEST_VALUE_INVALID /approvals/via/1 approvals.via.1: "tty" stands in the list twice',
    ],
    [
      "an escape sequence in a name",
      `${HEAD}owner: "a\\e[31m"\n`,
      "4:8 MANIFEST_VALUE_INVALID /owner owner: expected a text of one line, found ",
    ],
  ])("refuses %s", (_, text, expected) => expect(told(text)).toEqual([expect.stringContaining(expected)]));

  it.each([
    ["MANIFEST_KEY_DUPLICATE", "name: b\n"],
    ["MANIFEST_KEY_MISSING", "secrets: { a: { from: 'env:A' } }\n"],
    ["MANIFEST_VALUE_INVALID", "env: 5\n"],
    ["MANIFEST_LIMIT_INVALID", "limits: { timers: 100001 }\n"],
    ["MANIFEST_SECRET_UNKNOWN", 'env: { A: "${secret:a}" }\n'],
  ])("has the code %s of its own", (code, text) => {
    expect(parse(HEAD + text).problems).toEqual([expect.objectContaining({ code, severity: "error", line: 4 })]);
  });

  it("suggests the nearest key, and the words that may stand", () => {
    const mends = parse(`${HEAD}capabilties: {}\nlimits: { wal: 5m }\naudit: { default: ful }\n`).problems.map(
      ({ mend }) => mend,
    );
    expect(mends).toEqual(["Did you mean capabilities?", "Did you mean wall?", "Did you mean full?"]);
  });

  it("refuses a file that is too large, before it is parsed", () => {
    expect(told(`#${"x".repeat(MANIFEST_BYTES_MAX)}`)).toEqual([expect.stringContaining("1:1 MANIFEST_TOO_LARGE")]);
  });

  it.each<[string, string]>([
    ["flow lists", "[".repeat(200_000)],
    ["closed flow lists", "[".repeat(50_000) + "]".repeat(50_000)],
    ["block lists", "- ".repeat(100_000)],
    ["flow maps", "{a: ".repeat(50_000)],
  ])("refuses %s that are nested too deep, without a stack to overflow", (_, text) => {
    expect(told(text)).toEqual([expect.stringContaining("MANIFEST_TOO_LARGE  nested deeper than 28")]);
  });

  it("refuses aliases that expand without end", () => {
    const bomb = [
      "a: &a [x, x]",
      ..."bcdefghijk".split("").map((key, i) => `${key}: &${key} [*${"abcdefghij"[i]}, *${"abcdefghij"[i]}]`),
    ];
    expect(told(bomb.join("\n"))).toEqual([expect.stringContaining("MANIFEST_SYNTAX")]);
    expect(told("a: &a [*a]")).toEqual([expect.stringContaining("MANIFEST_")]);
  });

  it("takes a few aliases, and says where what they stand for is", () => {
    const text = `${HEAD}env: { A: &a hello, B: *a }\n`;
    expect(parse(text).manifest?.authored.env).toEqual({ A: "hello", B: "hello" });
  });

  it("tells a bounded number of problems, and how many more there are", () => {
    const { problems } = parse(`${HEAD}env:\n${Array.from({ length: 500 }, (_, i) => `  A${i}: 1\n`).join("")}`);
    expect(problems).toHaveLength(PROBLEMS_MAX + 1);
    expect(problems.at(-1)).toMatchObject({ code: "MANIFEST_INVALID", message: "300 more problems are not listed" });
  });

  it("reads a manifest of many keys, or of many mistakes, in a time that is linear in them", () => {
    const many = (value: string): string =>
      `${HEAD}env:\n${Array.from({ length: 20_000 }, (_, i) => `  A${i}: ${value}\n`).join("")}`;
    // Of this thread alone: the machine may be busy with something else.
    const started = process.threadCpuUsage();
    expect(parse(many("x")).problems).toEqual([]);
    expect(parse(many("5")).problems).toHaveLength(PROBLEMS_MAX + 1);
    const { user, system } = process.threadCpuUsage(started);
    expect(user + system).toBeLessThan(3_000_000);
  });

  it("gives problems or a manifest for any text, and never throws", () => {
    const words = fc.constantFrom(
      "enclosure",
      "name",
      "capabilities",
      ": ",
      "\n",
      "\n  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      ", ",
      '"',
      "'",
      "|",
      ">",
      "&a ",
      "*a",
      "!t ",
      "#",
      "? ",
      "1",
      "x",
      "use: module",
      "%",
      "---\n",
      "\t",
      "\u0000",
      "\ud800",
      "\u2028",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(words, { maxLength: 40 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (body) => {
        for (const whole of [body, HEAD + body, HEAD + GRANT + body]) {
          const { manifest, problems } = parse(whole);
          expect(manifest === undefined).toBe(problems.some(({ severity }) => severity === "error"));
          for (const { line, column, mend } of problems) {
            expect(line).toBeGreaterThan(0);
            expect(column).toBeGreaterThan(0);
            expect(mend).not.toBe("");
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it("refuses any key that is put into a manifest, wherever it is put", () => {
    const valid = HEAD + GRANT;
    const places = [
      valid + "KEY: 1\n",
      valid.replace("use:", "KEY: 1, use:"),
      `${valid}limits: { KEY: 1 }\n`,
      `${valid}agent: { KEY: 1 }\n`,
      `${valid}audit: { KEY: 1 }\n`,
      `${valid}profiles: { a: { KEY: 1 } }\n`,
      `${valid}approvals: { KEY: 1 }\n`,
    ];
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,12}$/), fc.constantFrom(...places), (key, place) => {
        const { problems } = parse(place.replace("KEY", `zz${key}`));
        expect(problems).toContainEqual(expect.objectContaining({ code: "MANIFEST_KEY_UNKNOWN" }));
      }),
      { numRuns: 60 },
    );
  });
});
