// Verifying where the log ends, by what is remembered of it outside its store. A head is written after its commit, so a
// crash leaves records beyond every head, as someone does who appends by other means: which of the two, nobody can tell.
// So it is said while it is so, and kept in mind afterwards: a process that opens such a store records what it found.

import type { Head } from "./checkpoint.ts";
import type { EventData } from "./events.ts";
import { type Findings, SEQS_MAX } from "./verdict.ts";

const OPENINGS_SHOWN_MAX = 5;
const WHY = "a crash leaves some there, and so does whoever else appends";

export interface Remembered {
  /** What is remembered of the log outside its store; undefined where nobody remembers anything here. */
  readonly heads: readonly Head[] | undefined;
  /** How many of the log's last records stand beyond every head, those included that were written meanwhile. */
  readonly unremembered: number;
}

export class HeadsCheck {
  readonly #remembered: Remembered;
  readonly #completeness: Findings;
  /** Openings that found any: where they stand, and how many they found. */
  readonly #openings: { readonly seq: number; readonly found: number }[] = [];
  #more = 0;

  constructor(remembered: Remembered, completeness: Findings) {
    this.#remembered = remembered;
    this.#completeness = completeness;
  }

  opened({ unremembered: found }: EventData["log.opened"], seq: number): void {
    if (found === 0) return;
    if (this.#openings.length < OPENINGS_SHOWN_MAX) this.#openings.push({ seq, found });
    else this.#more++;
  }

  /** The end of the log, which has come to `size` records. */
  end(size: number): void {
    const { heads, unremembered } = this.#remembered;
    if (heads?.length === 0) {
      this.#completeness.add("cannot-check", "the head outside the store is gone: a cut tail cannot be seen");
    } else if (unremembered > 0) {
      const seqs = Array.from({ length: Math.min(unremembered, SEQS_MAX) }, (_, i) => size - unremembered + i);
      const which = unremembered === 1 ? `record ${size - 1} stands` : `records ${seqs[0]} to ${size - 1} stand`;
      this.#completeness.add("incomplete", `${which} beyond every head: ${WHY}`, ...seqs);
    }
    if (this.#openings.length > 0) this.#tellOpenings();
  }

  #tellOpenings(): void {
    const shown = this.#openings.map(({ seq, found }) => `record ${seq} (${found})`);
    const more = this.#more === 0 ? "" : ` and ${this.#more} more`;
    const detail = `openings that found records beyond every head: ${shown.join(", ")}${more}: ${WHY}`;
    this.#completeness.note(detail, ...this.#openings.map(({ seq }) => seq));
  }

  /** What is said of the end where nothing was found. */
  get fine(): string {
    return this.#remembered.heads === undefined
      ? "where the log ends, its last checkpoint alone says"
      : "the log ends where it is remembered to end";
  }
}
