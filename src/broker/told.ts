// What the guest is told of a refusal or a failure: {name, code, message} from a template. Never a host path, a stack or
// a library's text. A denial names the manifest line to add, so that the agent's author can mend it.

import { ERROR_MESSAGE_CHARS_MAX } from "../base/limits.ts";
import type { ErrorCode } from "../base/errors.ts";
import type { Denied } from "./decide.ts";

export interface Told {
  readonly name: "CapabilityDenied" | "CapabilityFailed" | "AbortError";
  readonly code: ErrorCode;
  readonly message: string;
}

export function toldOfDenial(denied: Pick<Denied, "code" | "message" | "mend">, capability: string, fn: string): Told {
  const message = `${capability}.${fn} was denied: ${denied.message}; ${denied.mend} [${denied.code}]`;
  return { name: "CapabilityDenied", code: denied.code, message: bounded(message) };
}

export function toldOfFailure(code: ErrorCode, message: string): Told {
  const name = code === "CALL_CANCELLED" ? "AbortError" : "CapabilityFailed";
  return { name, code, message: bounded(`${message} [${code}]`) };
}

function bounded(text: string): string {
  const cut = text.length > ERROR_MESSAGE_CHARS_MAX ? text.slice(0, ERROR_MESSAGE_CHARS_MAX) : text;
  return cut.toWellFormed();
}
