// The first frame of a guest process: what it is.

import type { GuestFacts } from "./contract.ts";
import type { FrameHeader } from "./frames.ts";
import { ProtocolBreak, PROTOCOL } from "./frames.ts";

/** What a guest process says that it runs on, before any agent code is in it. */
export type Ready = Omit<GuestFacts["versions"], "isolatedVm">;

/** @throws ProtocolBreak when the frame is another, or speaks another version of the protocol */
export function parseReady(header: FrameHeader): Ready {
  if (header.type !== "ready") throw new ProtocolBreak(`${header.type} instead of ready`);
  if (header["protocol"] !== PROTOCOL) throw new ProtocolBreak("another version of the protocol");
  const text = (name: string): string => {
    const value = header[name];
    if (typeof value !== "string" || value.length > 64 || !value.isWellFormed())
      throw new ProtocolBreak(`ready without a good ${name}`);
    return value;
  };
  return { node: text("node"), v8: text("v8"), icu: text("icu"), tz: text("tz"), unicode: text("unicode") };
}
