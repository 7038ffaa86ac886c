// Test262 as it lies in a folder (harness/ and test/, as its authors publish it): which tests there are, and what one
// asks for. Modules are left out, since the guest runs one classic script; so is what asks for a second realm or thread.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export interface Conformance {
  readonly path: string;
  /** In the order in which they are to run, the last one being the test itself. */
  readonly harness: readonly string[];
  readonly source: string;
  readonly features: readonly string[];
  readonly async: boolean;
  readonly negative?: { readonly phase: "parse" | "resolution" | "runtime"; readonly type: string };
}

interface Front {
  readonly flags?: readonly string[] | null;
  readonly includes?: readonly string[] | null;
  readonly features?: readonly string[] | null;
  readonly negative?: Conformance["negative"];
}

const STRICT = '"use strict";\n';

/** Paths below `test/`, in order. */
export function listTests(folder: string): readonly string[] {
  return readdirSync(join(folder, "test"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js") && !path.endsWith("_FIXTURE.js"))
    .sort();
}

/** Undefined for a test that is not run. Runs in strict mode, as agents do, where the test lets it. */
export function readTest(folder: string, path: string): Conformance | undefined {
  const text = readFileSync(join(folder, "test", path), "utf8");
  const front = parse(/\/\*---\r?\n([\s\S]*?)---\*\//.exec(text)?.[1] ?? "") as Front | null;
  const flags = new Set(front?.flags);
  if (flags.has("module") || flags.has("CanBlockIsTrue")) return undefined;
  const raw = flags.has("raw");
  const names = raw ? [] : ["assert.js", "sta.js", ...(front?.includes ?? [])];
  return {
    path,
    harness: [...new Set(names)].map((name) => readFileSync(join(folder, "harness", name), "utf8")),
    source: raw || flags.has("noStrict") ? text : STRICT + text,
    features: front?.features ?? [],
    async: flags.has("async"),
    ...(front?.negative === undefined ? {} : { negative: front.negative }),
  };
}
