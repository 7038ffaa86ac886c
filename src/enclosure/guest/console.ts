// `console`: every line is posted, and so recorded. V8's own console, which is mute, is gone.

import type { LogLevel } from "../contract.ts";
import type { Bridge } from "./bridge.ts";
import { create, define, rename, slice } from "./intrinsics.ts";
import { formatLine } from "./inspect.ts";

const GROUPS_MAX = 20;

export function installConsole(global: object, bridge: Bridge, now: () => number): void {
  let indent = "";
  const counts = create(null) as Record<string, number>;
  const starts = create(null) as Record<string, number>;
  const line =
    (level: LogLevel) =>
    (...values: unknown[]): void =>
      bridge.log(level, indent + formatLine(values));
  const [debug, info, warn, error] = [line("debug"), line("info"), line("warn"), line("error")];
  const group = (...values: unknown[]): void => {
    if (values.length > 0) info(...values);
    if (indent.length < 2 * GROUPS_MAX) indent += "  ";
  };
  const elapsed = (label: string): string => `${label}: ${now() - (starts[label] ?? now())}ms`;
  const functions = {
    debug,
    log: line("info"),
    info,
    warn,
    error,
    clear: () => {},
    dirxml: (...values: unknown[]) => info(...values),
    dir: (value: unknown) => info(value),
    table: (value: unknown) => info(value),
    trace: (...values: unknown[]) => error("Trace:", ...values),
    assert: (condition: unknown, ...values: unknown[]) => {
      if (!condition) error("Assertion failed:", ...values);
    },
    group,
    groupCollapsed: (...values: unknown[]) => group(...values),
    groupEnd: () => {
      indent = slice(indent, 2);
    },
    count: (label: unknown = "default") => {
      const name = `${label as string}`;
      counts[name] = (counts[name] ?? 0) + 1;
      info(`${name}: ${counts[name]}`);
    },
    countReset: (label: unknown = "default") => {
      counts[`${label as string}`] = 0;
    },
    time: (label: unknown = "default") => {
      starts[`${label as string}`] = now();
    },
    timeLog: (label: unknown = "default") => info(elapsed(`${label as string}`)),
    timeEnd: (label: unknown = "default") => {
      info(elapsed(`${label as string}`));
      delete starts[`${label as string}`];
    },
  };
  for (const [name, fn] of Object.entries(functions)) rename(fn, name);
  define(global, "console", functions);
}
