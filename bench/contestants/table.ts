// The contestants: the product, and what else people run an agent's code in. What each is meant for and which recipe it is
// run by are said here and printed in docs/comparison.md; what each has decides which attacks apply to it.

import { readFileSync } from "node:fs";
import type { Having } from "../verdict.ts";

export interface Contestant {
  readonly name: string;
  readonly version: string;
  readonly meant: string;
  readonly recipe: string;
  readonly has: Having;
  /** The program beside this file, after its flags for Node. The product is run by its own command line. */
  readonly args?: readonly string[];
}

const NODE = `Node ${process.versions.node}`;
const IN_PROCESS: Having = { compiler: false, record: false, process: false };

function versionOf(path: string): string {
  const text = readFileSync(new URL(`../../${path}/package.json`, import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

export const CONTESTANTS: readonly Contestant[] = [
  {
    name: "Agent Enclosure",
    version: versionOf("."),
    meant: "running an agent that may be hostile, so that it reaches what a manifest grants and leaves a record.",
    recipe:
      "`enclosure run agent.ts --json`, with the walls that this machine has. Each session has processes of its own.",
    has: { compiler: true, record: true, process: true },
  },
  {
    name: "isolated-vm",
    version: versionOf("node_modules/isolated-vm"),
    meant:
      "environments of JavaScript that share nothing. Its documentation says that using it does not by itself make an application safe, that none of its objects may leak into the isolate, and that it is a good idea to keep it in another process than what is critical.",
    recipe:
      "an `Isolate` with `memoryLimit` in the host's process, `eval` with `timeout`, `promise` and `copy`; host functions by a `Reference` and `apply` with a promise, a `Callback` for printing, all held by `evalClosure`, so that the agent cannot name them; `dispose` when the time is over.",
    has: IN_PROCESS,
    args: ["--no-node-snapshot", "isolated-vm.ts"],
  },
  {
    name: "node:vm",
    version: NODE,
    meant: "running code in a global scope of its own. Node's documentation says that it is not a security mechanism.",
    recipe:
      "`createContext` with the host's functions, a `Console` and the timers, `runInContext` with `timeout`; a timer of the host's for what it does not see.",
    has: IN_PROCESS,
    args: ["node-vm.ts"],
  },
  {
    name: "quickjs-emscripten",
    version: versionOf("node_modules/quickjs-emscripten"),
    meant:
      "evaluating untrusted JavaScript in an interpreter within WebAssembly, in browsers too. Its documentation says that it makes every effort to be secure and has not been audited.",
    recipe:
      "`getQuickJS`, a runtime with `setMemoryLimit`, `setMaxStackSize` and `shouldInterruptAfterDeadline`; host functions by `newFunction` and `newPromise`, values by `dump` and JSON.",
    has: IN_PROCESS,
    args: ["quickjs.ts"],
  },
  {
    name: "node --permission",
    version: NODE,
    meant:
      "keeping code that is trusted from doing what it should not. Node's documentation calls it a seat belt, which gives no guarantees against malicious code.",
    recipe:
      "`fork` with `--permission`, `--allow-fs-read` of the one compiled script and `--max-old-space-size`, an empty environment, host functions over IPC; SIGKILL when the time is over.",
    has: { compiler: false, record: false, process: true },
    args: ["node-permission.ts"],
  },
];
