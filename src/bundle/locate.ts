// From a place in the compiled script back to the agent's source, for those who review a record: its source map is an
// artefact of the session.

import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import type { LocateSource, SourcePlace } from "../base/source.ts";

/** Reads the map once, for many look-ups. Places of our own frame around the agent are undefined, as is a map that is none. */
export function makeSourceLocator(sourceMap: string): LocateSource {
  const map = readMap(sourceMap);
  return (line, column) => {
    if (map === undefined || line < 1 || column < 1) return undefined;
    const found = originalPositionFor(map, { line, column: column - 1 });
    if (found.source === null) return undefined;
    // The tracer resolves sources as URLs; the map's own spelling is what stands among the inputs.
    const file = map.sources[map.resolvedSources.indexOf(found.source)] ?? found.source;
    return file.startsWith("enclosure:") ? undefined : { file, line: found.line, column: found.column + 1 };
  };
}

/** Where a place of the compiled script (line and column from 1) stands in the agent's source. */
export function locateInSource(sourceMap: string, line: number, column: number): SourcePlace | undefined {
  return makeSourceLocator(sourceMap)(line, column);
}

function readMap(sourceMap: string): TraceMap | undefined {
  try {
    return new TraceMap(sourceMap);
  } catch {
    return undefined;
  }
}
