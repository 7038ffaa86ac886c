// Where a command writes: one page for stdout (the result alone) and one for stderr (all else). A page knows whether it
// is a terminal, and so how wide it is and whether it has colours.

import { styleText } from "node:util";
import { clipped, displayWidth } from "./visible.ts";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export interface Page {
  readonly terminal: boolean;
  /** Columns of the terminal; what is not a terminal has no bound. */
  readonly columns: number;
  /** Styles text that has been made visible; leaves it as it is where there are no colours. */
  paint(style: Style, text: string): string;
  line(text?: string): void;
  /** Raw text, for a progress line and its removal. */
  write(text: string): void;
}

/** What a page is made of: process.stdout and process.stderr are such. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function makePage(sink: Sink, colours: boolean): Page {
  const terminal = sink.isTTY === true;
  return {
    terminal,
    // A terminal may say that it is 0 columns wide: it does not know.
    columns: terminal ? sink.columns || 80 : Infinity,
    paint: (style, text) => (terminal && colours ? styleText(style, text, { validateStream: false }) : text),
    line: (text = "") => void sink.write(`${text}\n`),
    write: (text) => void sink.write(text),
  };
}

/** A page that takes nothing, for `--quiet`. */
export const blankPage: Page = {
  terminal: false,
  columns: Infinity,
  paint: (_style, text) => text,
  line: () => {},
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
