// A page that keeps what is written to it.
import { makePage, type Page } from "../../src/cli/page.ts";

export interface KeptPage {
  readonly page: Page;
  text(): string;
  lines(): readonly string[];
}

export function keptPage({ terminal = false, columns = 80 } = {}): KeptPage {
  let kept = "";
  const sink = { write: (text: string) => (kept += text), isTTY: terminal, columns };
  return { page: makePage(sink, false), text: () => kept, lines: () => kept.split("\n").slice(0, -1) };
}
