// `enclosure call`: one call with its values, the rule that decided it as it stood in the manifest, the agent's source
// line, and its place in the log.

import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { LogReader } from "../audit/contract.ts";
import { fromUtf8, type HexDigest } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { makeSourceLocator } from "../bundle/locate.ts";
import { type CallRow, callsOf } from "../review/calls.ts";
import { callName, shownOutcome } from "./calls.ts";
import { type CommonOptions, type Context, type Pages, storeOption, withReader } from "./context.ts";
import { findSession } from "./find.ts";
import { visible, visibleJson, visibleLines } from "./visible.ts";
import { codeFrame } from "./voice.ts";
import { shortId, shownDuration, shownEvidence, shownTime } from "./words.ts";

export function declare(command: Command, context: Context): void {
  storeOption(command)
    .argument("<session>", 'an id, the first digits of one, or "last"')
    .argument("<n>", "the call's number in the session", parseCallNumber)
    .addHelpText("after", "\nExample:\n  enclosure call last 3")
    .action((session: string, n: number, options: CommonOptions) => showCall(context, session, n, options));
}

function parseCallNumber(text: string): number {
  if (!/^-?[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Expected the number of a call.");
  return Number(text);
}

async function showCall(context: Context, name: string, n: number, options: CommonOptions): Promise<void> {
  const pages = context.pages(options);
  await withReader(context, options, (reader) => {
    const id = findSession(reader, name);
    const row = callsOf(reader, id, { makeLocator: makeSourceLocator, only: (call) => call === n })[0];
    if (row === undefined) throw new EnclosureError("CALL_MISSING", `session ${shortId(id)} has no call ${n}`);
    if (pages.json) return pages.give({ version: 1, call: row });
    printCall(pages, reader, row);
    pages.next(`enclosure show ${shortId(id)}`, `enclosure calls ${shortId(id)}`);
  });
}

function printCall(pages: Pages, reader: LogReader, row: CallRow): void {
  const { out } = pages;
  const field = (label: string, text: string): void =>
    out.foreign(`${out.paint("dim", label.padEnd(10))} `, text, `${" ".repeat(9)}| `);
  field("call", `${row.n} of session ${shortId(row.session)}`);
  field("function", visible(callName(row)));
  field("effect", row.effect ?? "-");
  if (row.target) field("target", visible(`${row.target.kind} ${row.target.name}`));
  field("decided", `${shownTime(row.at)} UTC`);
  field(
    "outcome",
    visible(shownOutcome(row)) + (row.durationMs === null ? "" : ` in ${shownDuration(row.durationMs)}`),
  );
  field("evidence", shownEvidence(row.evidence));
  if (row.approval) {
    const { by, granted, how, reason } = row.approval;
    field(
      "approval",
      visible(`${granted ? "granted" : "refused"} by ${by} (${how})${reason === undefined ? "" : `: ${reason}`}`),
    );
  }
  if (row.source)
    field("source", visible(`${row.source.file}:${row.source.line}:${row.source.column} (the agent's claim)`));
  field("log", `seq ${row.seq}`);
  if (row.rule) {
    field("rule", visible(`${row.rule.pointer} of manifest ${shortId(row.authority.manifest)}`));
    for (const line of ruleFrame(reader, row.authority.manifest, row.rule, out.columns)) out.line(line);
  }
  printPayload(pages, "argument", row.payloads.arguments, row.arguments);
  if (row.payloads.result) printPayload(pages, "result", row.payloads.result, row.result);
  if (row.payloads.error) printPayload(pages, "error", row.payloads.error, row.error);
}

/** The rule's lines in the manifest that was in force, from the log's own copy of it. */
function ruleFrame(
  reader: LogReader,
  manifest: HexDigest,
  rule: NonNullable<CallRow["rule"]>,
  columns: number,
): readonly string[] {
  const bytes = reader.artefact(manifest);
  return bytes === undefined ? [] : codeFrame(fromUtf8(bytes).split(/\r?\n/), rule.line, rule.column, columns);
}

function printPayload({ out }: Pages, label: string, state: string, value: unknown): void {
  out.line(out.paint("dim", `${label}:`));
  if (state !== "shown") return out.line(`  (${state})`);
  const lines = typeof value === "string" ? visibleLines(value) : visibleJson(value, 2).split("\n");
  for (const line of lines) out.foreign("  ", line, "| ");
}
