// Path patterns of the kinds http and fs: "/v2/*/seats/**". `*` stands for any text within a segment (a segment that is
// only a star: at least one character), `**` for any number of whole segments, none included, so that "/a/**" is the
// path /a and all that is under it. Matching takes time linear in the path, for a given pattern.

import { assert } from "../base/assert.ts";

/** The literal texts between the stars of a segment; one text where it has no star. */
type Segment = readonly [string, ...string[]];
const ANY = "**";

export interface PathPattern {
  readonly text: string;
  readonly segments: readonly (Segment | typeof ANY)[];
  /** The segments between the `**`s. */
  readonly runs: readonly (readonly Segment[])[];
}

export const PATTERN_CHARS_MAX = 2048;

/** Reads a pattern (it starts with a slash) whose segments `decode` turns into the text to match. @throws what `decode` throws */
export function makePathPattern(text: string, decode: (segment: string) => string = (segment) => segment): PathPattern {
  assert(text.startsWith("/") && text.length <= PATTERN_CHARS_MAX, "the caller checks the form of a path pattern");
  const segments = text
    .slice(1)
    .split("/")
    .map((segment): Segment | typeof ANY =>
      segment === ANY ? ANY : (segment.split("*").map(decode) as [string, ...string[]]),
    );
  const runs: Segment[][] = [[]];
  for (const segment of segments) {
    if (segment === ANY) runs.push([]);
    else runs.at(-1)?.push(segment);
  }
  return { text, segments, runs };
}

/** What is wrong with a pattern's stars, as the end of a sentence. */
export function starProblem(text: string): string | undefined {
  for (const segment of text.split("/")) {
    if (segment.includes(ANY) && segment !== ANY) return "uses ** inside a segment; it stands for whole segments only";
  }
  return undefined;
}

/** Whether the pattern matches a path of these segments. */
export function matchesPath(pattern: PathPattern, segments: readonly string[]): boolean {
  return fits(pattern.runs, segments.length, (run, at) =>
    run.every((segment, i) => matchesSegment(segment, segments[at + i] as string)),
  );
}

function matchesSegment(segment: Segment, text: string): boolean {
  if (isStar(segment)) return text.length > 0;
  return fits(segment, text.length, (piece, at) => text.startsWith(piece, at));
}

function isStar(segment: Segment): boolean {
  return segment.length === 2 && segment[0] === "" && segment[1] === "";
}

/** Whether runs, with anything between them, make up a whole of `length`: the leftmost fit of each is always right. */
function fits<Run extends { readonly length: number }>(
  runs: readonly Run[],
  length: number,
  fitsAt: (run: Run, at: number) => boolean,
): boolean {
  const first = runs[0] as Run;
  if (runs.length === 1) return first.length === length && fitsAt(first, 0);
  const last = runs.at(-1) as Run;
  const end = length - last.length;
  if (first.length > end || !fitsAt(first, 0) || !fitsAt(last, end)) return false;
  let at = first.length;
  for (const run of runs.slice(1, -1)) {
    while (at + run.length <= end && !fitsAt(run, at)) at++;
    if (at + run.length > end) return false;
    at += run.length;
  }
  return true;
}

/** Whether some path matches both. May say yes where none does, never no where one does. */
export function pathsMeet(a: PathPattern, b: PathPattern): boolean {
  return relate(a.segments, b.segments, ANY, true, (x, y) =>
    x === ANY || y === ANY ? true : relate(tokens(x), tokens(y), null, true, (c, d) => c === d),
  );
}

/** Whether every path that `b` matches is matched by `a`. May say no where it is so, never yes where it is not. */
export function pathCovers(a: PathPattern, b: PathPattern): boolean {
  return relate(a.segments, b.segments, ANY, false, (x, y) => {
    if (x === ANY || y === ANY) return false;
    if (isStar(x)) return isStar(y) || y.some((piece) => piece !== "");
    return relate(tokens(x), tokens(y), null, false, (c, d) => c === d);
  });
}

/** A segment as characters, with null for each star. */
function tokens(segment: Segment): readonly (string | null)[] {
  return segment.flatMap((piece, i) => (i === 0 ? piece.split("") : [null, ...piece.split("")]));
}

/** Walks two sequences with stars side by side: do they meet (`both` stars may stretch), or does `a` cover `b`? */
function relate<Token>(
  a: readonly Token[],
  b: readonly Token[],
  star: Token,
  both: boolean,
  pair: (x: Token, y: Token) => boolean,
): boolean {
  // below[j]: the answer for a's rest after i, and b's from j.
  let below: boolean[] = [];
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = b.length; j >= 0; j--) {
      const aStar = i < a.length && a[i] === star;
      const bStar = j < b.length && b[j] === star;
      if (i === a.length && j === b.length) row[j] = true;
      else if (aStar) row[j] = below[j] === true || (j < b.length && row[j + 1] === true);
      else if (bStar && both) row[j] = row[j + 1] === true || (i < a.length && below[j] === true);
      else
        row[j] = i < a.length && j < b.length && !bStar && pair(a[i] as Token, b[j] as Token) && below[j + 1] === true;
    }
    below = row;
  }
  return below[0] === true;
}
