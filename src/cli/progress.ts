// How far a batch has come: one line that is written over on a terminal, a plain line every few seconds elsewhere.

import type { Page } from "./page.ts";

const PLAIN_EVERY_MS = 10_000;

export interface Progress extends Disposable {
  /** Shows `text` now or at the next occasion. */
  update(text: string): void;
}

export function makeProgress(page: Page): Progress {
  let latest = "";
  let shown = "";
  if (page.terminal) {
    const clear = (): void => page.write("\r\x1b[K");
    return {
      update: (text) => page.write(`\r\x1b[K${text.slice(0, page.columns - 1)}`),
      [Symbol.dispose]: clear,
    };
  }
  const timer = setInterval(() => {
    if (latest !== shown) page.line(latest);
    shown = latest;
  }, PLAIN_EVERY_MS);
  timer.unref();
  return {
    update: (text) => {
      latest = text;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
