// How values are worded for a person: ids, times, amounts, verdicts, evidence.

import { isAbsolute, relative } from "node:path";
import type { CallCounts, Evidence } from "../audit/events.ts";
import type { CallState } from "../session/contract.ts";
import type { Cell, Page } from "./page.ts";
import { visible } from "./visible.ts";

/** Enough of a session's id to name it. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** `2026-11-23 18:26:28`, UTC. */
export function shownTime(time: string): string {
  return time.slice(0, 19).replace("T", " ");
}

export function shownDuration(ms: number | null): string {
  if (ms === null) return "";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** The failed and the unknown are among the admitted. `refusedInside`: calls refused within the guest, which are not among the counts; null where nobody knows. */
export function shownCounts(
  { admitted, denied, failed, unknown }: CallCounts,
  refusedInside: number | null = 0,
): string {
  const ill = [...(failed > 0 ? [`${failed} failed`] : []), ...(unknown > 0 ? [`${unknown} unknown`] : [])];
  const parts = [`${admitted} admitted${ill.length === 0 ? "" : ` (${ill.join(", ")})`}`, `${denied} refused`];
  if (refusedInside === null) parts.push("refused inside: not known");
  else if (refusedInside > 0) parts.push(`${refusedInside} refused inside`);
  return parts.join(", ");
}

type MarkedState = CallState | "none";

const MARKS: Readonly<Record<MarkedState, { readonly mark: string; readonly style: NonNullable<Cell["style"]> }>> = {
  admitted: { mark: ">", style: "dim" },
  confirmed: { mark: "✓", style: "green" },
  denied: { mark: "✗", style: "red" },
  none: { mark: "✗", style: "red" },
  held: { mark: "…", style: "cyan" },
  failed: { mark: "!", style: "yellow" },
  unknown: { mark: "?", style: "yellow" },
};

export function markCell(state: MarkedState): Cell {
  const { mark, style } = MARKS[state];
  return { text: mark, style };
}

export function shownMark(page: Page, state: MarkedState): string {
  const { mark, style } = MARKS[state];
  return page.paint(style, mark);
}

/** Who says so, in words that cannot be taken for one another. */
export function shownEvidence(evidence: Evidence): string {
  return { observed: "observed", host_claimed: "host module says", agent_claimed: "agent says" }[evidence];
}

/** A message beside its code; what the guest was told ends with the code already. */
export function withoutCode(message: string, code: string): string {
  return message.endsWith(` [${code}]`) ? message.slice(0, -code.length - 3) : message;
}

/** Why a session ended; `claimed`: by an error of the agent's own, whose words anybody may have chosen. */
export function shownEnding(message: string, claimed: boolean): string {
  return claimed ? `the agent says: ${message}` : message;
}

/** `n` things, in English. */
export function counted(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? "" : "s"}`;
}

export function cell(text: string, style?: Cell["style"]): Cell {
  return style === undefined ? { text: visible(text) } : { text: visible(text), style };
}

/** A path as a person at `cwd` would write it. */
export function relativePath(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near === "" || near.startsWith("..") || isAbsolute(near) ? path : near;
}
