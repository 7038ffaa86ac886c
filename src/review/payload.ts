// A payload as a reader sees it: its value where the bytes could be opened, and otherwise the reason why not.
// Nothing here upgrades what a payload says: who claims it stands in its record's evidence.

import type { LogReader, OpenedPayload } from "../audit/contract.ts";
import type { PayloadRef, PrincipalRef } from "../audit/events.ts";

export type PayloadState = OpenedPayload["state"];

/** `value` is the JSON form (see base/codec) of a JSON payload and the text of any other; present only when shown. */
export interface ReadPayload {
  readonly state: PayloadState;
  readonly value?: unknown;
}

/** Opens a payload. Never throws: bytes that are not the JSON that they are said to be are shown as text. */
export function readPayload(reader: LogReader, ref: PayloadRef): ReadPayload {
  const opened = reader.payload(ref);
  if (opened.state !== "shown") return { state: opened.state };
  return { state: "shown", value: ref.media.startsWith("application/json") ? parsed(opened.text) : opened.text };
}

/** The text of a payload that is prose (a note, a log line); what stands in for it where it cannot be opened. */
export function readText(reader: LogReader, ref: PayloadRef): string {
  const { state, value } = readPayload(reader, ref);
  if (state !== "shown") return `(${state})`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A person's name where its payload opens, the pseudonym otherwise. */
export function readPrincipal(reader: LogReader, principal: PrincipalRef): string {
  if (principal.name === undefined) return principal.id;
  const { value } = readPayload(reader, principal.name);
  return typeof value === "string" ? value : principal.id;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
