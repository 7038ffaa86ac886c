// From a place in a session's compiled script to the agent's source, by the source map that the log keeps with the session.

import type { LogReader } from "../audit/contract.ts";
import type { EventData } from "../audit/events.ts";
import { fromUtf8, type HexDigest } from "../base/bytes.ts";
import type { LocateSource } from "../base/source.ts";

/** Reads a source map, for many look-ups. Handed in, so that what reviews stays pure. */
export type MakeLocator = (sourceMap: string) => LocateSource;

/** The map is read once, and only if a place is asked for. */
export function sessionLocator(
  reader: LogReader,
  { agent }: EventData["session.opened"],
  make: MakeLocator,
): LocateSource {
  let locate: LocateSource | undefined;
  return (line, column) => {
    locate ??= make(mapText(reader, agent.sourceMap.sha256));
    return locate(line, column);
  };
}

/** Empty where the log has no such artefact: a map in which nothing is found. */
function mapText(reader: LogReader, sourceMap: HexDigest): string {
  const bytes = reader.artefact(sourceMap);
  return bytes === undefined ? "" : fromUtf8(bytes);
}
