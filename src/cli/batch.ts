// `enclosure batch`: many sessions on one runtime, some at a time, one result line each as they end. What has been done
// is known from the results file and from the log, so a batch that was cut off goes on where it was.
// Invariants: no job that may have written is ever run a second time; one process at a time runs the jobs of a file.

import { realpathSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import type { LogReader } from "../audit/contract.ts";
import type { HexDigest } from "../base/bytes.ts";
import type { CallCounts } from "../audit/events.ts";
import { EnclosureError, EXIT, type ExitStatus, isFault } from "../base/errors.ts";
import { jobSessions, planJob } from "../review/jobs.ts";
import { resultOf } from "../review/result.ts";
import type { LiveEvent, ReservedPaths, RunOptions, RunResult, Runtime } from "../session/contract.ts";
import { exitOf } from "../session/judge.ts";
import { isOfTheMachine } from "../session/machine.ts";
import { realPathOf } from "../store/place.ts";
import {
  type CommonOptions,
  type Context,
  homePath,
  openReader,
  type Pages,
  storeOption,
  storePath,
} from "./context.ts";
import { confirmedResults } from "./earlier.ts";
import { parseCount, readNamedFile } from "./find.ts";
import { batchDigest, type Job, jobIdentity, jobPaths, parseJobs } from "./jobs-file.ts";
import { makeProgress } from "./progress.ts";
import { faultResult, openResults, type ResultLine, type Results } from "./results.ts";
import { tellMade } from "./run.ts";
import { stopOnSignals } from "./stop.ts";
import { visible, visibleJson } from "./visible.ts";
import { printMend, printWarning } from "./voice.ts";
import { counted, shortId, shownCounts } from "./words.ts";

interface Options extends CommonOptions {
  readonly jobs?: number;
  readonly out?: string;
  readonly requireOsSandbox?: boolean;
}

export function declare(command: Command, context: Context): void {
  storeOption(command)
    .argument("<jobs.jsonl>", "one job a line: {id, agent, manifest, input, as?, onBehalfOf?}")
    .option("--jobs <n>", "sessions at a time (default: one a processor core)", parseCount(1))
    .option("--require-os-sandbox", "run nothing where the operating system's sandbox cannot be put up")
    .option("--out <path>", "append result lines to this file (default: standard output)")
    .addHelpText(
      "after",
      `
Paths in a job are relative to the jobs file. Run the same command again to go on after an interruption: a job with a
result is not run again, nor one that had recorded a write. A batch is known by where its jobs file lies: under another
name, or with new ids, the jobs are run anew. An earlier result counts only where the log has it too; a job that was refused
before it began is tried again. No job may have a mount for writing that holds the jobs, the results or a job's files.

Examples:
  enclosure batch jobs.jsonl --out results.jsonl
  enclosure batch jobs.jsonl --jobs 8 --json

Exit: the highest of the jobs'.`,
    )
    .action(async (file: string, options: Options) => {
      context.exit = await batch(context, resolve(context.cwd, file), options);
    });
}

async function batch(context: Context, path: string, options: Options): Promise<ExitStatus> {
  const pages = context.pages(options);
  const { requireOsSandbox = false } = options;
  const text = readNamedFile(path);
  const file = realpathSync(path);
  const jobs = parseJobs(text, path, dirname(file));
  const { openRuntime } = await import("../session/runtime.ts");
  const store = realPathOf(storePath(context, options));
  using held = new DisposableStack();
  held.use(await claimBatch(file, store));
  using stop = stopOnSignals(pages.err);
  const results = options.out === undefined ? undefined : openOut(resolve(context.cwd, options.out), [file, store]);
  const home = homePath(context);
  const runtime = await openRuntime({ store, home, env: context.env });
  let reader: LogReader | undefined;
  try {
    // Before the history is read: what a process that died has left open is closed then, and its outcomes are named.
    await runtime.open();
    tellMade(pages, runtime, store, home);
    reader = await openReader(store, home);
    const digestOf = (job: Job): Promise<HexDigest> => runtime.batchJob(jobIdentity(job, file, store));
    const earlier = results && (await confirmedResults(jobs, results, reader, digestOf));
    const { reservedOf } = await import("./batch-files.ts");
    // Thousands of manifests take seconds to read: not where all is done.
    const reserved = reservedOf(earlier?.size === jobs.length ? [] : jobs, file, [
      ["the batch's jobs file", path],
      ["the batch's jobs file", file],
      ...(results === undefined ? [] : [["the batch's results file", results.path] as const]),
    ]);
    const work = new Batch(
      { pages, file, reader, runtime, results, reserved, digestOf, signal: stop.signal, requireOsSandbox },
      jobs,
      earlier ?? new Map(),
    );
    await work.run(options.jobs ?? availableParallelism());
    return work.conclude();
  } finally {
    await runtime.close();
    reader?.close();
    results?.close();
  }
}

/** @throws EnclosureError RESULTS_INVALID, RESULTS_UNWRITABLE */
function openOut(path: string, taken: readonly string[]): Results {
  if (taken.includes(realPathOf(path))) {
    throw new EnclosureError("RESULTS_INVALID", `${path} is the jobs file or the store; results go elsewhere`);
  }
  return openResults(path);
}

/** Held before anything is read of what has been done, so that no other can be at it. @throws EnclosureError BATCH_BUSY */
async function claimBatch(file: string, store: string): Promise<Disposable> {
  const { claim } = await import("../store/claim.ts");
  const held = claim(store, batchDigest(file, store));
  if (held !== undefined) return held;
  throw new EnclosureError("BATCH_BUSY", `another process is running the jobs of ${file} on the store ${store}`);
}

interface Parts {
  readonly pages: Pages;
  readonly file: string;
  readonly reader: LogReader;
  readonly runtime: Runtime;
  readonly results: Results | undefined;
  readonly reserved: ReservedPaths;
  readonly digestOf: (job: Job) => Promise<HexDigest>;
  readonly signal: AbortSignal;
  readonly requireOsSandbox: boolean;
}

/** Whether the fault lies in what one job names. Others lie in the log, the results or this machine: they end the batch. */
function isOfTheJob(error: unknown): error is EnclosureError {
  return isFault(error) && error.exit !== EXIT.fault && error.exit !== EXIT.invalid;
}

/** A guest that dies before it is ready has run nothing and left no record, so one more is tried. */
async function runWithSecondGuest(runtime: Runtime, options: RunOptions): Promise<RunResult> {
  try {
    return await runtime.run(options);
  } catch (error) {
    if (!isFault(error, "GUEST_START_FAILED")) throw error;
    return runtime.run(options);
  }
}

/** A batch at work: the jobs that are left, and what has come of the others. */
class Batch {
  readonly #parts: Parts;
  readonly #jobs: readonly Job[];
  readonly #left: Job[];
  readonly #done: ResultLine[] = [];
  #reported = 0;
  readonly #told = new Set<string>();
  /** What ends the batch before its time. */
  #broken: { readonly error: unknown } | undefined;

  constructor(parts: Parts, jobs: readonly Job[], earlier: ReadonlyMap<string, ResultLine>) {
    this.#parts = parts;
    this.#jobs = jobs;
    this.#left = jobs.filter(({ id }) => !earlier.has(id));
    for (const line of earlier.values()) this.#done.push(line);
    this.#reported = this.#done.length;
  }

  async run(concurrency: number): Promise<void> {
    using progress = makeProgress(this.#parts.pages.err);
    const work = async (): Promise<void> => {
      for (let job = this.#next(); job !== undefined; job = this.#next()) {
        await this.#do(job).catch((error: unknown) => (this.#broken ??= { error }));
        progress.update(this.#shownProgress());
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, this.#left.length) }, work));
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  #next(): Job | undefined {
    return this.#parts.signal.aborted || this.#broken !== undefined ? undefined : this.#left.shift();
  }

  async #do(job: Job): Promise<void> {
    const { reader, digestOf } = this.#parts;
    const batchJob = await digestOf(job);
    const plan = planJob(jobSessions(reader, batchJob));
    if (plan.act === "run") return this.#runJob(job, batchJob);
    if (plan.act === "leave") {
      const session = shortId(plan.session);
      throw new EnclosureError("BATCH_BUSY", `job ${job.id} is being run by another process, as session ${session}`);
    }
    const result = resultOf(reader, plan.session);
    this.#reported++;
    this.#finish({ id: job.id, ...result, exit: exitOf(result.status) });
  }

  async #runJob(job: Job, batchJob: HexDigest): Promise<void> {
    const { runtime, file, requireOsSandbox, reserved, signal } = this.#parts;
    const { id, input, as, onBehalfOf } = job;
    const people = { ...(as !== undefined && { as }), ...(onBehalfOf !== undefined && { onBehalfOf }) };
    let line: ResultLine;
    try {
      line = {
        id,
        ...(await runWithSecondGuest(runtime, {
          ...jobPaths(job, file),
          ...people,
          ...{ batchJob, input, requireOsSandbox, reserved, signal },
          onEvent: (event) => this.#tell(event),
        })),
      };
    } catch (error) {
      if (!isOfTheJob(error)) throw error;
      if (signal.aborted) return;
      line = { id, ...faultResult(error) };
    }
    // Cut off by our own stop: it has no result yet, and the log says whether it may be run again.
    if (signal.aborted && line.status === "interrupted") return;
    this.#finish(line);
  }

  /** What is wrong with the machine, once: it is the same for every job. */
  #tell(event: LiveEvent): void {
    if (event.type !== "warning" || !isOfTheMachine(event.code) || this.#told.has(event.message)) return;
    this.#told.add(event.message);
    const { err } = this.#parts.pages;
    printWarning(err, event.message, event.code);
    printMend(err, event.mend);
  }

  #finish(line: ResultLine): void {
    const { results, pages } = this.#parts;
    results?.append(line);
    if (results === undefined && !pages.json) pages.out.line(visibleJson(line));
    this.#done.push(line);
  }

  #shownProgress(): string {
    const { admitted, denied } = this.#counts();
    return `${this.#done.length} of ${counted(this.#jobs.length, "job")}, ${admitted} calls admitted, ${denied} refused`;
  }

  #counts(): CallCounts {
    const sum = { admitted: 0, denied: 0, failed: 0, unknown: 0 };
    for (const { calls } of this.#done) {
      sum.admitted += calls.admitted;
      sum.denied += calls.denied;
      sum.failed += calls.failed;
      sum.unknown += calls.unknown;
    }
    return sum;
  }

  conclude(): ExitStatus {
    const { pages, results } = this.#parts;
    const exit = this.#done.reduce<ExitStatus>((highest, line) => (line.exit > highest ? line.exit : highest), EXIT.ok);
    const statuses: Record<string, number> = {};
    for (const { status } of this.#done) statuses[status] = (statuses[status] ?? 0) + 1;
    const left = this.#jobs.length - this.#done.length;
    const ended = left > 0 && exit === EXIT.ok ? EXIT.agentFailed : exit;
    const told = Object.entries(statuses).map(([status, n]) => `${n} ${visible(status)}`);
    pages.err.line(
      `${counted(this.#jobs.length, "job")}: ${[...told, ...(left > 0 ? [`${left} left`] : [])].join(", ")}`,
    );
    pages.err.line(
      `calls: ${shownCounts(this.#counts())}${this.#reported > 0 ? `; ${this.#reported} results from before` : ""}`,
    );
    if (pages.json) {
      const counts = { jobs: this.#jobs.length, reported: this.#reported, left, statuses, calls: this.#counts() };
      pages.give({ version: 1, ...counts, ...(results === undefined && { results: this.#done }), exit: ended });
    }
    if (left > 0) pages.err.line("run the same command again to go on");
    pages.next("enclosure sessions", "enclosure verify");
    return ended;
  }
}
