// `enclosure verify`: separate verdicts, one a line, never one green tick. The keys come from outside the store.

import { resolve } from "node:path";
import type { Command } from "commander";
import type { Judgement, Verdict, VerifyReport } from "../audit/verdict.ts";
import { EXIT, type ExitStatus } from "../base/errors.ts";
import { type CommonOptions, type Context, homePath, type Pages, storeOption, storePath } from "./context.ts";
import { readNamedFile } from "./find.ts";
import type { Cell } from "./page.ts";
import { makeProgress } from "./progress.ts";
import { visible } from "./visible.ts";
import { counted } from "./words.ts";

interface Options extends CommonOptions {
  readonly key?: readonly string[];
  readonly checkpoint?: string;
}

export function declare(command: Command, context: Context): void {
  storeOption(command)
    .option(
      "--key <vkey>",
      "trust this verification key, and no other; may be repeated (default: the keys of this user)",
      collect,
    )
    .option(
      "--checkpoint <file>",
      "an older checkpoint that was kept elsewhere: the log must still hold all that it covers",
    )
    .addHelpText(
      "after",
      `
Examples:
  enclosure verify
  enclosure verify --store audit.db --key "$(cat auditor.vkey)" --checkpoint last-month.txt

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
  const oldCheckpoint = checkpoint === undefined ? undefined : readNamedFile(resolve(context.cwd, checkpoint));
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

const STYLES: Readonly<Record<Verdict, NonNullable<Cell["style"]>>> = {
  ok: "green",
  invalid: "red",
  incomplete: "yellow",
  "cannot-check": "yellow",
  "not-asked": "dim",
};

/** Numbers of records that are listed for one verdict. */
const SEQS_SHOWN_MAX = 10;

function printReport({ out, next }: Pages, { verdicts, records, sessions, unanchored, valid }: VerifyReport): void {
  const width = Math.max(...Object.keys(verdicts).map((name) => name.length));
  for (const [name, { verdict, detail, seqs = [] }] of Object.entries<Judgement>(verdicts)) {
    const where =
      seqs.length === 0
        ? ""
        : ` (seq ${seqs.slice(0, SEQS_SHOWN_MAX).join(", ")}${seqs.length > SEQS_SHOWN_MAX ? ", …" : ""})`;
    out.line(
      `${name.padEnd(width)}  ${out.paint(STYLES[verdict], verdict.padEnd(12))}  ${visible(detail)}${where}`.trimEnd(),
    );
  }
  out.line(
    `${counted(records, "record")} of ${counted(sessions, "session")}; ${unanchored.records} after the last signed checkpoint`,
  );
  next(valid ? "enclosure sessions" : "enclosure sessions --status open");
}

/** What is invalid outweighs what is missing, and that what cannot be checked. */
export function exitOf(verdicts: readonly Verdict[]): ExitStatus {
  if (verdicts.includes("invalid")) return EXIT.invalid;
  if (verdicts.includes("incomplete")) return EXIT.incomplete;
  return verdicts.includes("cannot-check") ? EXIT.cannotTell : EXIT.ok;
}
