// A guest that speaks as the protocol allows, whatever it feels like: what a fuzzer starts from, so that its changes are
// tried deep in a conversation and not only at its first frame.
import type { SessionLimits } from "../../src/base/limits.ts";
import type { Listener } from "./listener.ts";
import type { Draws, Loose } from "./mutate.ts";

const NOTHING = new Uint8Array(0);
const ERROR = Buffer.from('{"name":"Error","message":"no","stack":"at"}');
const TEXTS = ["", "x", "line é", "\u2028", "y".repeat(200)].map((text) => Buffer.from(text));
const ARGS = ["null", "{}", '{"path":"/in/a.txt"}', `"${"z".repeat(200)}"`, "not JSON"].map((text) =>
  Buffer.from(text),
);

const TYPES = ["call", "cancel", "timerSet", "timerCleared", "log", "note", "refusedInside", "quiet", "done"] as const;
type Type = (typeof TYPES)[number];

/** The next frame of a guest that has been heard as `heard` says: one that it may say. */
export function nextFrame(draws: Draws, heard: Listener, limits: SessionLimits): Loose {
  const type = draws.pick(TYPES);
  return frameOf(mayCome(type, draws, heard, limits) ? type : "log", draws, heard);
}

/** A frame of any kind, as it would be if it might come now. */
export function anyFrame(draws: Draws, heard: Listener): Loose {
  return frameOf(draws.pick(TYPES), draws, heard);
}

function mayCome(type: Type, draws: Draws, heard: Listener, limits: SessionLimits): boolean {
  switch (type) {
    case "call":
    case "timerSet":
      return heard.waiting.length < Math.min(limits.inFlight, limits.timers);
    case "cancel":
      return heard.count("cancel") < heard.count("call");
    case "timerCleared":
      return heard.count("timerCleared") < heard.count("timerSet");
    case "refusedInside":
      return !heard.hasRefused("ARGUMENT_TOO_LARGE");
    case "quiet":
      return heard.waiting.length > 0;
    case "done":
      return draws.isIn(50);
    default:
      return true;
  }
}

function frameOf(type: Type, draws: Draws, heard: Listener): Loose {
  const { turn } = heard;
  const frame = (fields: object, body: Uint8Array = NOTHING): Loose => ({
    header: JSON.stringify({ type, turn, ...fields }),
    body,
  });
  const [calls, timers] = [heard.count("call"), heard.count("timerSet")];
  switch (type) {
    case "call": {
      const place = draws.isIn(3) ? { line: 0, column: 0 } : { line: calls + 1, column: 7 };
      return frame({ id: calls + 1, capability: "files", fn: "readText", ...place }, draws.pick(ARGS));
    }
    case "cancel":
      return frame({ id: heard.count("cancel") + 1 });
    case "timerSet":
      return frame({ id: timers + 1, delayMs: 1 + draws.below(1000) });
    case "timerCleared":
      return frame({ id: Math.max(1, timers) });
    case "log":
      return frame({ level: draws.pick(["debug", "info", "warn", "error"]) }, draws.pick(TEXTS));
    case "note":
      return frame({}, draws.pick(TEXTS));
    case "refusedInside":
      return frame({ count: 1 + draws.below(9), code: "ARGUMENT_TOO_LARGE" });
    case "quiet":
      return frame({ calls, draws: 0, timersArmed: 0 });
    case "done":
      return draws.isIn(2) ? frame({ ok: true }, Buffer.from("[1]")) : frame({ ok: false }, ERROR);
  }
}
