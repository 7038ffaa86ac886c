// `enclosure show`: a session from its opening to its end, in the order of the log.

import type { Command } from "commander";
import { isJsonObject } from "../base/json.ts";
import { makeSourceLocator } from "../bundle/locate.ts";
import { type SessionView, type TimelineEntry, viewSession } from "../review/timeline.ts";
import { amount } from "../session/judge.ts";
import { callName, shownOutcome } from "./calls.ts";
import { type CommonOptions, type Context, storeOption, withReader } from "./context.ts";
import { findSession } from "./find.ts";
import type { Cell, Page } from "./page.ts";
import { statusCell } from "./sessions.ts";
import { clipped, visible, visibleJson, visibleLines } from "./visible.ts";
import { cell, markCell, shortId, shownCounts, shownDuration, shownEnding, shownTime, withoutCode } from "./words.ts";

export function declare(command: Command, context: Context): void {
  storeOption(command)
    .argument("<session>", 'an id, the first digits of one, or "last"')
    .addHelpText("after", "\nExample:\n  enclosure show last")
    .action((session: string, options: CommonOptions) => showSession(context, session, options));
}

async function showSession(context: Context, name: string, options: CommonOptions): Promise<void> {
  const pages = context.pages(options);
  await withReader(context, options, (reader) => {
    const id = findSession(reader, name);
    const view = viewSession(reader, id, { makeLocator: makeSourceLocator });
    if (pages.json) return pages.give(sessionJson(view));
    printHead(pages.out, view);
    pages.out.line();
    for (const entry of view.timeline) printEntry(pages.out, entry);
    const short = shortId(id);
    const { denied } = view.summary.calls;
    pages.next(
      `enclosure calls ${short}${denied > 0 ? " --denied" : ""}`,
      `enclosure logs ${short}`,
      "enclosure verify",
    );
  });
}

function sessionJson({ summary, opened, purpose, correlation, timeline }: SessionView): object {
  const { agent, authority, walls, limits, fingerprint } = opened.data;
  return {
    version: 1,
    ...summary,
    purpose,
    correlation,
    source: agent,
    authority,
    walls,
    limits,
    fingerprint,
    timeline,
  };
}

function printHead(page: Page, { summary, opened, purpose, correlation }: SessionView): void {
  const { agent, authority, walls } = opened.data;
  const row = (label: string, text: string | readonly Cell[]): void =>
    page.foreign(`${page.paint("dim", label.padEnd(10))} `, text, `${" ".repeat(9)}| `);
  const status = statusCell(summary);
  const claimed = opened.data.principal.evidence === "observed" ? "" : " (as the operator says)";
  row("session", [{ text: summary.session, style: "cyan" }]);
  row("agent", [
    { text: visible(`${summary.agent} ${summary.agentVersion}`) },
    { text: `  source ${shortId(agent.source.sha256)}`, style: "dim" },
  ]);
  row("run by", visible(summary.principal) + claimed);
  if (summary.onBehalfOf !== null) row("for", visible(summary.onBehalfOf));
  if (purpose !== null) row("purpose", visible(purpose));
  if (correlation !== null) row("relates to", visibleJson(correlation));
  const profile = authority.profile === null ? "" : `, profile ${visible(authority.profile)}`;
  row("manifest", `${shortId(authority.manifest.sha256)}${profile}${authority.lock === null ? ", not pinned" : ""}`);
  row("walls", walls.map(visible).join(", "));
  row("opened", `${shownTime(summary.openedAt)} UTC at seq ${summary.seq}`);
  if (summary.closedAt !== null) row("closed", `${shownTime(summary.closedAt)} UTC`);
  row("status", [status]);
  row("calls", shownCounts(summary.calls, summary.refusedInside));
}

/** Columns for a value where the page has no bound. */
const VALUE_COLUMNS_MAX = 160;

/** Begins the rows on which an entry goes on, after its time. */
const BELOW = "  | ";

function printEntry(page: Page, entry: TimelineEntry): void {
  const room = Math.min(page.columns, VALUE_COLUMNS_MAX);
  const head = `${page.paint("dim", entry.at.slice(11, 23))} `;
  const line = (text: string | readonly Cell[]): void => page.foreign(head, text, head + BELOW);
  switch (entry.kind) {
    case "input":
    case "output": {
      const { state, value } = entry.payload;
      if (isJsonObject(value) && value["$type"] === "undefined") return line(`${entry.kind.padEnd(6)} (none)`);
      return line(
        `${entry.kind.padEnd(6)} ${clipped(state === "shown" ? visibleJson(value) : `(${state})`, room - 20)}`,
      );
    }
    case "note":
      return agentLines(page, head, "note", entry.text);
    case "log":
      return agentLines(page, head, entry.level, entry.text);
    case "call":
      return printCall(page, head, entry.call, room - 13);
    case "held":
      return line([
        markCell("held"),
        { text: ` ${entry.call} ${visible(`${entry.capability}.${entry.function}`)}  waits for approval` },
      ]);
    case "approval":
      return line(clipped(visible(`  ${entry.call} ${shownApproval(entry)}`), room - 13));
    case "cancelled":
      return line(`  ${entry.call} cancelled by the agent`);
    case "limit": {
      const { limit, used, max } = entry;
      return line([cell(`limit ${limit}: ${amount(limit, used)} of ${amount(limit, max)}`, "yellow")]);
    }
    case "closed":
      return printClosed(page, head, entry);
  }
}

function shownApproval({ granted, by, how, reason }: Extract<TimelineEntry, { kind: "approval" }>): string {
  return `${granted ? "approved" : "refused"} by ${by} (${how})${reason === null ? "" : `: ${reason}`}`;
}

/** How it ended, and why: in whose words, and where in the agent. */
function printClosed(page: Page, head: string, entry: Extract<TimelineEntry, { kind: "closed" }>): void {
  const { status, code, error, evidence } = entry;
  const { message, stack } = isJsonObject(error) ? error : {};
  const ending = cell(`${status}${code === null ? "" : ` [${code}]`}`, "bold");
  const said =
    typeof message === "string"
      ? `  ${shownEnding(withoutCode(message, code ?? ""), evidence === "agent_claimed")}`
      : "";
  page.foreign(head, [ending, cell(said)], head + BELOW);
  if (typeof stack !== "string") return;
  const marked = head + page.paint("dim", "agent | ");
  for (const frame of visibleLines(stack)) page.foreign(marked, [{ text: frame, style: "dim" }]);
}

/** What the agent claims looks different from what was observed. */
function agentLines(page: Page, head: string, kind: string, text: string): void {
  const marked = head + page.paint("dim", `agent ${kind} | `);
  for (const said of visibleLines(text)) page.foreign(marked, [{ text: said, style: "dim" }]);
}

function printCall(
  page: Page,
  head: string,
  call: Extract<TimelineEntry, { kind: "call" }>["call"],
  room: number,
): void {
  const mark = markCell(call.undecided ? "held" : call.effectState);
  const source = call.source === undefined ? "" : `  agent says ${call.source.file}:${call.source.line}`;
  const took = call.durationMs === null ? "" : `  ${shownDuration(call.durationMs)}`;
  const outcome = call.effectState === "confirmed" ? "" : `  ${shownOutcome(call)}`;
  const value = call.payloads.arguments === "shown" ? visibleJson(call.arguments) : `(${call.payloads.arguments})`;
  const start = visible(`${call.n} ${callName(call)}`);
  const end = visible(`${outcome}${took}${source}`);
  const shown = clipped(value, Math.max(12, room - start.length - end.length - 3));
  page.foreign(head, [mark, { text: ` ${start} ${shown}${end}` }], head + BELOW);
}
