// Verdicts: what a verification says, each matter apart, never one green tick. `verify --json` is this, under version 1.

export type Verdict = "ok" | "invalid" | "incomplete" | "cannot-check" | "not-asked";

/** What is judged apart. */
export type Aspect =
  | "bytes"
  | "chains"
  | "tree"
  | "consistency"
  | "signatures"
  | "anchors"
  | "completeness"
  | "payloads"
  | "scope";

export interface Judgement {
  readonly verdict: Verdict;
  readonly detail: string;
  /** Records that it speaks of: the first hundred. */
  readonly seqs?: readonly number[];
}

export interface VerifyReport {
  readonly version: 1;
  /** None but ok and not-asked. */
  readonly valid: boolean;
  readonly verdicts: { readonly [A in Aspect]: Judgement };
  readonly records: number;
  readonly sessions: number;
  /** What stands after the last signed checkpoint: nobody but this machine's head vouches for it. */
  readonly unanchored: { readonly records: number; readonly seconds: number };
  /** The signed note of the latest checkpoint, to be kept elsewhere; null where no trusted key has signed it. */
  readonly checkpoint: string | null;
  /** The C2SP verifier key that has signed it. */
  readonly key: string | null;
}

const DETAILS_MAX = 5;
/** Records that one judgement names. */
export const SEQS_MAX = 100;

/** From what outweighs all to what outweighs nothing. */
const WEIGHT: readonly Verdict[] = ["invalid", "incomplete", "cannot-check"];

/** Gathers findings of one aspect; keeps the first of them and counts the rest. */
export class Findings {
  readonly #details = new Map<Verdict, string[]>();
  readonly #counts = new Map<Verdict, number>();
  readonly #notes: string[] = [];
  readonly #seqs: number[] = [];

  add(verdict: Exclude<Verdict, "ok" | "not-asked">, detail: string, ...seqs: readonly number[]): void {
    const details = this.#details.get(verdict) ?? [];
    if (details.length < DETAILS_MAX && !details.includes(detail)) details.push(detail);
    this.#details.set(verdict, details);
    this.#counts.set(verdict, (this.#counts.get(verdict) ?? 0) + 1);
    this.#name(seqs);
  }

  /** Says what is worth knowing and changes no verdict. */
  note(detail: string, ...seqs: readonly number[]): void {
    this.#notes.push(detail);
    this.#name(seqs);
  }

  #name(seqs: readonly number[]): void {
    for (const seq of seqs) {
      if (this.#seqs.length === SEQS_MAX) return;
      if (!this.#seqs.includes(seq)) this.#seqs.push(seq);
    }
  }

  /** Whether anything was found. */
  get isEmpty(): boolean {
    return this.#details.size === 0;
  }

  /** `fine`: what is said where nothing was found. */
  judge(fine: Judgement): Judgement {
    const verdict = WEIGHT.find((one) => this.#details.has(one)) ?? fine.verdict;
    const found = WEIGHT.flatMap((one) => this.#details.get(one) ?? []);
    const total = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    const more = total > found.length ? [`and ${total - found.length} more`] : [];
    const detail = [...(total === 0 ? [fine.detail] : found), ...more, ...this.#notes].join("; ");
    return this.#seqs.length === 0 ? { verdict, detail } : { verdict, detail, seqs: this.#seqs };
  }
}
