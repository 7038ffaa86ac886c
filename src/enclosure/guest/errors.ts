// Errors on their way out: whatever the agent threw, as bounded text. Reading a property may run the agent's code, which
// may throw or never end; a throw is swallowed here, an endless one is what the turn's time-out is for.

import { ERROR_MESSAGE_CHARS_MAX, ERROR_STACK_CHARS_MAX } from "../../base/limits.ts";
import type { GuestError } from "../contract.ts";
import { indexOf, NativeError, NativeString, slice, toWellFormed } from "./intrinsics.ts";
import { SCRIPT_NAME } from "./names.ts";

/** A failure that the prelude finds, not one that the agent threw. */
export class AgentFailure extends NativeError {
  override readonly name = "AgentFailure";
  readonly code: string;
  /** Which no error of the agent's can have, whatever it makes of Error and `instanceof`. */
  readonly #own = true;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  static is(thrown: object): boolean {
    return #own in thrown && thrown.#own;
  }
}

export function describeError(thrown: unknown): GuestError {
  if ((typeof thrown !== "object" && typeof thrown !== "function") || thrown === null) {
    return { name: `thrown ${typeof thrown}`, message: bounded(spell(thrown), ERROR_MESSAGE_CHARS_MAX) };
  }
  const said = readText(thrown, "name", 256) ?? "Error";
  // Only the prelude's own failures bear that name.
  const name = said === "AgentFailure" && !AgentFailure.is(thrown) ? "Error" : said;
  const message = readText(thrown, "message", ERROR_MESSAGE_CHARS_MAX) ?? "";
  const code = readText(thrown, "code", 256);
  const stack = agentFrames(readText(thrown, "stack", ERROR_STACK_CHARS_MAX) ?? "");
  return { name, message, ...(code === undefined ? {} : { code }), ...(stack === "" ? {} : { stack }) };
}

function readText(object: object, name: string, charsMax: number): string | undefined {
  try {
    const value: unknown = (object as Record<string, unknown>)[name];
    return typeof value === "string" ? bounded(value, charsMax) : undefined;
  } catch {
    return undefined;
  }
}

function spell(value: unknown): string {
  return typeof value === "symbol" ? "a symbol" : NativeString(value);
}

function bounded(text: string, charsMax: number): string {
  return toWellFormed(slice(text, 0, charsMax));
}

/** The lines of a stack that lie in the agent's script. */
export function agentFrames(stack: string): string {
  let frames = "";
  for (let at = 0; at < stack.length;) {
    const newline = indexOf(stack, "\n", at);
    const end = newline === -1 ? stack.length : newline;
    const line = slice(stack, at, end);
    if (indexOf(line, "    at ") === 0 && indexOf(line, `${SCRIPT_NAME}:`) !== -1) {
      frames += frames === "" ? line : `\n${line}`;
    }
    at = end + 1;
  }
  return frames;
}
