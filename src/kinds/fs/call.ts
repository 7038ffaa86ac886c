// One call of the kind fs, read the same way by the rules and the provider: which places it touches, by mount.

import { decodeValue } from "../../base/codec.ts";
import { utf8 } from "../../base/bytes.ts";
import { isJsonObject, type JsonValue } from "../../base/json.ts";
import {
  makePathPattern,
  matchesPath,
  pathsMeet,
  PATTERN_CHARS_MAX,
  type PathPattern,
  starProblem,
} from "../path-pattern.ts";
import { CHANGING } from "./functions.ts";
import { parsePath, PathError } from "./paths.ts";

export interface Place {
  /** The guest's path. */
  readonly path: string;
  /** Of a glob: the pattern. */
  readonly pattern: PathPattern | undefined;
  /** Of the whole path. */
  readonly whole: readonly string[];
  /** The mount's guest path; undefined where the path is in none. */
  readonly mount: string | undefined;
  /** Below the mount. For a glob, those before the first that has a star. */
  readonly segments: readonly string[];
  readonly changes: boolean;
}

export interface FsCall {
  readonly fn: string;
  /** One place; of a move two, from and to. */
  readonly places: readonly [Place, ...Place[]];
  readonly data: Uint8Array | undefined;
}

/** @throws PathError on what is no path or data; the message is a whole sentence */
export function readFsCall(fn: string, args: JsonValue, mounts: Iterable<string>): FsCall {
  const given = isJsonObject(args) ? args : {};
  const known = [...mounts];
  const place = (key: string): Place => placeOf(key, given[key], known, CHANGING.has(fn));
  if (fn === "move") return { fn, places: [place("from"), place("to")], data: undefined };
  if (fn === "glob") return { fn, places: [globPlace(given["pattern"], known)], data: undefined };
  const data = fn === "write" || fn === "append" ? readData(given["data"]) : undefined;
  return { fn, places: [place("path")], data };
}

function placeOf(key: string, value: JsonValue | undefined, mounts: readonly string[], changes: boolean): Place {
  const path = textOf(key, value);
  const segments = parse(key, path);
  return { path, pattern: undefined, whole: segments, changes, ...inMount(segments, mounts) };
}

function globPlace(value: JsonValue | undefined, mounts: readonly string[]): Place {
  const path = textOf("pattern", value);
  const problem =
    path.length > PATTERN_CHARS_MAX ? `is longer than ${PATTERN_CHARS_MAX} characters` : starProblem(path);
  if (problem !== undefined) throw new PathError(`the pattern ${problem}`);
  const segments = parse("pattern", path);
  const star = segments.findIndex((segment) => segment.includes("*"));
  const fixed = star < 0 ? segments : segments.slice(0, star);
  return { path, pattern: makePathPattern(path), whole: segments, changes: false, ...inMount(fixed, mounts) };
}

function textOf(key: string, value: JsonValue | undefined): string {
  if (typeof value !== "string") throw new PathError(`the ${key} is not a text`);
  return value;
}

function parse(key: string, text: string): readonly string[] {
  try {
    return parsePath(text);
  } catch (error) {
    if (error instanceof PathError) throw new PathError(`the ${key} ${error.message}`);
    throw error;
  }
}

function inMount(
  segments: readonly string[],
  mounts: readonly string[],
): { mount: string | undefined; segments: readonly string[] } {
  const whole = `/${segments.join("/")}/`;
  const mount = mounts.find((one) => whole.startsWith(`${one}/`));
  return { mount, segments: mount === undefined ? segments : segments.slice(mount.split("/").length - 1) };
}

function readData(value: JsonValue | undefined): Uint8Array {
  try {
    const data = decodeValue(value ?? null);
    if (typeof data === "string") return utf8(data);
    if (data instanceof Uint8Array) return data;
  } catch {
    // Malformed bytes: said below.
  }
  throw new PathError("the data is neither text nor bytes");
}

/** Whether a rule's path is about a place. About a glob it is when some path could be: what it finds is not known here. */
export function touches(rule: PathPattern, place: Place): boolean {
  return place.pattern === undefined ? matchesPath(rule, place.whole) : pathsMeet(rule, place.pattern);
}
