// A host module's thread: loads its one text, runs its factory, performs calls. One thread for each session, with the
// declared environment alone. What goes wrong here (a throw, a rejection that nobody handles, process.exit, an endless loop)
// ends at most this thread: the log, the broker and the watchdogs run elsewhere.

import { registerHooks } from "node:module";
import { type MessagePort, workerData } from "node:worker_threads";
import { CodecError, decodeValue, encodeValue } from "../../base/codec.ts";
import { utf8Length } from "../../base/bytes.ts";
import type { JsonValue } from "../../base/json.ts";
import { MODULE_TEXT_CHARS_MAX } from "../../base/limits.ts";
import type { ModuleContext } from "./define.ts";
import type { FromModule, ModuleFailure, ModuleStart, ToModule } from "./messages.ts";
import { issuePlaces, type ReadSchema } from "./schemas.ts";
import { type ModuleFunction, readTable } from "./table.ts";

const { port, start } = workerData as { readonly port: MessagePort; readonly start: ModuleStart };
const session = new AbortController();
const running = new Map<number, AbortController>();

function send(message: FromModule): void {
  port.postMessage(message);
}

/** The module's text under its own file's URL: what it reads beside itself is found, and a stack names its own lines. */
async function loadFactory(): Promise<unknown> {
  process.setSourceMapsEnabled(true);
  registerHooks({
    load: (url, context, next) =>
      url === start.url ? { format: "module", source: start.code, shortCircuit: true } : next(url, context),
  });
  const loaded = (await import(start.url)) as { readonly default?: unknown };
  return loaded.default;
}

async function open(): Promise<ReadonlyMap<string, ModuleFunction> | undefined> {
  let doing = "while it was loaded";
  try {
    const factory = await loadFactory();
    if (typeof factory !== "function") {
      send({ type: "invalid", problems: ["it has no default export that defineModule made"], stack: null });
      return undefined;
    }
    doing = "in its factory";
    const context: ModuleContext = { env: Object.freeze({ ...start.env }), signal: session.signal };
    const table = readTable(await (factory as (context: ModuleContext) => unknown)(context));
    if (table.ok) {
      send({ type: "ready", tableText: JSON.stringify([...table.functions.values()].map((fn) => fn.spec)) });
      return table.functions;
    }
    send({ type: "invalid", problems: table.problems, stack: null });
  } catch (error) {
    send({ type: "invalid", problems: [`it threw ${doing}: ${shortly(error)}`], stack: textOf(error) });
  }
  return undefined;
}

async function perform(
  fn: ModuleFunction,
  call: Extract<ToModule, { type: "call" }>,
  signal: AbortSignal,
): Promise<FromModule> {
  const { id } = call;
  const fail = (code: ModuleFailure["code"], message: string, detail: string | null): FromModule => {
    return { type: "failure", id, code, message, detail };
  };
  try {
    const given = decodedArguments(call.argsText);
    if (given === undefined) return fail("ARGUMENT_INVALID", "the argument holds a malformed $type", null);
    const args = await fitting(fn.input, given.value);
    if (!args.ok) return fail("ARGUMENT_INVALID", `the argument does not fit at ${args.places}`, args.detail);
    const result = await fitting(fn.output, await fn.run(args.value as never, { signal }));
    if (!result.ok) return fail("RESULT_INVALID", "the result does not fit its schema", result.detail);
    const text = JSON.stringify(encodeValue(result.value));
    if (utf8Length(text) <= call.resultBytesMax) return { type: "result", id, text };
    return fail("RESULT_TOO_LARGE", `the result is larger than ${call.resultBytesMax} bytes`, null);
  } catch (error) {
    if (error instanceof CodecError) return fail("RESULT_INVALID", "the result cannot cross", error.message);
    return fail("CALL_FAILED", "the host module's function failed", textOf(error));
  }
}

function decodedArguments(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: decodeValue(JSON.parse(text) as JsonValue) };
  } catch {
    return undefined;
  }
}

type Fitting =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly places: string; readonly detail: string };

/** What a Standard Schema makes of a value; the value itself where there is none. */
async function fitting({ validate }: ReadSchema, value: unknown): Promise<Fitting> {
  const said = await validate?.(value);
  if (said === undefined) return { ok: true, value };
  if (said.issues === undefined) return { ok: true, value: said.value };
  const detail = said.issues.map((issue) => `${issuePlaces([issue])}: ${issue.message}`).join("\n");
  return { ok: false, places: issuePlaces(said.issues), detail: detail.slice(0, MODULE_TEXT_CHARS_MAX) };
}

async function answer(
  functions: ReadonlyMap<string, ModuleFunction>,
  call: Extract<ToModule, { type: "call" }>,
): Promise<void> {
  const fn = functions.get(call.name);
  const { id } = call;
  if (fn === undefined) {
    send({ type: "failure", id, code: "CALL_FAILED", message: "the host module has no such function", detail: null });
    return;
  }
  const cancel = new AbortController();
  running.set(id, cancel);
  const outcome = await perform(fn, call, AbortSignal.any([cancel.signal, session.signal]));
  running.delete(id);
  send(outcome);
  if (session.signal.aborted) leaveWhenIdle();
}

/** After the session's end: once nothing runs and what listened to the signal has had its turn. */
function leaveWhenIdle(): void {
  if (running.size === 0) setImmediate(() => process.exit(0));
}

/** A thrown value can be anything, and looking at it can throw again. */
function textOf(error: unknown): string {
  try {
    const text = error instanceof Error ? (error.stack ?? error.message) : `threw ${typeof error}: ${String(error)}`;
    return text.slice(0, MODULE_TEXT_CHARS_MAX);
  } catch {
    return "threw something that cannot be shown";
  }
}

/** The first line of it: an error's name and message. */
function shortly(error: unknown): string {
  return (textOf(error).split("\n", 1)[0] as string).slice(0, 500);
}

const opening = open();

async function take(message: ToModule): Promise<void> {
  const functions = await opening;
  if (message.type === "call" && functions !== undefined) await answer(functions, message);
  else if (message.type === "cancel") running.get(message.id)?.abort();
  else if (message.type === "close") {
    session.abort();
    leaveWhenIdle();
  }
}

port.on("message", (message: ToModule) => void take(message));
