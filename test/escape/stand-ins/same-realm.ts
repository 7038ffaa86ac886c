// The agent in the host's own realm, as a function whose dangerous names are shadowed.

import { constants, Script } from "node:vm";
import { bundle, desk, say } from "./bare.ts";

const SHADOWED = ["process", "require", "module", "globalThis", "global", "Buffer", "fetch"];
const code = await bundle("agent.ts");
const source = `((desk, ${SHADOWED.join(", ")}) => { globalThis = { desk }; ${code}\nreturn agent.default; })`;
const script = new Script(source, { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
const run = (script.runInThisContext() as (given: typeof desk) => () => unknown)(desk);
try {
  say({ status: "completed", output: await run() });
} catch (error) {
  process.stderr.write(`the agent failed: ${(error as Error).message}\n`);
  say({ status: "failed" });
}
