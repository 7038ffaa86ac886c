// The guest's prelude: runs first in the isolate and makes the world that the agent finds. Invariants: what the bridge
// uses is captured before the agent runs; nothing of the bridge is reachable from the agent's globals; a global that is
// not in permits.ts is removed.

import { CodecError, decodeValue } from "../../base/codec.ts";
import type { JsonValue } from "../../base/json.ts";
import type { GuestStart } from "../contract.ts";
import { installAbort } from "./abort.ts";
import { installBase64 } from "./base64.ts";
import type { Post } from "./bridge.ts";
import { Bridge } from "./bridge.ts";
import type { Capabilities } from "./capabilities.ts";
import { makeCapabilities, makeOpen } from "./capabilities.ts";
import type { VirtualClock } from "./clock.ts";
import { installClock } from "./clock.ts";
import { installConsole } from "./console.ts";
import { installEvents } from "./events.ts";
import { canonicaliseNaN, lockStackTraces, removeNonStandard, removeOthers } from "./hardening.ts";
import {
  apply,
  define,
  freeze,
  indexOf,
  NativePromise,
  NativeString,
  parseJson,
  rename,
  slice,
  whenSettled,
} from "./intrinsics.ts";
import { defineLazy, loadEncoding, loadUrl } from "./lazy.ts";
import { HOOK_NAME } from "./names.ts";
import { PERMITTED_GLOBALS } from "./permits.ts";
import type { Randomness } from "./random.ts";
import { installRandom } from "./random.ts";
import { installStructuredClone } from "./structured-clone.ts";
import { armTimer, installTimers } from "./timers.ts";

/** What the child hands in, one line of JSON each; a settled call's value or error is the text after it. */
type Delivered =
  | ({ readonly type: "start" } & Pick<GuestStart, "capabilities" | "env" | "seed" | "nowMs" | "limits">)
  | { readonly type: "settled"; readonly nowMs: number; readonly id: number; readonly ok: boolean }
  | { readonly type: "timerFired"; readonly nowMs: number; readonly id: number }
  | { readonly type: "closeTurn" };

/** The agent's script evaluates to this: see src/bundle. */
type Main = (host: AgentHost) => Promise<unknown>;

/** All that the agent's script is handed; nothing of it is on the global. */
interface AgentHost {
  readonly capabilities: Capabilities;
  note(text: unknown): void;
  readonly input: unknown;
}

/** The bundler's: see lazy.ts. */
declare const require: (name: string) => unknown;

interface World {
  readonly bridge: Bridge;
  readonly clock: VirtualClock;
  readonly randomness: Randomness;
}

function makeWorld(global: typeof globalThis, post: Post, begin: Extract<Delivered, { type: "start" }>): World {
  const bridge = new Bridge(post, begin.limits);
  const clock = installClock(global, begin.nowMs);
  const randomness = installRandom(global, begin.seed);
  installTimers(global, bridge);
  installConsole(global, bridge, clock.now);
  installEvents(global, { now: clock.now, uncaught: (error) => bridge.finish({ ok: false, error }) });
  installAbort(global, (ms, fn) => void armTimer(bridge, ms, fn));
  installBase64(global);
  installStructuredClone(global);
  define(global, "process", freeze({ env: freeze({ ...begin.env }) }));
  defineLazy(global, ["URL", "URLSearchParams"], loadUrl);
  defineLazy(global, ["TextEncoder", "TextDecoder"], loadEncoding);
  // Made now: what is lazy runs after the agent's first line, on whatever the agent has made of the language.
  const openFetch = makeOpen(bridge, begin.capabilities);
  defineLazy(global, ["fetch", "Headers", "Request", "Response"], () => {
    const { makeFetch, Headers, Request, Response } = require("./fetch.ts") as typeof import("./fetch.ts");
    return { fetch: makeFetch(openFetch), Headers, Request, Response };
  });
  return { bridge, clock, randomness };
}

/** Runs the agent; whatever becomes of it is told to the bridge. */
function runAgent(bridge: Bridge, capabilities: Capabilities, inputText: string, main: Main): void {
  const fail = (error: unknown): void => bridge.finish({ ok: false, error });
  try {
    const input = decodeValue(parseJson(inputText) as JsonValue);
    const note = (text: unknown): void => bridge.note(NativeString(text));
    rename(note, "note");
    const host = freeze({ capabilities, note: freeze(note), input });
    const outcome = new NativePromise((resolve) => resolve(apply(main, undefined, [host])));
    whenSettled(outcome, (value) => bridge.finish({ ok: true, value }), fail);
  } catch (error) {
    fail(error);
  }
}

function makeDeliver(global: typeof globalThis, post: Post): (text: string, main?: Main) => void {
  let world: World | undefined;

  function take(delivered: Exclude<Delivered, { type: "start" }>, body: string): void {
    const { bridge, clock, randomness } = world as World;
    if (delivered.type === "closeTurn") return bridge.closeTurn(randomness.draws());
    clock.advance(delivered.nowMs);
    try {
      if (delivered.type === "settled") bridge.settle(delivered.id, delivered.ok, body);
      else bridge.fire(delivered.id);
    } catch (error) {
      // What is delivered decodes, and callbacks catch for themselves; should one of us fail at it, the session ends so.
      bridge.finish({ ok: false, error });
    }
  }

  return (text, main) => {
    const newline = indexOf(text, "\n");
    const delivered = parseJson(slice(text, 0, newline)) as Delivered;
    const body = slice(text, newline + 1);
    if (delivered.type !== "start") return take(delivered, body);
    world = makeWorld(global, post, delivered);
    runAgent(world.bridge, makeCapabilities(world.bridge, delivered.capabilities), body, main as Main);
  };
}

const hooked = globalThis as unknown as Record<string, unknown>;
const post = hooked[HOOK_NAME] as Post;
removeOthers(globalThis, PERMITTED_GLOBALS);
removeNonStandard();
lockStackTraces();
canonicaliseNaN();
rename(CodecError, "CodecError");
// The bridge asks whether an error is one: nobody is to have a say in the answer.
freeze(CodecError);
define(globalThis, HOOK_NAME, makeDeliver(globalThis, post));
