// Where a command writes: one page for stdout (the result alone) and one for stderr (all else). A page knows whether it
// is a terminal, and so how large it is and whether it has colours.
// Invariant: where foreign text is told line by line, every row of a terminal that it fills begins with words of ours.

import { stripVTControlCharacters, styleText } from "node:util";
import { clipped, displayWidth, hardWrapped, widthMost } from "./visible.ts";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export interface Page {
  readonly terminal: boolean;
  /** Columns of the terminal; what is not a terminal has no bound. */
  readonly columns: number;
  /** Rows of the terminal; what is not a terminal has no bound. */
  readonly rows: number;
  /** Styles text that has been made visible; leaves it as it is where there are no colours. */
  paint(style: Style, text: string): string;
  line(text?: string): void;
  /**
   * Prints a line of foreign text that has been made visible. Were the terminal left to continue it on the next row, that
   * row would begin with whatever the text's author put there: so it is divided here, and each row begins with `head`, or
   * with `more` from the second on. What is not a terminal gets one line.
   */
  foreign(head: string, text: string | readonly Cell[], more?: string): void;
  /** Raw text, for a progress line and its removal. */
  write(text: string): void;
}

/** What a page is made of: process.stdout and process.stderr are such. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export function makePage(sink: Sink, colours: boolean): Page {
  const terminal = sink.isTTY === true;
  const page: Page = {
    terminal,
    // Asked for each time, since windows change their size. A terminal may say 0: it does not know.
    get columns() {
      return terminal ? sink.columns || 80 : Infinity;
    },
    get rows() {
      return terminal ? sink.rows || 24 : Infinity;
    },
    paint: (style, text) => (terminal && colours ? styleText(style, text, { validateStream: false }) : text),
    line: (text = "") => void sink.write(`${text}\n`),
    foreign: (head, text, more = head) => printForeign(page, head, text, more),
    write: (text) => void sink.write(text),
  };
  return page;
}

/** Columns that are left for text at least, before its head gives way. */
const FOREIGN_COLUMNS_MIN = 10;

/** Columns for foreign text beside these heads. */
export function foreignColumns(page: Page, ...heads: readonly string[]): number {
  const widest = Math.max(...heads.map((head) => widthMost(stripVTControlCharacters(head))));
  return page.columns - widest;
}

function printForeign(page: Page, head: string, text: string | readonly Cell[], more: string): void {
  const room = foreignColumns(page, head, more);
  if (room < FOREIGN_COLUMNS_MIN && head !== NARROW) {
    page.line(clipped(stripVTControlCharacters(head), page.columns - 1));
    return printForeign(page, NARROW, text, NARROW);
  }
  const cells = typeof text === "string" ? [{ text }] : text;
  let at = 0;
  for (const row of hardWrapped(cells.map((cell) => cell.text).join(""), Math.max(room, 2))) {
    page.line((at === 0 ? head : more) + painted(page, cells, at, at + row.length));
    at += row.length;
  }
}

/** Stands for a head on a terminal that is too narrow for one. */
const NARROW = "| ";

/** What stands between two places of these cells, each part in the style of its cell. */
function painted(page: Page, cells: readonly Cell[], from: number, to: number): string {
  let shown = "";
  let start = 0;
  for (const { text, style } of cells) {
    const part = text.slice(Math.max(from - start, 0), Math.max(to - start, 0));
    shown += style === undefined || part === "" ? part : page.paint(style, part);
    start += text.length;
  }
  return shown;
}

/** A page that takes nothing, for `--quiet`. */
export const blankPage: Page = {
  terminal: false,
  columns: Infinity,
  rows: Infinity,
  paint: (_style, text) => text,
  line: () => {},
  foreign: () => {},
  write: () => {},
};

/** A cell's text, made visible; its style is applied after it was cut and padded. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** How a table fits a page that is too narrow for it. */
export interface TableFit {
  /** Columns that give way, in this order. */
  readonly elastic: readonly number[];
  /** The last column stands under its row where the others cannot give enough. */
  readonly fold?: boolean;
}

/** What is left of a column that gives way. */
const ELASTIC_MIN = 6;

/** Prints rows in columns that fit the page. */
export function printTable(
  page: Page,
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  { elastic, fold = false }: TableFit,
): void {
  const natural = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => displayWidth(row[i]?.text ?? ""))));
  const whole = fitted(natural, elastic, page.columns);
  const folded = fold && widthOf(whole) > page.columns;
  const widths = folded ? fitted(natural.slice(0, -1), elastic, page.columns) : whole;
  const print = (cells: readonly Cell[]): void => {
    const texts = cells.map(({ text, style }, i) => {
      const width = widths[i] ?? 0;
      const cut = clipped(text, width);
      const padded = i === cells.length - 1 ? cut : cut + " ".repeat(width - displayWidth(cut));
      return style === undefined ? padded : page.paint(style, padded);
    });
    page.line(texts.join("  ").trimEnd());
  };
  print(heads.slice(0, widths.length).map((text) => ({ text, style: "dim" })));
  for (const row of rows) {
    print(row.slice(0, widths.length));
    const below = folded ? row.at(-1) : undefined;
    if (below !== undefined) page.line(`  ${clipped(below.text, page.columns - 2)}`);
  }
}

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + 2, -2);
}

function fitted(natural: readonly number[], elastic: readonly number[], columns: number): readonly number[] {
  const widths = [...natural];
  for (const i of elastic) {
    const width = widths[i] ?? 0;
    const over = widthOf(widths) - columns;
    if (over > 0) widths[i] = Math.max(Math.min(width, ELASTIC_MIN), width - over);
  }
  return widths;
}
