// The agent in an isolate of isolated-vm within the host's process, in the usual recipe: the module and references are
// handed in, host functions are called through them, values are copied, a time-out bounds the script.

import ivm from "isolated-vm";
import { readFileSync } from "node:fs";
import { bundle, desk, say } from "./bare.ts";

const isolate = new ivm.Isolate({ memoryLimit: 64 });
const context = await isolate.createContext();
const jail = context.global;
await jail.set("global", jail.derefInto());
await jail.set("ivm", ivm);
await jail.set("$desk", new ivm.Reference(desk));
await jail.set(
  "$call",
  new ivm.Reference(async (name: keyof typeof desk, args: never) => (desk[name] as (args: unknown) => unknown)(args)),
);
// Synchronous, and what it throws is the host's.
await jail.set(
  "$log",
  new ivm.Callback((text: unknown) => {
    if (typeof text !== "string") throw new TypeError(`no text: ${String(text)}`);
  }),
);
// Told, not asked: nobody waits for it.
await jail.set(
  "$tell",
  new ivm.Callback(
    async (text: unknown) => {
      if (text === "") throw new Error("nothing told");
    },
    { ignored: true } as never,
  ),
);
await jail.set("$sleep", new ivm.Reference((ms: number) => new Promise((resolve) => setTimeout(resolve, ms))));
await context.eval(`
  globalThis.setTimeout = (fn, ms) => void $sleep.apply(undefined, [ms], { result: { promise: true } }).then(fn);
  globalThis.console = { log: (text) => $log(text), debug: (text) => $tell(text) };
  globalThis.desk = new Proxy({}, { get: (_, name) => (args) => $call.apply(undefined, [name, args], { arguments: { copy: true }, result: { promise: true, copy: true } }) });
`);
// Another session's, in the isolate that is kept for the next.
await context.eval(`globalThis.lastInput = ${JSON.stringify(readFileSync("../session.txt", "utf8"))}`);
const code = await bundle("agent.ts");
try {
  const options = { timeout: 300, promise: true, copy: true } as const;
  say({ status: "completed", output: await context.eval(`${code}\nagent.default()`, options) });
} catch (error) {
  process.stderr.write(`the agent failed: ${(error as Error).message}\n`);
  say({ status: "failed" });
}
