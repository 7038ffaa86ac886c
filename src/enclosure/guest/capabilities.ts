// The functions that the manifest grants, made from the start's table: own, frozen, non-writable. A capability that is
// not in the table has no function, no name and no object here.

import type { DeliveredError, GuestCapability, GuestFunction, ScriptSite } from "../contract.ts";
import type { Bridge, OutgoingCall } from "./bridge.ts";
import { DOMException } from "./dom-exception.ts";
import { agentFrames } from "./errors.ts";
import {
  captureStack,
  create,
  define,
  defineProperty,
  freeze,
  getPrototypeOf,
  isArray,
  hasOwn,
  indexOf,
  NativeError,
  NativeNumber,
  NativePromise,
  put,
  whenSettled,
} from "./intrinsics.ts";
import { SCRIPT_NAME } from "./names.ts";

/** Frames looked at for the agent's own line: natives such as Array.map may stand in between. */
const SITE_FRAMES = 4;
const DIGITS_MAX = 9;
const objectPrototype = Object.prototype;
const NO_GRANT: DeliveredError = {
  name: "CapabilityDenied",
  code: "GRANT_MISSING",
  message: "the manifest grants no http capability; add one under capabilities, with `use: http`",
};

export type CapabilityFunction = (...args: unknown[]) => Promise<unknown>;
export type Capabilities = Readonly<Record<string, Readonly<Record<string, CapabilityFunction>>>>;

/** What a call may be given beside its argument. */
interface CallOptions {
  readonly signal?: AbortSignalLike;
}

export interface AbortSignalLike {
  readonly aborted: boolean;
  /** What the agent gave, an error as a rule. */
  readonly reason: Error;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export function makeCapabilities(bridge: Bridge, table: readonly GuestCapability[]): Capabilities {
  const capabilities = create(null) as Record<string, Capabilities[string]>;
  for (const { name, functions } of table) {
    const object = create(null) as Record<string, CapabilityFunction>;
    for (const fn of functions) lock(object, fn.name, makeFunction(bridge, name, fn));
    lock(capabilities, name, freeze(object));
  }
  return freeze(capabilities);
}

function lock(object: object, name: string, value: unknown): void {
  defineProperty(object, name, { value, enumerable: true, writable: false, configurable: false });
}

function makeFunction(bridge: Bridge, capability: string, fn: GuestFunction): CapabilityFunction {
  const positional = fn.positional ?? [];
  const call = (...args: unknown[]): Promise<unknown> => {
    const here = captureHere(call);
    const first = args.length === 0 ? undefined : args[0];
    const byName = positional.length === 0 || isPlainObject(first);
    const argument = byName ? (first === undefined ? {} : first) : nameArguments(positional, args);
    const optionsAt = byName ? 1 : positional.length;
    const options = optionsAt < args.length ? args[optionsAt] : undefined;
    return start(bridge, { capability, fn: fn.name, args: argument, ...here }, signalOf(options));
  };
  defineProperty(call, "name", { value: fn.name });
  return freeze(call);
}

function nameArguments(positional: readonly string[], args: readonly unknown[]): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  for (let i = 0; i < positional.length && i < args.length; i++) {
    if (args[i] === undefined) continue;
    put(named, positional[i] as string, args[i]);
  }
  return named;
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null || isArray(value)) return false;
  const prototype: unknown = getPrototypeOf(value);
  return prototype === objectPrototype || prototype === null;
}

/** Sends one request as a call; rejects as a capability's function does. */
export type Send = (args: unknown, signal: AbortSignalLike | undefined) => Promise<unknown>;
/** Begins a request from where `above` was called. @throws an Error for the agent where no grant is of kind http */
export type Open = (above: CallableFunction) => Send;

/** How the global `fetch` sends: through the first grant of kind http. */
export function makeOpen(bridge: Bridge, table: readonly GuestCapability[]): Open {
  const capability = table.find(({ kind }) => kind === "http")?.name;
  return (above) => {
    const here = captureHere(above);
    if (capability === undefined) throw here.refuse(NO_GRANT);
    return (args, signal) => start(bridge, { capability, fn: "fetch", args, ...here }, signal);
  };
}

/** Where the agent calls from: its position in the script, and a maker of errors that show it. */
interface Here {
  readonly site: ScriptSite;
  readonly refuse: (error: DeliveredError) => Error;
}

function captureHere(above: CallableFunction): Here {
  const holder: { stack?: unknown } = {};
  captureStack(holder, above, SITE_FRAMES);
  const stack = typeof holder.stack === "string" ? holder.stack : "";
  return { site: readSite(stack), refuse: (error) => makeError(error, stack) };
}

/** The first `agent.js:line:column` of a stack. Read without a RegExp: the agent would see its match in RegExp.lastMatch, and not its own. */
function readSite(stack: string): ScriptSite {
  const name = `${SCRIPT_NAME}:`;
  for (let at = indexOf(stack, name); at !== -1; at = indexOf(stack, name, at + 1)) {
    const line = readDigits(stack, at + name.length);
    const column = readDigits(stack, at + name.length + line.length + 1);
    if (line !== "" && column !== "") return { line: NativeNumber(line), column: NativeNumber(column) };
  }
  return { line: 0, column: 0 };
}

function readDigits(text: string, at: number): string {
  let digits = "";
  for (let i = at; i < text.length && digits.length < DIGITS_MAX; i++) {
    const character = text[i] as string;
    if (character < "0" || character > "9") break;
    digits += character;
  }
  return digits;
}

function makeError({ name, code, message }: DeliveredError, stack: string): Error {
  const error = name === "AbortError" ? new DOMException(message, name) : new NativeError(message);
  if (name !== "AbortError") {
    define(error, "name", name);
    define(error, "code", code);
  }
  const frames = agentFrames(stack);
  define(error, "stack", `${name}: ${message}${frames === "" ? "" : `\n${frames}`}`);
  return error;
}

/** Makes the call, and cancels it when `signal` is aborted. */
function start(bridge: Bridge, call: OutgoingCall, signal: AbortSignalLike | undefined): Promise<unknown> {
  if (signal === undefined) return bridge.call(call);
  return new NativePromise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let onAbort: (() => void) | undefined;
    const outcome = bridge.call(call, (id) => {
      onAbort = () => bridge.cancel(id, signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
    });
    const forget = (): void => {
      if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
    };
    // Not resolve(outcome), which would hand that promise to a replaced `then`.
    const settle = (value: unknown): void => {
      resolve(value);
      forget();
    };
    const fail = (error: Error): void => {
      reject(error);
      forget();
    };
    whenSettled(outcome, settle, fail);
  });
}

function signalOf(options: unknown): AbortSignalLike | undefined {
  if (typeof options !== "object" || options === null || !hasOwn(options, "signal")) return undefined;
  return (options as CallOptions).signal ?? undefined;
}
