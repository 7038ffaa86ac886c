// Starting a guest process with as many walls as this machine gives: each wrapping is tried by using it, strongest first,
// until a guest says that it is ready and its walls are seen to stand. What worked once is what this host process uses
// from then on: a later failure is a failure, never a weaker guest. No agent code runs before a launch has succeeded, so
// none can choose the walls.

import type { Duplex } from "node:stream";
import { EnclosureError } from "../base/errors.ts";
import type { Closed } from "./attempt.ts";
import { Attempt, CannotWrap } from "./attempt.ts";
import type { Addon } from "./command.ts";
import type { Crash } from "./crash.ts";
import { ProtocolBreak } from "./frames.ts";
import type { Programs, Wrapping } from "./os-walls.ts";
import { missingWalls, whyNoBubblewrap, wrappings } from "./os-walls.ts";
import type { ProcessUse } from "./proc.ts";
import { readUse, strayDescriptors } from "./proc.ts";
import type { Ready } from "./ready.ts";

/** A guest process that is up, and quiet until it is started. */
export interface Launched {
  /** The guest's own number. */
  readonly pid: number;
  readonly channel: Duplex;
  readonly crash: Crash;
  readonly ready: Ready;
  /** What it had used when it was ready. */
  readonly base: ProcessUse;
  /** Its end, once it is reaped and every byte of its has been heard: a signal's name though bubblewrap tells it by a status. */
  readonly closed: Promise<Closed>;
  /** Kills it, if it lives. */
  kill(): void;
  readonly walls: readonly string[];
  /** Why the operating system's walls are not all up; absent where they are. */
  readonly lacking?: string;
}

/** What this process has learned: the wrapping that works here, and what was wrong with the stronger ones. */
let learned: { readonly wrapping: Wrapping; readonly lacking?: string } | undefined;

const WALLS_OF_NODE = ["isolate", "process"];

export interface LaunchOptions {
  readonly programs: Programs;
  readonly addon: Addon;
  readonly pageBytes: number;
  /** Only the strongest wrapping will do. */
  readonly insist: boolean;
}

/** What can be seen from outside that is not as it should be. */
function whatIsWrong(pid: number, wrapping: Wrapping): string | undefined {
  const missing = missingWalls(pid, wrapping);
  if (missing.length > 0) return `it did not put up: ${missing.join(", ")}`;
  const stray = strayDescriptors(pid);
  return stray.length > 0 ? `the guest has what is its host's: ${stray.join(", ")}` : undefined;
}

/** One launch; can be called off. */
export class Launch {
  readonly launched: Promise<Launched>;
  readonly #options: LaunchOptions;
  #attempt: Attempt | undefined;
  #calledOff = false;

  constructor(options: LaunchOptions) {
    this.#options = options;
    this.launched = this.#run();
  }

  /** Kills what is being started; `launched` rejects when it is reaped. */
  callOff(): void {
    this.#calledOff = true;
    this.#attempt?.kill();
  }

  async #run(): Promise<Launched> {
    const { insist } = this.#options;
    let candidates = learned === undefined ? wrappings() : [learned.wrapping];
    let lacking = learned === undefined ? this.#unavailable(candidates) : learned.lacking;
    for (;;) {
      const [wrapping, ...weaker] = candidates;
      if (wrapping === undefined || (insist && (lacking !== undefined || wrapping.name !== "bubblewrap"))) break;
      try {
        // The first attempt begins in this very turn of the event loop.
        const launched = await this.#tryTwice(wrapping);
        learned ??= { wrapping, ...(lacking !== undefined && { lacking }) };
        return { ...launched, ...(lacking !== undefined && { lacking }) };
      } catch (error) {
        if (!(error instanceof CannotWrap) || weaker.length === 0) throw error;
        // Another launch may have found meanwhile that something stronger works.
        candidates = learned === undefined ? weaker : [learned.wrapping];
        lacking = learned === undefined ? (lacking ?? error.message) : learned.lacking;
      }
    }
    throw new EnclosureError("OS_SANDBOX_MISSING", `the operating system's sandbox is required: ${lacking}`);
  }

  /** What passes (a signal from elsewhere, no room for a process in this moment) is no reason for fewer walls. */
  async #tryTwice(wrapping: Wrapping): Promise<Launched> {
    try {
      return await this.#try(wrapping);
    } catch (error) {
      if (this.#calledOff || error instanceof CannotWrap || error instanceof ProtocolBreak) throw error;
      return this.#try(wrapping);
    }
  }

  #unavailable([strongest]: readonly Wrapping[]): string | undefined {
    return strongest?.name === "bubblewrap" ? undefined : whyNoBubblewrap();
  }

  async #try(wrapping: Wrapping): Promise<Launched> {
    const { addon, pageBytes, programs } = this.#options;
    const attempt = new Attempt(wrapping, wrapping.command(programs, addon));
    this.#attempt = attempt;
    try {
      const { pid, ready } = await attempt.up;
      const base = readUse(pid, pageBytes);
      if (base === undefined) throw new Error("it has ended");
      const wrong = whatIsWrong(pid, wrapping);
      if (wrong !== undefined) throw new CannotWrap(`${wrapping.name}: ${wrong}`);
      const { channel, closed, crash } = attempt;
      const walls = [...WALLS_OF_NODE, ...wrapping.walls];
      return { pid, channel, crash, ready, base, closed, kill: () => attempt.kill(), walls };
    } catch (error) {
      // Whatever was wrong, also where /proc could not be read: nothing that was started outlives its attempt.
      attempt.kill();
      await attempt.closed.catch(() => {});
      throw error;
    }
  }
}
