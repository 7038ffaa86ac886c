// Finds what a person names: a session, a time, an input.

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text as readStream } from "node:stream/consumers";
import { InvalidArgumentError } from "commander";
import type { LogReader } from "../audit/contract.ts";
import { EnclosureError } from "../base/errors.ts";
import type { SessionId } from "../base/ids.ts";
import { shortId } from "./words.ts";

/** Fewest digits of an id that name a session. */
const PREFIX_MIN = 4;

/** @throws EnclosureError SESSION_MISSING, SESSION_AMBIGUOUS */
export function findSession(reader: LogReader, name: string): SessionId {
  if (name === "last") return lastSession(reader);
  if (!/^[0-9a-f]{4,64}$/.test(name)) {
    throw new EnclosureError("SESSION_MISSING", `"${name}" names no session`, {
      mend: `A session is named by its id, by ${PREFIX_MIN} or more of its first digits, or as "last".`,
    });
  }
  const [found, ...others] = reader.sessionsByPrefix(name, 6);
  if (found === undefined) throw new EnclosureError("SESSION_MISSING", `no session starts with ${name}`);
  if (others.length === 0) return found;
  const ids = [found, ...others].map(shortId).join(", ");
  throw new EnclosureError("SESSION_AMBIGUOUS", `${name} could be ${ids}${others.length >= 5 ? ", …" : ""}`);
}

function lastSession(reader: LogReader): SessionId {
  for (const { session } of reader.sessions({ newestFirst: true, limit: 1 })) if (session !== null) return session;
  throw new EnclosureError("SESSION_MISSING", "the log has no session yet", { mend: "Make one with `enclosure run`." });
}

const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3, w: 604_800e3 };

/** A moment: `30d` ago (s, m, h, d, w), a date or a time in ISO 8601 (UTC where it names no zone). In ms since the epoch. */
export function parseMoment(nowMs: () => number): (text: string) => number {
  return (text) => {
    const ago = /^(\d{1,6})([smhdw])$/.exec(text);
    if (ago !== null) return nowMs() - Number(ago[1]) * (UNITS[ago[2] as string] as number);
    const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text) ? text : "";
    const ms = Date.parse(/T[^Z+-]*$/.test(iso) ? `${iso}Z` : iso);
    if (Number.isNaN(ms)) throw new InvalidArgumentError("Say 30d, 12h, 2026-11-23 or 2026-11-23T18:00Z.");
    return ms;
  };
}

/** A whole number from `min`. */
export function parseCount(min: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d{1,9}$/.test(text) || count < min) throw new InvalidArgumentError(`Expected a whole number from ${min}.`);
    return count;
  };
}

/** `--input`: JSON, `@file` with JSON in it, or `-` for standard input. @throws EnclosureError INPUT_INVALID, FILE_UNREADABLE */
export async function readInput(option: string, cwd: string): Promise<unknown> {
  if (option === "-") return parseInput(await readStream(process.stdin), "standard input");
  if (!option.startsWith("@")) return parseInput(option, "--input");
  const path = resolve(cwd, option.slice(1));
  return parseInput(await readFile(path, "utf8").catch((error: unknown) => unreadable(path, error)), path);
}

function parseInput(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EnclosureError("INPUT_INVALID", `${where} is not JSON: ${error instanceof Error ? error.message : ""}`, {
      mend: "Pass --input as JSON, as @file, or as - for standard input.",
      cause: error,
    });
  }
}

/** @throws EnclosureError FILE_UNREADABLE */
export function readNamedFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): never {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
  throw new EnclosureError("FILE_UNREADABLE", `${path} cannot be read (${code})`, { cause });
}
