// What the stand-ins share: the agent bundled as a plain esbuild does it, a desk on the host, and one JSON value out.

import { build } from "esbuild";
import { readFileSync } from "node:fs";

/** The agent's default export as `agent.default` of a classic script; its capabilities come from a global `desk`. */
export async function bundle(file: string, sourcemap: "inline" | false = false): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    sourcemap,
    format: "iife",
    globalName: "agent",
    platform: "node",
    loader: { ".txt": "text", ".env": "text" },
    logLevel: "silent",
    plugins: [
      {
        name: "caps",
        setup: ({ onLoad, onResolve }) => {
          onResolve({ filter: /^enclosure:caps$/ }, () => ({ path: "caps", namespace: "caps" }));
          onLoad({ filter: /.*/, namespace: "caps" }, () => ({ contents: "export const desk = globalThis.desk;" }));
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? "";
}

const vault = readFileSync("../vault.txt", "utf8");

/** The same desk as the product's host module, as host objects. `vault` is the host's own. */
export const desk = {
  vault,
  get: async (args: Record<string, unknown>) => {
    if (typeof args["id"] === "string" && !/^(a+)+$/.test(args["id"])) throw new Error("no such claim");
    const merged = Object.assign({}, args);
    return merged["admin"] === true && !Object.hasOwn(args ?? {}, "admin") ? { vault } : { got: args };
  },
  echo: async (args: unknown) => args,
  fail: async () => {
    throw new Error("the desk is closed");
  },
  pay: async (args: { readonly cents: number }) => {
    if (args.cents > 100) throw new Error("too much");
    return { paid: args.cents };
  },
  reveal: () => vault,
};

/** Says what became of the agent, in the product's words, and ends. */
export function say(run: { readonly status: string; readonly output?: unknown }): never {
  const { output } = run;
  const isObject = typeof output === "function" || typeof output === "symbol";
  process.stdout.write(JSON.stringify(isObject ? { ...run, output: String(output) } : run));
  process.exit(0);
}
