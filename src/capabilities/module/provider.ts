// The provider of kind module: performs admitted calls on a host module's thread. One instance for each session, closed at
// its end: no state of one session is seen by another.
// What the module says it did is its own claim (`host_claimed` in the record).

import { pathToFileURL } from "node:url";
import { decodeValue } from "../../base/codec.ts";
import { EnclosureError, type Problem } from "../../base/errors.ts";
import type { JsonValue } from "../../base/json.ts";
import { CLOSE_GRACE_MS, MODULE_LOAD_MS_MAX } from "../../base/limits.ts";
import type { Timers } from "../../base/powers.ts";
import type { AdmittedCall, PerformContext, Performed, Provider } from "../../broker/contract.ts";
import type { FunctionSpec } from "../../kinds/contract.ts";
import type { FromModule, ModuleFailure } from "./messages.ts";
import { ModuleThread } from "./thread.ts";

/** What a module's thread runs: see ModuleBundle in src/bundle. */
export interface ModuleProgram {
  readonly code: string;
  /** The module file's own absolute path. */
  readonly entryPath: string;
}

export interface ModuleOptions {
  readonly bundle: ModuleProgram;
  /** Path of dist/module-host.js. */
  readonly program: string;
  /** The declared environment: all that the module has of one. */
  readonly env: Readonly<Record<string, string>>;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
  readonly timers?: Timers;
}

export interface StartedModule {
  /** The module's functions, in the order in which it defines them. */
  readonly table: readonly FunctionSpec[];
  readonly provider: Provider;
}

const nodeTimers: Timers = {
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Loads a host module on a thread of its own and runs its factory.
 * @throws EnclosureError MODULE_INVALID with everything that is wrong with it (it throws, takes too long, has no factory,
 *   defines its functions badly); SESSION_INTERRUPTED when `signal` aborts first.
 */
export async function startModule(options: ModuleOptions): Promise<StartedModule> {
  const { bundle, program, env, signal, timers = nodeTimers } = options;
  if (signal?.aborted === true) throw interrupted();
  const start = { code: bundle.code, url: pathToFileURL(bundle.entryPath).href, env };
  const thread = new ModuleThread({ program, start, timers });
  const opened = await waitForTable(thread, timers, signal);
  if (opened.type === "ready") {
    const table = JSON.parse(opened.tableText) as readonly FunctionSpec[];
    return { table, provider: new ModuleProvider(thread, timers) };
  }
  await thread.kill();
  if (opened.type === "interrupted") throw interrupted();
  throw invalid(bundle.entryPath, opened.problems, opened.detail);
}

/** What a module defines, for the lock: loaded once and closed again. @throws EnclosureError as startModule does */
export async function describeModule(options: ModuleOptions): Promise<readonly FunctionSpec[]> {
  const { table, provider } = await startModule(options);
  await provider.close();
  return table;
}

type Opened =
  | { readonly type: "ready"; readonly tableText: string }
  | { readonly type: "interrupted" }
  | { readonly type: "invalid"; readonly problems: readonly string[]; readonly detail: string | null };

function waitForTable(thread: ModuleThread, timers: Timers, signal: AbortSignal | undefined): Promise<Opened> {
  return new Promise((resolve) => {
    const finish = (opened: Opened): void => {
      cancel();
      signal?.removeEventListener("abort", interrupt);
      resolve(opened);
    };
    const refuse = (problem: string, detail: string | null): void =>
      finish({ type: "invalid", problems: [problem], detail });
    const interrupt = (): void => finish({ type: "interrupted" });
    const cancel = timers.after(MODULE_LOAD_MS_MAX, () =>
      refuse(`it was not ready after ${MODULE_LOAD_MS_MAX} ms`, null),
    );
    signal?.addEventListener("abort", interrupt);
    thread.listen((message) => {
      if (message.type === "ready") finish(message);
      else if (message.type === "invalid") finish({ ...message, detail: message.stack });
    });
    void thread.ended.then((account) => refuse("its thread ended while it was loaded", account));
  });
}

function interrupted(): EnclosureError {
  return new EnclosureError("SESSION_INTERRUPTED", "the session was interrupted while a host module was loaded");
}

function invalid(file: string, messages: readonly string[], detail: string | null): EnclosureError {
  const mend = "Mend the host module; `enclosure pin` loads it again and shows what is left.";
  const place = placeIn(detail, file);
  const problems = messages.map((message): Problem => {
    return { code: "MODULE_INVALID", severity: "error", message, ...place, pointer: "", mend, file };
  });
  const [first = "it cannot be used"] = messages;
  const text = messages.length === 1 ? first : `${messages.length} problems in its functions`;
  return new EnclosureError("MODULE_INVALID", `the host module ${file}: ${text}`, {
    mend,
    problems,
    location: { file, ...place },
    ...(detail === null ? {} : { cause: detail }),
  });
}

/** The topmost line of a stack that lies in the module's own file. */
function placeIn(stack: string | null, file: string): { readonly line: number; readonly column: number } {
  for (const line of stack?.split("\n") ?? []) {
    const found = /:(\d+):(\d+)\)?$/.exec(line);
    if (found !== null && line.slice(0, found.index).endsWith(file))
      return { line: Number(found[1]), column: Number(found[2]) };
  }
  return { line: 1, column: 1 };
}

class ModuleProvider implements Provider {
  readonly #thread: ModuleThread;
  readonly #timers: Timers;
  readonly #waiting = new Map<number, (message: FromModule | "ended") => void>();
  /** Why the thread has ended, once it has. */
  #account: string | undefined;
  #calls = 0;

  constructor(thread: ModuleThread, timers: Timers) {
    this.#thread = thread;
    this.#timers = timers;
    thread.listen((message) => {
      if ("id" in message) this.#waiting.get(message.id)?.(message);
    });
    void this.#watch();
  }

  async #watch(): Promise<void> {
    this.#account = await this.#thread.ended;
    for (const settle of this.#waiting.values()) settle("ended");
  }

  async perform(call: AdmittedCall, { signal, resultBytesMax }: PerformContext): Promise<Performed> {
    if (this.#account !== undefined)
      return { kind: "failed", code: "MODULE_STOPPED", message: "the host module has stopped", detail: this.#account };
    if (signal.aborted)
      return { kind: "failed", code: "CALL_CANCELLED", message: "the call was cancelled before it began" };
    const id = ++this.#calls;
    const answered = this.#answerTo(id, signal);
    this.#thread.send({ type: "call", id, name: call.fn.name, argsText: call.args.text, resultBytesMax });
    const answer = await answered;
    if (answer === "ended") {
      const detail = this.#account ?? "";
      return {
        kind: "unknown",
        code: "MODULE_STOPPED",
        message: "the host module stopped while the call was running",
        detail,
      };
    }
    if (answer === "silent") return cancelled("unknown");
    if (answer.type === "result") return { kind: "value", value: decodeValue(JSON.parse(answer.text) as JsonValue) };
    if (answer.type !== "failure")
      return { kind: "unknown", code: "CALL_FAILED", message: "the host module gave no answer" };
    // A function that stops on its signal throws; how far it had come, it does not say.
    if (signal.aborted && answer.code === "CALL_FAILED")
      return cancelled(call.effect === "read" ? "failed" : "unknown", answer.detail);
    return failure(answer, call);
  }

  /** The module's answer; `silent` where it has been cancelled and does not stop within the grace. */
  #answerTo(id: number, signal: AbortSignal): Promise<FromModule | "ended" | "silent"> {
    return new Promise((resolve) => {
      let cancelTimer: (() => void) | undefined;
      const settle = (answer: FromModule | "ended" | "silent"): void => {
        cancelTimer?.();
        signal.removeEventListener("abort", abort);
        this.#waiting.delete(id);
        resolve(answer);
      };
      const abort = (): void => {
        this.#thread.send({ type: "cancel", id });
        cancelTimer = this.#timers.after(CLOSE_GRACE_MS / 2, () => settle("silent"));
      };
      this.#waiting.set(id, settle);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}

function cancelled(kind: "failed" | "unknown", detail?: string | null): Performed {
  const message = "the call was cancelled";
  return { kind, code: "CALL_CANCELLED", message, ...(detail ? { detail } : {}) };
}

/** Once the function has run, a result that cannot be given does not undo what it did. */
function failure({ code, message, detail }: ModuleFailure, call: AdmittedCall): Performed {
  const ran = code === "RESULT_INVALID" || code === "RESULT_TOO_LARGE";
  const kind = ran && call.effect !== "read" ? "unknown" : "failed";
  return { kind, code, message, ...(detail === null ? {} : { detail }) };
}
