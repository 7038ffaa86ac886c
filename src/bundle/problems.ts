// Problems of a source: esbuild's messages and our own refusals as located findings, every one in our own words where it is
// about what may be imported. Messages of packages about imports at run time are left out: such an import fails when, and
// only if, it is reached.

import type { Message } from "esbuild";
import { join } from "node:path";
import { CODES, type ErrorCode, type Problem } from "../base/errors.ts";
import { PROBLEMS_MAX } from "../base/limits.ts";
import { isGlobMessage } from "./globs.ts";
import { isInPackage, SOURCE, stripNamespace } from "./root.ts";

/** Why an import is refused. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** The table's sentence where absent. */
  readonly mend?: string;
}

export const AT_RUN_TIME: Refusal = {
  code: "IMPORT_DYNAMIC",
  message: "an import whose path is put together at run time cannot be bundled",
};

/** Codes of esbuild's warnings that are refusals here, when they are about the project's own files. */
const REFUSED_WARNINGS: Readonly<Record<string, string>> = {
  "unsupported-dynamic-import": "import() of a name that is known at run time only cannot be bundled",
  "unsupported-require-call": "require() of a name that is known at run time only cannot be bundled",
  "indirect-require": "require can only be called, with a literal name",
  "empty-glob": AT_RUN_TIME.message,
};

export interface MissingExport {
  readonly name: string;
  /** As esbuild shows the module: "enclosure:caps", "source:lib/a.ts". */
  readonly from: string;
}

/** What esbuild's message about an export that is not there says; pinned by a test, as esbuild itself is by version. */
export function missingExport(message: Pick<Message, "id" | "text">): MissingExport | undefined {
  const error = /^No matching export in "([^"]+)" for import "([^"]+)"$/.exec(message.text);
  if (error !== null) return { from: error[1] as string, name: error[2] as string };
  if (message.id !== "import-is-undefined") return undefined;
  const warning = /^Import "([^"]+)" will always be undefined because there is no matching export in "([^"]+)"$/;
  const found = warning.exec(message.text);
  return found === null ? undefined : { name: found[1] as string, from: found[2] as string };
}

/** How a plan words an export that is missing from one of our own modules. */
export type WordMissing = (missing: MissingExport) => Refusal | undefined;

export interface Told {
  readonly errors: readonly Message[];
  readonly warnings: readonly Message[];
}

/** Each finding once, at most PROBLEMS_MAX of them. `refusals` are ours, by the text that esbuild was told. */
export function problemsOf(
  root: string,
  told: Told,
  refusals: ReadonlyMap<string, Refusal>,
  wordMissing: WordMissing,
): readonly Problem[] {
  const found = new Map<string, Problem>();
  const add = (message: Message, refusal: Refusal | undefined): void => {
    if (refusal === undefined || found.size >= PROBLEMS_MAX) return;
    const problem = makeProblem(refusal, placeOf(root, message));
    found.set(JSON.stringify(problem), problem);
  };
  for (const error of told.errors) add(error, refusals.get(error.text) ?? errorOf(error, wordMissing));
  for (const warning of told.warnings) add(warning, warningOf(warning, wordMissing));
  return [...found.values()];
}

function errorOf(message: Message, wordMissing: WordMissing): Refusal {
  const missing = missingExport(message);
  if (isGlobMessage(message)) return AT_RUN_TIME;
  if (missing === undefined) return { code: "SOURCE_INVALID", message: message.text };
  const from = stripNamespace(missing.from);
  return wordMissing(missing) ?? { code: "IMPORT_MISSING", message: `${from} exports no "${missing.name}"` };
}

/** Most warnings are about style; these are about what would fail when the program runs. */
function warningOf(message: Message, wordMissing: WordMissing): Refusal | undefined {
  const missing = missingExport(message);
  if (missing !== undefined) return wordMissing(missing);
  const dynamic = REFUSED_WARNINGS[message.id];
  if (dynamic === undefined || isInPackage(stripNamespace(message.location?.file ?? ""))) return undefined;
  return { code: "IMPORT_DYNAMIC", message: dynamic };
}

interface Place {
  readonly file?: string;
  readonly line: number;
  readonly column: number;
}

function placeOf(root: string, message: Message): Place {
  const { location } = message;
  if (location === null) return { line: 1, column: 1 };
  const file = location.file.startsWith(`${SOURCE}:`) ? join(root, stripNamespace(location.file)) : undefined;
  // esbuild counts columns in bytes, from 0.
  const before = Buffer.from(location.lineText).subarray(0, location.column).toString("utf8");
  return { ...(file === undefined ? {} : { file }), line: location.line, column: before.length + 1 };
}

export function makeProblem({ code, message, mend }: Refusal, place: Place = { line: 1, column: 1 }): Problem {
  return { code, severity: "error", message, mend: mend ?? CODES[code].mend, pointer: "", ...place };
}
