// Problems: collects every finding about one file, bounded, and orders them by place.
// Invariant: a finding is never lost silently; past the bound the rest is counted in a last problem.

import { CODES, type ErrorCode, type Problem } from "../base/errors.ts";
import { PROBLEMS_MAX } from "../base/limits.ts";

/** Line and column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Finding {
  readonly code: ErrorCode;
  readonly pointer: string;
  readonly message: string;
  /** The table's sentence where absent. */
  readonly mend?: string;
  readonly severity?: Problem["severity"];
  /** Where it stands; the pointer's own place where absent. */
  readonly place?: Place;
}

export type Report = (finding: Finding) => void;

/** Collects findings about one file whose pointers `locate` can place. */
export class Findings {
  readonly #locate: (pointer: string) => Place;
  readonly #kept: Problem[] = [];
  #beyond = 0;

  constructor(locate: (pointer: string) => Place) {
    this.#locate = locate;
  }

  readonly report: Report = ({ code, pointer, message, mend = CODES[code].mend, severity = "error", place }) => {
    if (this.#kept.length >= PROBLEMS_MAX) {
      this.#beyond++;
      return;
    }
    const { line, column } = place ?? this.#locate(pointer);
    this.#kept.push({ code, severity, message, line, column, pointer, mend });
  };

  /** Whether an error (not a mere warning) was found at `pointer` or below it. */
  hasErrorUnder(pointer: string): boolean {
    return this.#kept.some(
      (one) => one.severity === "error" && (one.pointer === pointer || one.pointer.startsWith(`${pointer}/`)),
    );
  }

  /** In the order of the file. */
  get problems(): readonly Problem[] {
    const sorted = [...this.#kept].sort((a, b) => a.line - b.line || a.column - b.column);
    if (this.#beyond === 0) return sorted;
    const { line, column } = sorted.at(-1) as Problem;
    const message = `${this.#beyond} more problems are not listed`;
    const mend = "Mend the ones above first.";
    return [...sorted, { code: "MANIFEST_INVALID", severity: "error", message, line, column, pointer: "", mend }];
  }
}

/** Problems of several readings of one file: each once, in the order of the file. */
export function mergeProblems(...lists: readonly (readonly Problem[])[]): readonly Problem[] {
  const byText = new Map<string, Problem>();
  for (const problem of lists.flat()) {
    const key = JSON.stringify([problem.file, problem.pointer, problem.code, problem.message]);
    const known = byText.get(key);
    if (known === undefined || known.severity === "warning") byText.set(key, problem);
  }
  return [...byText.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** One step of a JSON pointer (RFC 6901), escaped. */
export function step(key: string | number): string {
  return `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The keys of a JSON pointer, unescaped. */
export function stepsOf(pointer: string): readonly string[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
