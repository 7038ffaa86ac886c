// Mistakes of whoever writes a manifest or an agent: each is told with its place, its code and its mend, all in one go,
// and nothing has run.
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Desk, makeDesk } from "./desk.ts";

const TEN_MISTAKES = `enclosure: 2
name: Bad Name
verson: "1"
limits: { wall: 5 parsecs, calls: -1, cpu: 99h }
capabilities:
  desk: { use: modul, from: ./desk.ts }
  files: { use: fs, mounts: { /out: { path: ./out, access: rwx } } }
  web: { use: http, allow: ["GET https://api.example.com/**"], limits: { redirect: 3 } }
audit: { default: fully }
`;
const PLACES = ["1:12", "2:7", "3:1", "4:17", "4:35", "4:44", "6:16", "7:60", "8:74", "9:19"];

/** Nothing was run, and nothing was made. */
function expectNothingRun(desk: Desk): void {
  expect(desk.paid()).toEqual([]);
  expect(existsSync(desk.store)).toBe(false);
}

describe("a manifest with ten mistakes", () => {
  test("gets ten located errors in one go from run, with a mend each", async () => {
    const desk = makeDesk();
    desk.write({ "enclosure.yaml": TEN_MISTAKES });
    const { exit, stdout, stderr } = await desk.run("run", "agent.ts");
    expect([exit, stdout]).toEqual([2, ""]);
    for (const place of PLACES) expect(stderr).toContain(`--> enclosure.yaml:${place}\n`);
    expect(stderr.match(/enclosure: mend: /g)?.length).toBeGreaterThanOrEqual(PLACES.length);
    expect(stderr).toMatch(/enclosure: error: \d+ problems in enclosure\.yaml \[MANIFEST_INVALID\]\n$/);
    expectNothingRun(desk);
  });

  test("gets the same from check, for people and for programs", async () => {
    const desk = makeDesk();
    desk.write({ "enclosure.yaml": TEN_MISTAKES });
    const { exit, stdout } = await desk.run("check", "enclosure.yaml", "--json");
    const { ok, problems } = JSON.parse(stdout) as {
      ok: boolean;
      problems: { code: string; message: string; line: number; column: number; mend: string }[];
    };
    expect([exit, ok]).toEqual([2, false]);
    expect(problems.map(({ line, column }) => `${line}:${column}`)).toEqual(expect.arrayContaining(PLACES));
    for (const { code, message, mend } of problems) {
      expect(code).toMatch(/^MANIFEST_/);
      expect(message).not.toBe("");
      expect(mend).not.toBe("");
    }
  });
});

test.each([
  ["does not parse", "export default () => { const x = ; };", "SOURCE_INVALID", "agent.ts:1:34"],
  [
    "imports node:fs",
    `import { readFileSync } from "node:fs";\nexport default () => readFileSync("/etc/hostname");`,
    "IMPORT_BUILTIN",
    "agent.ts:1:30",
  ],
  [
    "imports what is not granted",
    `import { desk, shell } from "enclosure:caps";\nexport default () => [desk, shell];`,
    "IMPORT_UNGRANTED",
    "agent.ts:1:16",
  ],
  [
    "imports a file that is not there",
    `import x from "./gone.ts";\nexport default () => x;`,
    "IMPORT_MISSING",
    "agent.ts:1:15",
  ],
  [
    "climbs out of its folder",
    `import x from "../../../etc/passwd";\nexport default () => x;`,
    "IMPORT_OUTSIDE",
    "agent.ts:1:15",
  ],
])("an agent that %s is refused at its line, and nothing is run", async (_, source, code, place) => {
  const desk = makeDesk();
  desk.write({ "agent.ts": source });
  const { exit, stdout, stderr } = await desk.run("run", "agent.ts");
  expect([exit, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(`[${code}]`);
  expect(stderr).toMatch(new RegExp(`--> \\S*${place}\n`));
  expect(stderr).toContain("enclosure: mend: ");
  expectNothingRun(desk);
});

test.each([
  [["run", "gone.ts"], "AGENT_MISSING"],
  [["run", "agent.ts", "--manifest", "gone.yaml"], "MANIFEST_MISSING"],
  [["run", "agent.ts", "--input", "@gone.json"], "FILE_UNREADABLE"],
  [["batch", "gone.jsonl"], "FILE_UNREADABLE"],
  [["batch", "jobs.jsonl", "--out", "."], "RESULTS_INVALID"],
  [["check", "gone.yaml"], "MANIFEST_MISSING"],
  [["verify"], "STORE_MISSING"],
  [["sessions", "--store", "."], "STORE_FOREIGN"],
])("%j names what is not there", async (args, code) => {
  const desk = makeDesk();
  const { exit, stderr } = await desk.run(...args);
  expect(exit).toBe(2);
  expect(stderr).toContain(`[${code}]`);
  expect(stderr).toContain("enclosure: mend: ");
  expect(stderr).not.toContain("    at ");
  expectNothingRun(desk);
});
