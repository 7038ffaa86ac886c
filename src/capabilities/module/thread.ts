// A host module's thread as the main thread sees it: started, asked, cancelled, ended. Whatever the module does, this side
// only waits for messages: it learns that the thread is gone, and every call that was running then has an unknown outcome.
// What the module prints is kept, bounded, for the account of a failure; it never reaches the program's own output.
// A thread is no wall: it can write to descriptor 1 or kill the process, and one allocation far beyond its heap ends the
// process as kill -9 would (a heap that fills up bit by bit ends the thread alone). A host module is the operator's own code.

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { CLOSE_GRACE_MS, MODULE_HEAP_MIB_MAX, MODULE_TEXT_CHARS_MAX } from "../../base/limits.ts";
import type { Timers } from "../../base/powers.ts";
import { type FromModule, type ModuleStart, readMessage, type ToModule } from "./messages.ts";

export interface ThreadOptions {
  /** Path of dist/module-host.js. */
  readonly program: string;
  readonly start: ModuleStart;
  readonly timers: Timers;
}

export class ModuleThread {
  /** Resolves when the thread has ended, with why: for the host alone. Never rejects. */
  readonly ended: Promise<string>;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #timers: Timers;
  readonly #printed = new Tail(MODULE_TEXT_CHARS_MAX);
  #onMessage: (message: FromModule) => void = () => {};
  #error: string | undefined;
  #closing: Promise<string> | undefined;

  constructor({ program, start, timers }: ThreadOptions) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#timers = timers;
    this.#worker = new Worker(program, {
      workerData: { port: port2, start },
      transferList: [port2],
      env: { ...start.env },
      argv: [],
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      name: "host-module",
      resourceLimits: { maxOldGenerationSizeMb: MODULE_HEAP_MIB_MAX },
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => this.#printed.add(text));
    this.#worker.on("error", (error) => {
      this.#error = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once("exit", (status) => {
        this.#drain();
        this.#port.close();
        resolve(this.#account(status));
      });
    });
    this.#port.on("message", (data: unknown) => this.#take(data));
  }

  /** The one listener. Called with no message after `ended` has resolved. */
  listen(onMessage: (message: FromModule) => void): void {
    this.#onMessage = onMessage;
  }

  send(message: ToModule): void {
    this.#port.postMessage(message);
  }

  /** Asks the thread to end, and ends it after a grace. Idempotent. */
  close(): Promise<string> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<string> {
    this.send({ type: "close" });
    const cancel = this.#timers.after(CLOSE_GRACE_MS, () => void this.#worker.terminate());
    const account = await this.ended;
    cancel();
    return account;
  }

  /** Ends it at once. */
  async kill(): Promise<string> {
    await this.#worker.terminate();
    return this.ended;
  }

  #take(data: unknown): void {
    const message = readMessage(data);
    if (message !== undefined) this.#onMessage(message);
  }

  /** What was sent before the end and has not been read yet: a result that is there is not unknown. */
  #drain(): void {
    for (let left = receiveMessageOnPort(this.#port); left !== undefined; left = receiveMessageOnPort(this.#port))
      this.#take(left.message);
  }

  #account(status: number): string {
    const why = this.#error ?? `the thread ended with status ${status}`;
    const printed = this.#printed.text;
    return printed === "" ? why : `${why}\n--- what it printed last ---\n${printed}`;
  }
}

/** The last characters of a stream of texts. */
class Tail {
  readonly #charsMax: number;
  text = "";

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  add(text: string): void {
    this.text = (this.text + text).slice(-this.#charsMax);
  }
}
