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
