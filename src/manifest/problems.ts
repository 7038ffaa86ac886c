// Problems: collects every finding about one file, bounded, and orders them by place.
// Invariant: a finding is never lost silently; past the bound the rest is counted in a last problem, and the places of
// errors are remembered, so that what is malformed is never taken for sound.

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

/** Collects findings about one file whose pointers `locate` can place; it is asked only about those that are kept. */
export class Findings {
  readonly #locate: (pointer: string, code: ErrorCode) => Place;
  readonly #kept: Problem[] = [];
  /** Pointers of all errors, and all that lies above them. */
  readonly #errors = new Set<string>();
  readonly #above = new Set<string>();
  #beyond = 0;

  constructor(locate: (pointer: string, code: ErrorCode) => Place) {
    this.#locate = locate;
  }

  readonly report: Report = ({ code, pointer, message, mend = CODES[code].mend, severity = "error", place }) => {
    if (severity === "error") this.#remember(pointer);
    if (this.#kept.length >= PROBLEMS_MAX) {
      this.#beyond++;
      return;
    }
    const { line, column } = place ?? this.#locate(pointer, code);
    this.#kept.push({ code, severity, message, line, column, pointer, mend });
  };

  #remember(pointer: string): void {
    this.#errors.add(pointer);
    let above = pointer;
    while (above !== "") {
      above = above.slice(0, above.lastIndexOf("/"));
      if (this.#above.has(above)) return;
      this.#above.add(above);
    }
  }

  /** Whether an error (not a mere warning) was found at `pointer` or below it. */
  hasErrorUnder(pointer: string): boolean {
    return this.#errors.has(pointer) || this.#above.has(pointer);
  }

  /** Whether an error was found at `pointer` itself: a map there may not hold all the keys that are meant. */
  hasErrorAt(pointer: string): boolean {
    return this.#errors.has(pointer);
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
