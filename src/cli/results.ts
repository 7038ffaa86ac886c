// The results file of a batch: one JSON line a job, appended and synced before the next is spoken of. A line that a
// crash cut short is taken away when the file is opened again; its job is then known by the log.
// Invariant: nothing is ever taken away that is not the beginning of a line of ours.

import { closeSync, fsyncSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { EnclosureError, EXIT, type ExitStatus } from "../base/errors.ts";
import { isJsonObject } from "../base/json.ts";
import { syncFolder } from "../outside/folders.ts";
import { readNamedFile } from "./find.ts";
import { visibleJson } from "./visible.ts";

export interface ResultLine {
  readonly id: string;
  /** Null where the run was refused before it had one. */
  readonly session: string | null;
  readonly status: string;
  readonly exit: ExitStatus;
  readonly calls: {
    readonly admitted: number;
    readonly denied: number;
    readonly failed: number;
    readonly unknown: number;
  };
}

/** A line that stood in the file already. */
export interface EarlierLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly result: ResultLine;
}

export interface Results {
  readonly path: string;
  /** The last line of each job, by its id. */
  readonly earlier: ReadonlyMap<string, EarlierLine>;
  /** Durable when it returns. What the job's earlier line says already is not said again. @throws EnclosureError RESULTS_UNWRITABLE */
  append(line: ResultLine): void;
  close(): void;
}

/** @throws EnclosureError RESULTS_INVALID, RESULTS_UNWRITABLE */
export function openResults(path: string): Results {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isFile() === false) throw new EnclosureError("RESULTS_INVALID", `${path} is not a file`);
  const text = there === undefined ? "" : readNamedFile(path);
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const rest = text.slice(whole.length);
  const isCut = isBeginning(rest);
  const earlier = readResults(isCut ? whole : text, path);
  const file = openForAppending(path);
  if (isCut) ftruncateSync(file, Buffer.byteLength(whole));
  else if (rest !== "") writeWhole(file, "\n");
  if (there === undefined) syncFolder(dirname(path));
  return {
    path,
    earlier,
    append: (line) => {
      const text = visibleJson(line);
      if (earlier.get(line.id)?.text === text) return;
      try {
        writeWhole(file, `${text}\n`);
        fsyncSync(file);
      } catch (error) {
        throw unwritable(path, error);
      }
    },
    close: () => closeSync(file),
  };
}

/** Whether a text is a line of ours that was cut short. What is whole JSON is the beginning of no other. */
function isBeginning(text: string): boolean {
  return text !== "" && (text.startsWith(LINE_START) || LINE_START.startsWith(text)) && parsed(text) === undefined;
}

/** A result names its job first. */
const LINE_START = '{"id":"';

/** The whole lines of a results file. @throws EnclosureError RESULTS_INVALID */
export function readResults(text: string, path: string): ReadonlyMap<string, EarlierLine> {
  const found = new Map<string, EarlierLine>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const result = asResult(line);
    if (result === undefined) {
      const location = { file: path, line: index + 1, column: 1 };
      throw new EnclosureError("RESULTS_INVALID", `line ${index + 1} of ${path} is not a result of a job`, {
        location,
      });
    }
    found.set(result.id, { number: index + 1, text: line, result });
  }
  return found;
}

const EXITS: ReadonlySet<unknown> = new Set(Object.values(EXIT));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asResult(line: string): ResultLine | undefined {
  const value = parsed(line);
  if (!isJsonObject(value)) return undefined;
  const { id, session, status, exit, calls } = value;
  const isCounts = isJsonObject(calls) && COUNTS.every((name) => Number.isSafeInteger(calls[name]));
  const isNamed = typeof id === "string" && (session === null || typeof session === "string");
  const isResult = isNamed && typeof status === "string" && EXITS.has(exit) && isCounts;
  return isResult ? (value as unknown as ResultLine) : undefined;
}

const COUNTS = ["admitted", "denied", "failed", "unknown"] as const;

function openForAppending(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, cause: unknown): EnclosureError {
  const { code = "unknown" } = cause as NodeJS.ErrnoException;
  return new EnclosureError("RESULTS_UNWRITABLE", `${path} cannot be written (${code})`, { cause });
}

function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

/** A run that a fault kept from beginning, or cut off, in the shape of every other run's result. */
export function faultResult({ code, message, mend, location, problems, exit }: EnclosureError): Omit<ResultLine, "id"> {
  const result = {
    version: 1,
    session: null,
    status: exit === EXIT.usage || exit === EXIT.refused ? "refused" : "failed",
    error: { code, message, mend, ...(location && { location }), ...(problems.length > 0 && { problems }) },
    calls: { admitted: 0, denied: 0, failed: 0, unknown: 0 },
    refusedInside: 0,
    walls: [],
    log: null,
    exit,
  };
  return result;
}
