// The catalogue itself: complete, in order, documented as it stands, and its replacements fit today's sources.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { attacksPage, storyOf } from "../../scripts/attacks.ts";
import { ROOT } from "../support/tree.ts";
import { pathOf } from "./attack.ts";
import { ATTACKS } from "./catalogue.ts";
import { replaced } from "./weaken.ts";

describe("the catalogue of attacks", () => {
  it("is documented as it stands", () => {
    const page = readFileSync(join(ROOT, "docs", "ATTACKS.md"), "utf8");
    expect(page, "run `npm run docs:attacks`").toBe(attacksPage());
  });

  it("is numbered in order, without gaps", () => {
    const numbers = ATTACKS.map((_, i) => `A${String(i + 1).padStart(2, "0")}`);
    expect(ATTACKS.map(({ id }) => id)).toEqual(numbers);
  });

  it("has a row for every agent, and an agent for every row", () => {
    const agents = readdirSync(join(import.meta.dirname, "agents")).filter((file) => !file.endsWith(".d.ts"));
    const sources = readdirSync(join(import.meta.dirname, "machine")).filter((file) => file.endsWith(".c"));
    const files = [...agents.map((file) => `agents/${file}`), ...sources.map((file) => `machine/${file}`)];
    expect(ATTACKS.map(pathOf).sort()).toEqual(files.sort());
  });

  it.each(ATTACKS.map(pathOf))("%s says its story and the invariant that it attacks", (path) => {
    const { invariant, story } = storyOf(path);
    expect([story.length > 15, invariant.length > 20, invariant.endsWith(".")]).toEqual([true, true, true]);
  });

  it("takes out defences that are there", () => {
    const all = ATTACKS.flatMap(({ given, without }) => [
      ...(given?.replace ?? []),
      ...("replace" in without ? without.replace : []),
    ]);
    for (const [file, replacements] of Map.groupBy(all, (one) => one.file)) {
      const text = readFileSync(join(ROOT, file), "utf8");
      for (const one of replacements) expect(replaced(text, [one])).not.toBe(text);
    }
  });

  it("fails a replacement that no longer fits", () => {
    const one = { file: "x.ts", find: "a", replace: "b" };
    expect(() => replaced("c", [one])).toThrow("x.ts has 0 of: a");
    expect(() => replaced("aa", [one])).toThrow("x.ts has 2 of: a");
  });
});
