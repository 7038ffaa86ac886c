// The agent in a node:vm context with a few host objects, as many a plug-in system has it.

import { createContext, runInContext } from "node:vm";
import { bundle, desk, say } from "./bare.ts";

const context = createContext({
  desk,
  console,
  setTimeout,
  clearTimeout,
  queueMicrotask,
  URL,
  TextEncoder,
  structuredClone,
});
const code = await bundle("agent.ts");
try {
  const run = runInContext(`${code}\nagent.default`, context, { timeout: 300 }) as () => unknown;
  const output = run() as { then?: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void };
  const settled = new Promise((resolve, reject) => {
    if (typeof output?.then === "function") output.then(resolve, reject);
    else resolve(output);
  });
  say({ status: "completed", output: await settled });
} catch (error) {
  process.stderr.write(`the agent failed: ${(error as Error).message} ${(error as Error).name}\n`);
  say({ status: "failed" });
}
