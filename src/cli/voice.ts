// How the command line speaks of what went wrong: code, place, the lines in question and what to do, on stderr; and as
// one JSON value on stdout where JSON was asked for.

import { readFileSync, statSync } from "node:fs";
import { Bug } from "../base/assert.ts";
import { EnclosureError, EXIT, type ExitStatus, type Location, type Problem } from "../base/errors.ts";
import { MANIFEST_BYTES_MAX } from "../base/limits.ts";
import type { Cell, Page } from "./page.ts";
import { cell, counted, relativePath, withoutCode } from "./words.ts";
import { clipped, visible, visibleJson, visibleLines } from "./visible.ts";

/** Prints a fault for a person. Problems stand one by one, each with its lines. */
export function printFault(page: Page, error: EnclosureError): void {
  if (error.problems.length === 0) {
    printError(page, error.message, error.code);
    if (error.location) printPlace(page, error.location);
    return printMend(page, error.mend);
  }
  const file = error.location?.file;
  for (const problem of error.problems) printProblem(page, problem, file);
  const where = file === undefined ? undefined : relativePath(file, process.cwd());
  const summary = where === undefined ? error.message : `${counted(error.problems.length, "problem")} in ${where}`;
  if (error.problems.length > 1) printError(page, summary, error.code);
}

export function printProblem(page: Page, problem: Problem, file: string | undefined): void {
  const { severity, message, code, mend, line, column } = problem;
  const place = problem.file ?? file;
  if (severity === "error") printError(page, message, code);
  else printWarning(page, message, code);
  printPlace(page, { ...(place !== undefined && { file: place }), line, column });
  printMend(page, mend);
}

export function printError(page: Page, message: string, code: string): void {
  page.foreign(`enclosure: ${page.paint("red", "error:")} `, worded(message, code), BELOW);
}

export function printWarning(page: Page, message: string, code: string): void {
  page.foreign(`enclosure: ${page.paint("yellow", "warning:")} `, worded(message, code), BELOW);
}

function worded(message: string, code: string): readonly Cell[] {
  return [cell(`${withoutCode(message, code)} `), cell(`[${code}]`, "dim")];
}

/** Begins the rows on which an error, a warning or its mend goes on. */
const BELOW = "         | ";

export function printMend(page: Page, mend: string): void {
  if (mend !== "") page.foreign(`enclosure: ${page.paint("green", "mend:")}  `, visible(mend), BELOW);
}

/** The place and, where its file can be read, the line with a mark under the column. */
export function printPlace(page: Page, { file, line, column }: Location): void {
  if (file === undefined) return;
  const where = [visible(relativePath(file, process.cwd())), line, line === undefined ? undefined : column].filter(
    (part) => part !== undefined,
  );
  page.foreign(`  ${page.paint("dim", "-->")} `, [{ text: where.join(":"), style: "cyan" }], BELOW);
  if (line !== undefined) for (const text of codeFrame(linesOf(file), line, column ?? 1, page.columns)) page.line(text);
}

/** The line in question after the one before it, with a mark under its column. Empty where there is no such line. */
export function codeFrame(source: readonly string[], line: number, column: number, columns: number): readonly string[] {
  const text = source[line - 1];
  if (text === undefined) return [];
  const gutter = String(line).length;
  const before = source[line - 2];
  const row = (label: string, content: string): string =>
    clipped(`  ${label.padStart(gutter)} | ${content}`, columns).trimEnd();
  const indent = visible(text.slice(0, column - 1).replaceAll("\t", "  ")).length;
  return [
    ...(before === undefined || before.trim() === "" ? [] : [row(String(line - 1), shownLine(before))]),
    row(String(line), shownLine(text)),
    row("", `${" ".repeat(indent)}^`),
  ];
}

function shownLine(line: string): string {
  return visibleLines(line).join(" ");
}

function linesOf(file: string): readonly string[] {
  try {
    if (statSync(file).size > MANIFEST_BYTES_MAX) return [];
    return readFileSync(file, "utf8").split(/\r?\n/);
  } catch {
    // The frame is a help, not the message.
    return [];
  }
}

/** What `--json` gives for a fault. */
export function faultJson(error: EnclosureError): object {
  const { code, message, mend, location, problems } = error;
  return {
    version: 1,
    error: { code, message, mend, ...(location && { location }), ...(problems.length > 0 && { problems }) },
  };
}

/** Prints whatever a command threw and says how the process is to exit. */
export function reportFailure(
  error: unknown,
  pages: { readonly out: Page; readonly alert: Page; readonly json: boolean },
): ExitStatus {
  const { out, alert: err, json } = pages;
  if (error instanceof EnclosureError) {
    printFault(err, error);
    if (json) out.line(visibleJson(faultJson(error)));
    return error.exit;
  }
  // A bug of ours, or something of the system that we did not foresee: its stack is what there is to mend it by.
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const [head = "", ...rest] = visibleLines(shown);
  printError(err, head, error instanceof Bug ? "BUG" : "UNEXPECTED");
  for (const line of rest) err.foreign("  ", line);
  printMend(err, "This is a fault of enclosure. Please report it with these lines.");
  const message = error instanceof Error ? error.message : String(error);
  if (json) out.line(visibleJson({ version: 1, error: { code: "BUG", message, mend: "Report it." } }));
  return EXIT.fault;
}
