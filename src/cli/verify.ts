// `enclosure verify`: separate verdicts, one a line, never one green tick. The keys come from outside the store.

import { resolve } from "node:path";
import type { Command } from "commander";
import type { Judgement, Verdict, VerifyReport } from "../audit/verdict.ts";
import { EXIT, type ExitStatus } from "../base/errors.ts";
import { type CommonOptions, type Context, homePath, type Pages, storeOption, storePath } from "./context.ts";
import { readNamedFile } from "./find.ts";
import type { Cell } from "./page.ts";
import { makeProgress } from "./progress.ts";
import { visible, wrapped } from "./visible.ts";
import { counted } from "./words.ts";

interface Options extends CommonOptions {
  readonly key?: readonly string[];
  readonly checkpoint?: string;
}

export function declare(command: Command, context: Context): void {
  storeOption(command)
    .option(
      "--key <vkey>",
      "trust this verification key, and no other; may be repeated (default: this user's own, log.vkey)",
      collect,
    )
    .option(
      "--checkpoint <file>",
      "an older checkpoint that was kept elsewhere: the log must still hold all that it covers",
    )
    .addHelpText(
      "after",
      `
A log's verification key is logs/*/log.vkey in the folder of keys (~/.config/enclosure, or what doctor names), and stands
as "key" in the JSON: give it to whoever is to verify. \`enclosure checkpoint\` prints what --checkpoint takes: keep it
where nobody who can write the store can write.

Examples:
  enclosure verify
  enclosure checkpoint > elsewhere/2026-11.txt
  enclosure verify --checkpoint elsewhere/2026-11.txt
  enclosure verify --store audit.db --key "$(cat desk.vkey)"

Exit: 0 valid, 5 something is invalid, 8 incomplete, 7 something cannot be checked.`,
    )
    .action(async (options: Options) => {
      context.exit = await verify(context, options);
    });
}

function collect(key: string, keys: readonly string[] = []): readonly string[] {
  return [...keys, key];
}

async function verify(context: Context, options: Options): Promise<ExitStatus> {
  const pages = context.pages(options);
  const path = storePath(context, options);
  const { checkpoint, key } = options;
  const oldCheckpoint = checkpoint === undefined ? undefined : readNote(resolve(context.cwd, checkpoint));
  const { verifyStore } = await import("../store/verify.ts");
  using progress = makeProgress(pages.err);
  const report = await verifyStore({
    path,
    home: homePath(context),
    ...(key && { vkeys: key }),
    ...(oldCheckpoint !== undefined && { oldCheckpoint }),
    onProgress: (records: number) => progress.update(`${counted(records, "record")} checked`),
  });
  progress[Symbol.dispose]();
  if (pages.json) pages.give(report);
  else printReport(pages, report);
  return exitOf(Object.values(report.verdicts).map(({ verdict }) => verdict));
}

/** A note ends with one line's end; what wrote the file may have added another, or cut it off. */
function readNote(path: string): string {
  return `${readNamedFile(path).trimEnd()}\n`;
}

const STYLES: Readonly<Record<Verdict, NonNullable<Cell["style"]>>> = {
  ok: "green",
  invalid: "red",
  incomplete: "yellow",
  "cannot-check": "yellow",
  "not-asked": "dim",
};

const VERDICT_COLUMNS = "cannot-check".length;
/** Details are not wrapped narrower than this, however narrow the terminal. */
const DETAIL_COLUMNS_MIN = 24;

/** Numbers of records that are listed for one verdict. */
const SEQS_SHOWN_MAX = 10;

export function printReport({ out, next }: Pick<Pages, "out" | "next">, report: VerifyReport): void {
  const { verdicts, records, sessions, unanchored, key } = report;
  const width = Math.max(...Object.keys(verdicts).map((name) => name.length));
  const hang = width + VERDICT_COLUMNS + 4;
  for (const [name, { verdict, detail, seqs = [] }] of Object.entries<Judgement>(verdicts)) {
    const where =
      seqs.length === 0
        ? ""
        : ` (seq ${seqs.slice(0, SEQS_SHOWN_MAX).join(", ")}${seqs.length > SEQS_SHOWN_MAX ? ", …" : ""})`;
    const [first = "", ...rest] = wrapped(visible(detail) + where, Math.max(out.columns - hang, DETAIL_COLUMNS_MIN));
    const head = `${name.padEnd(width)}  ${out.paint(STYLES[verdict], verdict.padEnd(VERDICT_COLUMNS))}`;
    out.line(`${head}  ${first}`.trimEnd());
    for (const line of rest) out.line(" ".repeat(hang) + line);
  }
  out.line(
    `${counted(records, "record")} of ${counted(sessions, "session")}; ${unanchored.records} after the last signed checkpoint`,
  );
  if (key !== null) out.line(visible(`signed with the key ${key.split("+")[1]} of ${key.split("+")[0]}`));
  next(nextStep(report));
}

/** What helps with what was found; the numbers of all records in question stand in the JSON alone. */
function nextStep({ valid, verdicts }: VerifyReport): string {
  const exit = exitOf(Object.values(verdicts).map(({ verdict }) => verdict));
  if (valid) return "enclosure sessions";
  if (exit === EXIT.invalid) return "enclosure verify --json";
  if (exit === EXIT.incomplete) return "enclosure sessions --status open";
  return verdicts.signatures.verdict === "cannot-check" ? "enclosure verify --key VKEY" : "enclosure doctor";
}

/** What is invalid outweighs what is missing, and that what cannot be checked. */
export function exitOf(verdicts: readonly Verdict[]): ExitStatus {
  if (verdicts.includes("invalid")) return EXIT.invalid;
  if (verdicts.includes("incomplete")) return EXIT.incomplete;
  return verdicts.includes("cannot-check") ? EXIT.cannotTell : EXIT.ok;
}
