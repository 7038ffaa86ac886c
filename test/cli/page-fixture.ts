// A page that keeps what is written to it.
import { makePage, type Page } from "../../src/cli/page.ts";

export interface KeptPage {
  readonly page: Page;
  text(): string;
  lines(): readonly string[];
  /** What a terminal of these columns shows: lines that are longer go on in the next row. */
  screen(): readonly string[];
}

export function keptPage({ terminal = false, columns = 80, rows = 24 } = {}): KeptPage {
  let kept = "";
  const sink = { write: (text: string) => (kept += text), isTTY: terminal, columns, rows };
  const lines = (): readonly string[] => kept.split("\n").slice(0, -1);
  const rowsOf = (line: string): readonly string[] => line.match(new RegExp(`.{1,${columns}}`, "gu")) ?? [""];
  return { page: makePage(sink, false), text: () => kept, lines, screen: () => lines().flatMap(rowsOf) };
}
