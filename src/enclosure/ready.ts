// The first frame of a guest process: what it is, and what it had used before any agent code ran in it.

import type { GuestFacts } from "./contract.ts";
import type { FrameHeader } from "./frames.ts";
import { ProtocolBreak, PROTOCOL } from "./frames.ts";

export interface Ready {
  readonly versions: Omit<GuestFacts["versions"], "isolatedVm">;
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** @throws ProtocolBreak when the frame is another, or speaks another version of the protocol */
export function parseReady(header: FrameHeader): Ready {
  if (header.type !== "ready") throw new ProtocolBreak(`${header.type} instead of ready`);
  if (header["protocol"] !== PROTOCOL) throw new ProtocolBreak("another version of the protocol");
  const text = (name: string): string => {
    const value = header[name];
    if (typeof value !== "string" || value.length > 64) throw new ProtocolBreak(`ready without a good ${name}`);
    return value;
  };
  const number = (name: string): number => {
    const value = header[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new ProtocolBreak(`ready without a good ${name}`);
    return value as number;
  };
  const versions = { node: text("node"), v8: text("v8"), icu: text("icu"), tz: text("tz"), unicode: text("unicode") };
  return { versions, cpuMs: number("cpuUs") / 1000, residentBytes: number("rssBytes") };
}
