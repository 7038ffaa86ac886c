// `enclosure sessions`: who ran what, for whom, and how it ended.

import { type Command, Option } from "commander";
import { summaries, type SessionSummary, type SummaryFilter } from "../review/summary.ts";
import { systemClock } from "../outside/clock.ts";
import { type CommonOptions, type Context, storeOption, withReader } from "./context.ts";
import { parseCount, parseMoment } from "./find.ts";
import { type Cell, printTable } from "./page.ts";
import { cell, counted, shortId, shownCounts, shownTime } from "./words.ts";

interface Options extends CommonOptions {
  readonly agent?: string;
  readonly principal?: string;
  readonly status?: NonNullable<SummaryFilter["status"]>;
  readonly since?: number;
  readonly until?: number;
  readonly limit?: number;
}

const STATUSES = ["completed", "failed", "denied", "limit", "stalled", "crashed", "interrupted", "open"];

export function declare(command: Command, context: Context): void {
  sessionFilters(storeOption(command))
    .addOption(new Option("--status <status>", "only sessions that ended so").choices(STATUSES))
    .option("--limit <n>", "at most so many, the newest first", parseCount(1))
    .addHelpText(
      "after",
      "\nExamples:\n  enclosure sessions --since 7d --status denied\n  enclosure sessions --agent refund-desk --json",
    )
    .action((options: Options) => listSessions(context, options));
}

/** The options by which `sessions` and `calls` choose sessions. */
export function sessionFilters(command: Command): Command {
  const moment = parseMoment(() => systemClock.nowMs());
  return command
    .option("--agent <name>", "only sessions of this agent")
    .option("--principal <who>", "only sessions run by or for this person (name or pseudonym)")
    .option("--since <when>", "from then on: 30d, 12h, or a date", moment)
    .option("--until <when>", "up to then", moment);
}

/** What {@link sessionFilters} were given as. */
export function filterOf({ agent, principal, status, since, until, limit }: Options): SummaryFilter {
  return {
    ...(agent !== undefined && { agent }),
    ...(principal !== undefined && { principal }),
    ...(status !== undefined && { status }),
    ...(since !== undefined && { sinceMs: since }),
    ...(until !== undefined && { untilMs: until }),
    ...(limit !== undefined && { limit }),
  };
}

async function listSessions(context: Context, options: Options): Promise<void> {
  const pages = context.pages(options);
  await withReader(context, options, (reader) => {
    const rows = [...summaries(reader, filterOf(options))];
    if (pages.json) return pages.give({ version: 1, sessions: rows });
    const heads = ["session", "opened (UTC)", "agent", "version", "by", "for", "status", "calls"];
    if (rows.length > 0) printTable(pages.out, heads, rows.map(cells), { elastic: [5, 4, 3, 2], fold: true });
    pages.err.line(pages.err.paint("dim", counted(rows.length, "session")));
    const newest = rows[0];
    pages.next(newest === undefined ? "enclosure run AGENT" : `enclosure show ${shortId(newest.session)}`);
  });
}

function cells(row: SessionSummary): readonly Cell[] {
  return [
    cell(shortId(row.session), "cyan"),
    cell(shownTime(row.openedAt)),
    cell(row.agent),
    cell(row.agentVersion),
    cell(row.principal),
    cell(row.onBehalfOf ?? "-"),
    statusCell(row),
    cell(shownCounts(row.calls, row.refusedInside ?? 0)),
  ];
}

export function statusCell({ status, live }: Pick<SessionSummary, "status" | "live">): Cell {
  if (status === null) return live ? cell("running", "cyan") : cell("cut off", "yellow");
  if (status === "completed") return cell(status, "green");
  return cell(status, status === "denied" ? "red" : "yellow");
}
