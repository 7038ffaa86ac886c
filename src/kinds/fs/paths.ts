// Guest paths: lexical, absolute, POSIX, one spelling each. A path names a mount and segments below it; nothing here
// looks at a disk. What two systems could read differently (dots, empty segments, backslashes, control characters,
// another Unicode normal form, a dot or a blank at a segment's end) is refused, never repaired.

import { utf8Length } from "../../base/bytes.ts";

export const PATH_BYTES_MAX = 4096;
export const SEGMENT_BYTES_MAX = 255;
export const SEGMENTS_MAX = 64;
/** Names of files that the host is writing; they are not the guest's to see. */
export const TEMPORARY_PREFIX = ".enclosure-";

/** A text that is no acceptable path; the message is the end of a sentence. */
export class PathError extends Error {
  override readonly name = "PathError";
}

/** The segments of "/in/a.txt"; none for "/". @throws PathError */
export function parsePath(text: string): readonly string[] {
  if (!text.startsWith("/")) throw new PathError("is not absolute");
  if (utf8Length(text) > PATH_BYTES_MAX) throw new PathError(`is longer than ${PATH_BYTES_MAX} bytes`);
  if (/[\p{Cc}\\]/u.test(text)) throw new PathError("holds a control character or a backslash");
  if (text !== text.normalize("NFC")) throw new PathError("is not in Unicode's composed form (NFC)");
  if (text === "/") return [];
  const segments = text.slice(1).split("/");
  if (segments.length > SEGMENTS_MAX) throw new PathError(`has more than ${SEGMENTS_MAX} segments`);
  for (const segment of segments) {
    if (segment === "") throw new PathError("has an empty segment");
    // With them, those that are nothing but dots.
    if (/[. ]$/.test(segment)) throw new PathError("has a segment that is dots, or ends with a dot or a blank");
    if (segment.startsWith(TEMPORARY_PREFIX)) throw new PathError(`has a segment that starts with ${TEMPORARY_PREFIX}`);
    if (utf8Length(segment) > SEGMENT_BYTES_MAX)
      throw new PathError(`has a segment of more than ${SEGMENT_BYTES_MAX} bytes`);
  }
  return segments;
}

/** Whether one of two absolute, normalised POSIX paths is the other or lies under it. */
export function pathsOverlap(a: string, b: string): boolean {
  const [x, y] = [a, b].map((path) => (path.endsWith("/") ? path : `${path}/`)) as [string, string];
  return x.startsWith(y) || y.startsWith(x);
}

/** The first pair of a mount and a forbidden path that overlap. All of them are absolute, real paths of the host. */
export function overlapWithForbidden(
  mounts: ReadonlyMap<string, string>,
  forbidden: ReadonlyMap<string, string>,
): { readonly mount: string; readonly what: string } | undefined {
  for (const [mount, path] of mounts) {
    for (const [what, other] of forbidden) if (pathsOverlap(path, other)) return { mount, what };
  }
  return undefined;
}
