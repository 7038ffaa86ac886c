// A program that runs tests of Test262, each in a realm of its own: the first argument says in which kind ("plain": a
// bare context of this Node; "guest": the isolate, the prelude and the flags that an agent gets), the second in which
// folder. Reads paths, one a line, and says of each {path, why?}, where `why` is what failed.
import { readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { setFlagsFromString } from "node:v8";
import { constants, createContext, Script } from "node:vm";
import type ivm from "isolated-vm";
import { DEFAULT_SESSION_LIMITS } from "../../../src/base/limits.ts";
import { findAddon } from "../../../src/enclosure/command.ts";
import { HOOK_NAME, PRELUDE_NAME } from "../../../src/enclosure/guest/names.ts";
import { programPath } from "../../../src/outside/programs.ts";
import type { Conformance } from "./suite.ts";
import { readTest } from "./suite.ts";

export interface Verdict {
  readonly path: string;
  readonly why?: string;
}

type Code = ivm.ExternalCopy<ArrayBuffer>;
/** Compiles at once and answers what runs it. Both throw as the realm does. */
type Realm = (source: string) => () => unknown;

const TEST_MS_MAX = 10_000;
const MEMORY_MIB = 256;
const AGENT_STACK_KIB = 984;
/** What a host of Test262 has, so far as both kinds of realm can have it. */
const HOST = `
  var $262 = { global: globalThis, detachArrayBuffer: (() => {
    const { apply } = Reflect, { transfer } = ArrayBuffer.prototype;
    return (buffer) => { apply(transfer, buffer, []); return null; };
  })() };
  var $ran = false;
  var $said;
  function $DONE(error) { if ($said === undefined) $said = error ? String(error.message || error) : "done"; }`;

function plainRealm(): Realm {
  const context = createContext(constants.DONT_CONTEXTIFY, { microtaskMode: "afterEvaluate" });
  return (source) => {
    const script = new Script(source);
    return () => script.runInContext(context, { timeout: TEST_MS_MAX }) as unknown;
  };
}

function loadAddon(): typeof ivm {
  const holder: { exports: { ivm?: typeof ivm } } = { exports: {} };
  process.dlopen(holder, findAddon().path);
  setFlagsFromString(`--stack-size=${AGENT_STACK_KIB}`);
  return holder.exports.ivm as typeof ivm;
}

function guestRealms(): { open(): Realm; close(): void } {
  const vm = loadAddon();
  const prelude = readFileSync(programPath("prelude.js"), "utf8");
  const start = { type: "start", nowMs: Date.UTC(2026, 0), seed: "00".repeat(32), limits: DEFAULT_SESSION_LIMITS };
  const startText = `${JSON.stringify({ ...start, capabilities: [], env: {} })}\nnull`;
  let isolate: ivm.Isolate | undefined;
  /** The compiled prelude: compiling it anew would take most of a test's time. */
  let code: Code | undefined;
  const open = (): Realm => {
    const fresh = new vm.Isolate({ memoryLimit: MEMORY_MIB });
    isolate = fresh;
    const context = fresh.createContextSync();
    const { global } = context;
    global.setSync(HOOK_NAME, new vm.Callback(() => 0));
    const compiled: ivm.Script & { readonly cachedData?: Code } = fresh.compileScriptSync(prelude, {
      filename: PRELUDE_NAME,
      ...(code === undefined ? { produceCachedData: true } : { cachedData: code }),
    });
    code ??= compiled.cachedData;
    compiled.runSync(context);
    const deliver = global.getSync(HOOK_NAME, { reference: true }) as ivm.Reference<
      (text: string, main: unknown) => void
    >;
    global.deleteSync(HOOK_NAME);
    const main = fresh
      .compileScriptSync("(async () => {})")
      .runSync(context, { reference: true }) as ivm.Reference<unknown>;
    deliver.applySync(undefined, [startText, main.derefInto()]);
    return (source) => {
      const script = fresh.compileScriptSync(source);
      return () => script.runSync(context, { timeout: TEST_MS_MAX }) as unknown;
    };
  };
  return {
    open,
    close: () => {
      if (isolate?.isDisposed === false) isolate.dispose();
    },
  };
}

/** What failed; undefined where the test passes. */
function tryTest(test: Conformance, realm: Realm): string | undefined {
  realm([HOST, ...test.harness].join("\n"))();
  const { negative } = test;
  let phase = "parse";
  try {
    const run = realm(`${test.source}\n;$ran = true;`);
    phase = "runtime";
    run();
  } catch (error) {
    // Anything can be thrown, undefined too.
    const { name, message } = Object(error) as Error;
    if (negative?.phase === phase && (phase === "runtime" || negative.type === name)) return undefined;
    // An isolate also throws what was rejected and not handled, when the test itself has run to its end.
    const ran = phase === "runtime" && realm("$ran")() === true;
    if (!ran) return `${phase}: ${name}: ${message}`;
  }
  if (negative !== undefined) return `no ${negative.type} in ${negative.phase}`;
  if (!test.async) return undefined;
  const said = realm("$said")();
  return said === "done" ? undefined : `async: ${String(said)}`;
}

/** At once, since a later test may take the process down; the pipe may be full. */
function say(line: string): void {
  for (let rest = Buffer.from(line); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

// What nobody handles is no failure of a test.
process.on("unhandledRejection", () => {});
const [kind, folder] = process.argv.slice(2) as [string, string];
const realms = kind === "guest" ? guestRealms() : { open: plainRealm, close: () => {} };
for await (const path of createInterface({ input: process.stdin })) {
  let why: string | undefined;
  try {
    const test = readTest(folder, path);
    why = test === undefined ? "not run" : tryTest(test, realms.open());
  } catch (error) {
    why = `host: ${String(error)}`;
  }
  realms.close();
  const verdict: Verdict = { path, ...(why === undefined ? {} : { why }) };
  say(`${JSON.stringify(verdict)}\n`);
}
