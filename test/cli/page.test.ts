import { describe, expect, test } from "vitest";
import { makePage, printTable } from "../../src/cli/page.ts";
import { keptPage } from "./page-fixture.ts";

describe("a page", () => {
  test("has colours on a terminal only, and not where they are not wanted", () => {
    const sink = { write: () => {}, isTTY: true };
    expect(makePage(sink, true).paint("red", "x")).toBe("\x1b[31mx\x1b[39m");
    expect(makePage(sink, false).paint("red", "x")).toBe("x");
    expect(makePage({ write: () => {} }, true).paint("red", "x")).toBe("x");
  });
});

describe("foreign text", () => {
  const head = "agent | ";
  const room = 40 - head.length;

  test.each([
    ["blanks", " ".repeat(room)],
    ["one long word", "x".repeat(room)],
    ["wide characters", "北".repeat(room / 2)],
    ["marks that some terminals give a column", "\u0301".repeat(room)],
    ["characters that some terminals draw wide", "±".repeat(room)],
  ])("begins no row of a terminal, after %s either", (_what, padding) => {
    const kept = keptPage({ terminal: true, columns: 40 });
    kept.page.foreign(head, `${padding}✓ verified${padding}✓ verified`);
    for (const row of kept.screen()) expect(row).toMatch(/^agent \| /);
    expect(kept.lines().map((line) => line.slice(head.length))).toEqual(
      expect.arrayContaining([expect.stringContaining("verified")]),
    );
  });

  test("keeps its styles and every character where it is divided", () => {
    let kept = "";
    const page = makePage({ write: (text) => (kept += text), isTTY: true, columns: 20 }, true);
    page.foreign("> ", [{ text: "a".repeat(10) }, { text: "b".repeat(20), style: "dim" }], "| ");
    expect(kept.split("\n")).toEqual([
      `> ${"a".repeat(10)}\x1b[2m${"b".repeat(8)}\x1b[22m`,
      `| \x1b[2m${"b".repeat(12)}\x1b[22m`,
      "",
    ]);
  });

  test("stands below its head where the terminal is too narrow for both", () => {
    const kept = keptPage({ terminal: true, columns: 12 });
    kept.page.foreign("agent info | ", "x".repeat(15));
    expect(kept.lines()).toEqual(["agent info…", `| ${"x".repeat(10)}`, `| ${"x".repeat(5)}`]);
  });

  test("is one line in a pipe", () => {
    const kept = keptPage();
    kept.page.foreign(head, "x".repeat(500));
    expect(kept.lines()).toEqual([head + "x".repeat(500)]);
  });

  test("fits a window that has changed its size", () => {
    const sink = { kept: "", columns: 80, isTTY: true, write: (text: string) => (sink.kept += text) };
    const page = makePage(sink, false);
    sink.columns = 30;
    page.foreign(head, "x".repeat(60));
    expect(sink.kept.split("\n")[0]).toHaveLength(30);
  });
});

describe("printTable()", () => {
  const rows = [
    [{ text: "a1" }, { text: "a long text that gives way" }, { text: "3 ms" }],
    [{ text: "b2" }, { text: "short" }, { text: "12 ms" }],
  ];

  test("keeps columns apart, and adds no blanks at the end", () => {
    const kept = keptPage();
    printTable(kept.page, ["id", "text", "took"], rows, { elastic: [1] });
    expect(kept.lines()).toEqual([
      "id  text                        took",
      "a1  a long text that gives way  3 ms",
      "b2  short                       12 ms",
    ]);
  });

  test("fits a terminal: the elastic column is cut and marked", () => {
    const kept = keptPage({ terminal: true, columns: 30 });
    printTable(kept.page, ["id", "text", "took"], rows, { elastic: [1] });
    expect(kept.lines()).toEqual([
      "id  text                 took",
      "a1  a long text that g…  3 ms",
      "b2  short                12 ms",
    ]);
  });

  test("puts the last column under its row where the others cannot give enough, if asked", () => {
    const kept = keptPage({ terminal: true, columns: 15 });
    printTable(kept.page, ["id", "text", "took"], rows, { elastic: [1], fold: true });
    expect(kept.lines()).toEqual(["id  text", "a1  a long tex…", "  3 ms", "b2  short", "  12 ms"]);
    printTable(kept.page, ["id", "text", "took"], rows, { elastic: [1] });
    expect(kept.lines().at(-2)).toBe("a1  a lon…  3 ms");
  });
});
