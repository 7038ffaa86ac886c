// `enclosure show`: a session from its opening to its end, in the order of the log.

import type { Command } from "commander";
import { isJsonObject } from "../base/json.ts";
import { makeSourceLocator } from "../bundle/locate.ts";
import { type SessionView, type TimelineEntry, viewSession } from "../review/timeline.ts";
import { amount } from "../session/judge.ts";
import { callName, shownOutcome } from "./calls.ts";
import { type CommonOptions, type Context, storeOption, withReader } from "./context.ts";
import { findSession } from "./find.ts";
import type { Page } from "./page.ts";
import { statusCell } from "./sessions.ts";
import { clipped, visible, visibleJson, visibleLines } from "./visible.ts";
import { shortId, shownCounts, shownDuration, shownEnding, shownMark, shownTime, withoutCode } from "./words.ts";

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
  const field = (label: string, text: string): void => page.line(`${page.paint("dim", label.padEnd(10))} ${text}`);
  const status = statusCell(summary);
  const claimed = opened.data.principal.evidence === "observed" ? "" : " (as the operator says)";
  field("session", page.paint("cyan", summary.session));
  field(
    "agent",
    visible(`${summary.agent} ${summary.agentVersion}`) + page.paint("dim", `  source ${shortId(agent.source.sha256)}`),
  );
  field("run by", visible(summary.principal) + claimed);
  if (summary.onBehalfOf !== null) field("for", visible(summary.onBehalfOf));
  if (purpose !== null) field("purpose", visible(purpose));
  if (correlation !== null) field("relates to", visibleJson(correlation));
  const profile = authority.profile === null ? "" : `, profile ${visible(authority.profile)}`;
  field("manifest", `${shortId(authority.manifest.sha256)}${profile}${authority.lock === null ? ", not pinned" : ""}`);
  field("walls", walls.map(visible).join(", "));
  field("opened", `${shownTime(summary.openedAt)} UTC at seq ${summary.seq}`);
  if (summary.closedAt !== null) field("closed", `${shownTime(summary.closedAt)} UTC`);
  field("status", status.style === undefined ? status.text : page.paint(status.style, status.text));
  field("calls", shownCounts(summary.calls, summary.refusedInside));
}

/** Columns for a value where the page has no bound. */
const VALUE_COLUMNS_MAX = 160;

function printEntry(page: Page, entry: TimelineEntry): void {
  const room = Math.min(page.columns, VALUE_COLUMNS_MAX);
  const head = `${page.paint("dim", entry.at.slice(11, 23))} `;
  const line = (text: string): void => page.line(`${head}${text}`);
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
      return line(shownCall(page, entry.call, room - 13));
    case "held":
      return line(
        `${shownMark(page, "held")} ${entry.call} ${visible(`${entry.capability}.${entry.function}`)}  waits for approval`,
      );
    case "approval":
      return line(clipped(visible(`  ${entry.call} ${shownApproval(entry)}`), room - 13));
    case "cancelled":
      return line(`  ${entry.call} cancelled by the agent`);
    case "limit": {
      const { limit, used, max } = entry;
      return line(page.paint("yellow", visible(`limit ${limit}: ${amount(limit, used)} of ${amount(limit, max)}`)));
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
  const ending = page.paint("bold", visible(`${status}${code === null ? "" : ` [${code}]`}`));
  const said =
    typeof message === "string"
      ? `  ${shownEnding(withoutCode(message, code ?? ""), evidence === "agent_claimed")}`
      : "";
  page.line(head + ending + visible(said));
  if (typeof stack !== "string") return;
  for (const frame of visibleLines(stack)) page.line(head + page.paint("dim", `agent | ${frame}`));
}

/** What the agent claims looks different from what was observed. */
function agentLines(page: Page, head: string, kind: string, text: string): void {
  for (const said of visibleLines(text)) page.line(`${head}${page.paint("dim", `agent ${kind} | ${said}`)}`);
}

function shownCall(page: Page, call: Extract<TimelineEntry, { kind: "call" }>["call"], room: number): string {
  const mark = shownMark(page, call.undecided ? "held" : call.effectState);
  const source = call.source === undefined ? "" : `  agent says ${call.source.file}:${call.source.line}`;
  const took = call.durationMs === null ? "" : `  ${shownDuration(call.durationMs)}`;
  const outcome = call.effectState === "confirmed" ? "" : `  ${shownOutcome(call)}`;
  const value = call.payloads.arguments === "shown" ? visibleJson(call.arguments) : `(${call.payloads.arguments})`;
  const start = visible(`${call.n} ${callName(call)}`);
  const end = visible(`${outcome}${took}${source}`);
  return `${mark} ${start} ${clipped(value, Math.max(12, room - start.length - end.length - 3))}${end}`;
}
