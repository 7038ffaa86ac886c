// Ctrl-C and its kin. The first signal ends the work in order, with its records; the second kills.

import type { Page } from "./page.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A signal to stop by. `dispose` gives the process its own behaviour back. */
export interface Stop extends Disposable {
  readonly signal: AbortSignal;
}

/** Works that are under way, to be ended in order. */
const underWay = new Set<AbortController>();

export function stopOnSignals(page: Page): Stop {
  const controller = new AbortController();
  underWay.add(controller);
  const forget = (): void => {
    underWay.delete(controller);
    for (const name of SIGNALS) process.removeListener(name, onSignal);
  };
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      forget();
      process.kill(process.pid, name);
      return;
    }
    page.line("enclosure: stopping; once more to kill");
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return { signal: controller.signal, [Symbol.dispose]: forget };
}

/** Ends in order what is under way, since its results can be written no more. False where nothing is. */
export function stopUnread(): boolean {
  for (const controller of underWay) controller.abort();
  return underWay.size > 0;
}
