// Imports whose path is put together at run time: `import("./" + name)`. esbuild expands them over the folders that it
// finds by itself, and refuses the whole build where it finds none. Packages guard such imports (`require` in a try), so
// there they are left to fail when they are reached: `[].join()+` before the path adds nothing to its value, and makes it
// an expression that esbuild does not expand.

import type { Message } from "esbuild";
import { SOURCE, stripNamespace } from "./root.ts";

/** Where such paths begin, by project path of the file: line from 1, column in bytes from 0, as esbuild counts. */
export type GlobPlaces = ReadonlyMap<string, readonly { readonly line: number; readonly column: number }[]>;

export function isGlobMessage(message: Pick<Message, "text">): boolean {
  return /^Could not resolve (?:import|require)\("/.test(message.text);
}

/** The places that esbuild's messages tell, of files that `of` accepts, beside those that are known already. */
export function globPlaces(messages: readonly Message[], of: (path: string) => boolean, known: GlobPlaces): GlobPlaces {
  const places = new Map(known);
  for (const { text, location } of messages) {
    if (location === null || !isGlobMessage({ text }) || !location.file.startsWith(`${SOURCE}:`)) continue;
    const path = stripNamespace(location.file);
    if (of(path)) places.set(path, [...(places.get(path) ?? []), { line: location.line, column: location.column }]);
  }
  return places;
}

/** The source with each of the places made a plain expression. */
export function unglobbed(text: string, places: readonly { readonly line: number; readonly column: number }[]): string {
  const lines = text.split(/(?<=\r\n|[\n\u2028\u2029]|\r(?!\n))/);
  const rightmostFirst = [...places].sort((a, b) => b.column - a.column);
  for (const { line, column } of rightmostFirst) {
    const bytes = Buffer.from(lines[line - 1] ?? "");
    const rest = bytes.subarray(column).toString("utf8");
    if (/^["'`]/.test(rest)) lines[line - 1] = `${bytes.subarray(0, column).toString("utf8")}[].join()+${rest}`;
  }
  return lines.join("");
}
