// Why a guest process died that nobody killed: from its exit status, its signal and the first words on its stderr.

import type { SessionLimits } from "../base/limits.ts";
import { TURN_MS_MAX } from "../base/limits.ts";
import type { GuestEnd } from "./contract.ts";
import { GUEST_EXIT } from "./frames.ts";

/** Of stderr as much is kept as tells why V8 gave up; the rest is read and dropped. */
const STDERR_BYTES_MAX = 4096;
/** How V8, the allocator and the C++ library say that there is no memory left. */
const NO_MEMORY = /out of memory|bad_alloc|Allocation failed|invalid (?:array|table) (?:length|size)/i;

export class Crash {
  #stderr = "";

  hear(chunk: Uint8Array): void {
    if (this.#stderr.length >= STDERR_BYTES_MAX) return;
    this.#stderr = (this.#stderr + Buffer.from(chunk).toString("latin1")).slice(0, STDERR_BYTES_MAX);
  }

  /** `limits` is absent where the agent was never started. What struck is told with the limit as used: more is not known. */
  judge(status: number | null, signal: NodeJS.Signals | null, limits: SessionLimits | undefined): GuestEnd {
    if (limits !== undefined) {
      const { memoryBytes, wallMs } = limits;
      if (status === GUEST_EXIT.memory || (signal !== null && NO_MEMORY.test(this.#stderr))) {
        return { kind: "limit", limit: "memory", used: memoryBytes, max: memoryBytes };
      }
      if (status === GUEST_EXIT.turn) {
        const turnMs = Math.min(TURN_MS_MAX, wallMs);
        return { kind: "limit", limit: "wall", used: turnMs, max: turnMs };
      }
    }
    if (status === GUEST_EXIT.broken) return { kind: "protocol", detail: "the isolate's side of the bridge broke" };
    const how = signal === null ? `it exited with status ${status}` : `it died of ${signal}`;
    const why = this.#firstLine();
    return { kind: "crashed", detail: why === "" ? how : `${how}: ${why}` };
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
