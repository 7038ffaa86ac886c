// The agent compiled by esbuild as it is, with its source map, and run where it cannot do any harm: what is shown is what
// the compiler has read.

import { createRequire } from "node:module";
import { createContext, runInContext } from "node:vm";
import { bundle, say } from "./bare.ts";

const code = await bundle("agent.ts", "inline");
const map = /sourceMappingURL=data:application\/json;base64,(.*)/.exec(code)?.[1] ?? "";
process.stderr.write(Buffer.from(map, "base64").toString());
try {
  const run = runInContext(
    `${code}\nagent.default`,
    createContext({ require: createRequire(import.meta.url), setTimeout }),
    { timeout: 5000 },
  ) as () => unknown;
  say({ status: "completed", output: await run() });
} catch {
  say({ status: "failed" });
}
