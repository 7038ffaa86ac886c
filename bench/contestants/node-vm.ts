// The agent in a node:vm context of the host's process, with a time-out: the granted functions, a console and timers are put
// into the context.

import { Console } from "node:console";
import { createContext, runInContext } from "node:vm";
import { code, granted, say, sayThrown, whenOver } from "./host.ts";
import { LIMITS } from "./limits.ts";

const context = createContext({
  desk: Object.fromEntries(granted),
  console: new Console(process.stderr),
  setTimeout,
  clearTimeout,
  queueMicrotask,
});
whenOver(() => say({ status: "limit" }));
try {
  say({ status: "completed", output: await runInContext(code, context, { timeout: LIMITS.ms }) });
} catch (error) {
  sayThrown(error, /^Script execution timed out/);
}
