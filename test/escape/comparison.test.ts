// docs/comparison.md is of the present corpus and of the contestants as they are installed, and a verdict is told from what
// was seen.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CONTESTANTS } from "../../bench/contestants/table.ts";
import { judge, lacking, VERDICTS } from "../../bench/verdict.ts";
import { ROOT } from "../support/tree.ts";
import type { Attack, Observation } from "./attack.ts";
import { ATTACKS } from "./catalogue.ts";

const AGAIN = "run `npm run bench -- attacks --publish`";

describe("docs/comparison.md", () => {
  const page = readFileSync(join(ROOT, "docs", "comparison.md"), "utf8");
  const rows = [...page.matchAll(/^\| \[(A\d+)\]\(\S+\) (.+?) +\|(.+)\|$/gm)];

  it("has every attack of the catalogue, and no other", () => {
    const titles = rows.map(([, id, title]) => `${id} ${title}`).sort();
    expect(titles, AGAIN).toEqual(ATTACKS.map(({ id, title }) => `${id} ${title}`).sort());
  });

  it("has a verdict for every contestant", () => {
    const known = new Set([...Object.keys(VERDICTS), "–", "n/a"]);
    for (const [, id, , cells = ""] of rows) {
      const verdicts = cells.split("|").map((cell) => cell.trim().replaceAll("**", "").split(", "));
      expect(verdicts, id).toHaveLength(CONTESTANTS.length);
      expect(verdicts.flat().filter((verdict) => !known.has(verdict))).toEqual([]);
    }
  });

  it("is of the versions that are installed", () => {
    const others = CONTESTANTS.slice(1).map(({ name, version }) => `- **${name}** (${version})`);
    expect(others.filter((line) => !page.includes(line), AGAIN)).toEqual([]);
  });
});

describe("judge()", () => {
  const quiet: Observation = {
    exit: 0,
    signal: null,
    stdout: "",
    stderr: "",
    result: { status: "completed" },
    loot: undefined,
    canaries: [],
    heard: 0,
    left: [],
    cpuMs: 0,
    peakBytes: 10,
    record: [],
  };
  const bounds = { bytes: 100, overdue: false };
  const verdictsOf = (seen: Partial<Observation>, overdue = false): readonly string[] =>
    judge({ ...quiet, ...seen }, { ...bounds, overdue }).verdicts;

  it("finds nothing where nothing was seen, and says whether a limit ended it", () => {
    expect(verdictsOf({})).toEqual(["nothing"]);
    expect(verdictsOf({ result: { status: "limit" } })).toEqual(["stopped"]);
  });

  it("finds all that got through, the worst first", () => {
    expect(verdictsOf({ canaries: ["memory"], loot: "canary-memory" })).toEqual(["canary"]);
    expect(verdictsOf({ heard: 1, loot: 7, peakBytes: 101 })).toEqual(["network", "memory", "loot"]);
    expect(verdictsOf({ signal: "SIGABRT", exit: null, result: undefined })).toEqual(["crashed"]);
    expect(verdictsOf({ exit: 1, result: undefined })).toEqual(["crashed"]);
    expect(verdictsOf({ exit: null, result: undefined }, true)).toEqual(["hung"]);
  });

  it("does not take for held what could not be tried", () => {
    const failed = (name: string, message: string): readonly string[] =>
      verdictsOf({ result: { status: "failed", error: { name, message } } });
    expect(failed("ReferenceError", "structuredClone is not defined")).toEqual(["untried"]);
    expect(failed("ReferenceError", "'Temporal' is not defined")).toEqual(["untried"]);
    expect(failed("SyntaxError", "unexpected token")).toEqual(["untried"]);
    // What the product has not either is what an attack was after.
    expect(failed("ReferenceError", "WebAssembly is not defined")).toEqual(["nothing"]);
    expect(failed("ReferenceError", "process is not defined")).toEqual(["nothing"]);
  });
});

describe("lacking()", () => {
  const attack = ATTACKS[0] as Attack;
  const bare = { compiler: false, record: false, process: false };
  const whole = { compiler: true, record: true, process: true };

  it("tells from an attack's row what it needs", () => {
    const onRecord = { ...attack.without, shows: { what: "", seen: ({ record }: Observation) => record.length > 9 } };
    const needy: readonly Attack[] = [
      { ...attack, class: "bundle" },
      { ...attack, class: "record" },
      { ...attack, expected: { refused: "IMPORT_OUTSIDE" } },
      { ...attack, without: onRecord },
      { ...attack, limits: { calls: 3 } },
      { ...attack, given: { what: "an escape", replace: [] } },
    ];
    for (const one of needy) {
      expect(lacking(one, bare)).toBeDefined();
      expect(lacking(one, whole)).toBeUndefined();
    }
    expect(lacking({ ...attack, limits: { cpu: "1s" } }, bare)).toBeUndefined();
  });
});
