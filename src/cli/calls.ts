// `enclosure calls`: what was called, what came of it, and by which rule.

import type { Command } from "commander";
import type { LogReader } from "../audit/contract.ts";
import type { SessionId } from "../base/ids.ts";
import { makeSourceLocator } from "../bundle/locate.ts";
import { type CallRow, callsOf } from "../review/calls.ts";
import { summaries } from "../review/summary.ts";
import { type CommonOptions, type Context, storeOption, withReader } from "./context.ts";
import { findSession } from "./find.ts";
import { type Cell, printTable } from "./page.ts";
import { filterOf, sessionFilters } from "./sessions.ts";
import { visibleJson } from "./visible.ts";
import { cell, counted, markCell, shortId, shownDuration } from "./words.ts";

interface Options extends CommonOptions {
  readonly agent?: string;
  readonly principal?: string;
  readonly since?: number;
  readonly until?: number;
  readonly denied?: true;
  readonly failed?: true;
  readonly capability?: string;
  readonly target?: string;
  readonly grep?: string;
}

export function declare(command: Command, context: Context): void {
  sessionFilters(storeOption(command))
    .argument("[session]", 'an id, the first digits of one, or "last" (default: all sessions)')
    .option("--denied", "only refused calls")
    .option("--failed", "only calls that failed or whose outcome is unknown")
    .option("--capability <name>", "only calls of this capability, or of capability.function")
    .option("--target <name>", "only calls that touched this target")
    .option("--grep <text>", "only calls that hold this text in names, argument, result or error")
    .addHelpText(
      "after",
      "\nExamples:\n  enclosure calls last --denied\n  enclosure calls --since 7d --capability refunds.pay --json",
    )
    .action((session: string | undefined, options: Options) => listCalls(context, session, options));
}

async function listCalls(context: Context, name: string | undefined, options: Options): Promise<void> {
  const pages = context.pages(options);
  await withReader(context, options, (reader) => {
    const sessions = chosen(reader, name, options);
    const rows = sessions.flatMap((id) =>
      callsOf(reader, id, { makeLocator: makeSourceLocator }).filter((row) => passes(row, options)),
    );
    if (pages.json) return pages.give({ version: 1, calls: rows });
    const several = sessions.length !== 1;
    if (rows.length > 0) printCalls(pages.out, rows, several);
    pages.err.line(pages.err.paint("dim", `${counted(rows.length, "call")} of ${counted(sessions.length, "session")}`));
    const first = rows[0];
    pages.next(first === undefined ? "enclosure sessions" : `enclosure call ${shortId(first.session)} ${first.n}`);
  });
}

function chosen(reader: LogReader, name: string | undefined, options: Options): readonly SessionId[] {
  if (name !== undefined) return [findSession(reader, name)];
  return [...summaries(reader, filterOf(options))].map(({ session }) => session).reverse();
}

function passes(row: CallRow, { denied, failed, capability, target, grep }: Options): boolean {
  if (denied && row.verdict !== "denied") return false;
  if (failed && row.effectState !== "failed" && row.effectState !== "unknown") return false;
  if (capability !== undefined && row.capability !== capability && `${row.capability}.${row.function}` !== capability)
    return false;
  if (target !== undefined && row.target?.name !== target) return false;
  return grep === undefined || JSON.stringify(row).includes(JSON.stringify(grep).slice(1, -1));
}

function printCalls(page: Parameters<typeof printTable>[0], rows: readonly CallRow[], several: boolean): void {
  const heads = [...(several ? ["session"] : []), "n", "", "call", "effect", "argument", "outcome", "rule", "took"];
  printTable(
    page,
    heads,
    rows.map((row) => [...(several ? [cell(shortId(row.session), "cyan")] : []), ...cells(row)]),
    // The argument gives way first, then what came of it, then the call's name.
    { elastic: several ? [5, 6, 3] : [4, 5, 2] },
  );
}

/** Columns for an argument where the page has no bound. */
const ARGUMENT_CHARS_MAX = 60;

function cells(row: CallRow): readonly Cell[] {
  const { n, effect, rule, durationMs, payloads } = row;
  const argument = payloads.arguments === "shown" ? visibleJson(row.arguments) : `(${payloads.arguments})`;
  return [
    cell(row.parent === undefined ? String(n) : `↳${n}`),
    markCell(row.undecided ? "held" : row.effectState),
    cell(callName(row)),
    cell(effect ?? "-"),
    {
      text: argument.length > ARGUMENT_CHARS_MAX ? `${argument.slice(0, ARGUMENT_CHARS_MAX)}…` : argument,
      style: "dim",
    },
    cell(shownOutcome(row)),
    cell(rule === undefined ? "-" : `line ${rule.line}`),
    cell(shownDuration(durationMs)),
  ];
}

/** The call's name; one that the manifest does not have is the agent's own text, and marked. */
export function callName({ capability, function: fn, asked }: CallRow): string {
  return asked === undefined ? `${capability}.${fn}` : `${asked.capability}.${asked.function} (not in the manifest)`;
}

export function shownOutcome({ verdict, effectState, code, undecided, cancelled }: CallRow): string {
  if (undecided) return "held, never decided";
  const word = verdict === "denied" ? "refused" : effectState;
  return `${word}${code === undefined ? "" : ` ${code}`}${cancelled && code !== "CALL_CANCELLED" ? ", cancelled" : ""}`;
}
