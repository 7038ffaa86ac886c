// Why a guest process died that nobody killed: from its exit status, its signal and the first words on its stderr.

import type { SessionLimits } from "../base/limits.ts";
import { TURN_MS_MAX } from "../base/limits.ts";
import type { GuestEnd } from "./contract.ts";
import { GUEST_EXIT } from "./frames.ts";

/** Of stderr as much is kept as tells why V8 gave up; nobody reads the rest. */
const STDERR_BYTES_MAX = 4096;
/** The signals by which V8, the allocator and the C++ library give up. Others say nothing of memory, whatever stderr says. */
const GIVING_UP: ReadonlySet<NodeJS.Signals> = new Set(["SIGABRT", "SIGILL", "SIGSEGV", "SIGTRAP"]);
/** How V8, the allocator and the C++ library say that there is no memory left. */
const NO_MEMORY = /out of memory|bad_alloc|Allocation failed|invalid (?:array|table) (?:length|size)/i;

export class Crash {
  #stderr = "";

  /** Whether more is of interest. */
  get isFull(): boolean {
    return this.#stderr.length >= STDERR_BYTES_MAX;
  }

  hear(chunk: Uint8Array): void {
    this.#stderr = (this.#stderr + Buffer.from(chunk).toString("latin1")).slice(0, STDERR_BYTES_MAX);
  }

  /** `limits` is absent where the agent was never started. What struck is told with the limit as used: more is not known. */
  judge(status: number | null, signal: NodeJS.Signals | null, limits: SessionLimits | undefined): GuestEnd {
    if (limits !== undefined) {
      const { memoryBytes, wallMs } = limits;
      const gaveUp = signal !== null && GIVING_UP.has(signal) && NO_MEMORY.test(this.#stderr);
      if (status === GUEST_EXIT.memory || gaveUp) {
        return { kind: "limit", limit: "memory", used: memoryBytes, max: memoryBytes, claimed: true };
      }
      if (status === GUEST_EXIT.turn) {
        const turnMs = Math.min(TURN_MS_MAX, wallMs);
        return { kind: "limit", limit: "wall", used: turnMs, max: turnMs, claimed: true };
      }
    }
    if (status === GUEST_EXIT.broken) return { kind: "protocol", detail: "the isolate's side of the bridge broke" };
    const how = signal === null ? `it exited with status ${status}` : `it died of ${signal}`;
    const why = this.#firstLine();
    return { kind: "crashed", detail: why === "" ? how : `${how}, saying: ${why}` };
  }

  /** Printable ASCII of the first line that says something. */
  #firstLine(): string {
    const line = this.#stderr.split("\n").find((text) => /[A-Za-z]{3}/.test(text)) ?? "";
    return line
      .replace(/[^\x20-\x7e]/g, "")
      .trim()
      .slice(0, 300);
  }
}
