// What stood in the results file before a batch began, held against the log: a line is no more than a claim, and whoever
// could write the file could keep a job from being run. Only the log says what a job has done.

import type { LogReader } from "../audit/contract.ts";
import type { HexDigest } from "../base/bytes.ts";
import { EnclosureError } from "../base/errors.ts";
import { asType } from "../review/records.ts";
import { exitOf } from "../session/judge.ts";
import type { Job } from "./jobs-file.ts";
import type { EarlierLine, ResultLine, Results } from "./results.ts";

/**
 * The jobs' results that the log has too, by the job's id; exit and counts are the log's. A job that was refused before
 * it had a session left nothing in the log, so its line counts for nothing: it is tried again.
 * @throws EnclosureError RESULTS_INVALID
 */
export async function confirmedResults(
  jobs: readonly Job[],
  { path, earlier }: Pick<Results, "path" | "earlier">,
  reader: LogReader,
  digestOf: (job: Job) => Promise<HexDigest>,
): Promise<ReadonlyMap<string, ResultLine>> {
  const confirmed = new Map<string, ResultLine>();
  for (const job of jobs) {
    const line = earlier.get(job.id);
    if (line === undefined || neverBegan(line.result)) continue;
    const result = confirm(line.result, reader, await digestOf(job));
    if (typeof result === "string") throw unconfirmed(path, line, result);
    confirmed.set(job.id, result);
  }
  return confirmed;
}

function neverBegan({ session, status }: ResultLine): boolean {
  return session === null && (status === "refused" || status === "failed");
}

/** The result, or what is wrong with it: the end of a sentence. */
function confirm(result: ResultLine, reader: LogReader, batchJob: HexDigest): ResultLine | string {
  if (result.session === null) return "has no session";
  const session = reader.sessionsOfJob(batchJob).find((one) => one === result.session);
  if (session === undefined) return `has the session ${result.session}, which is none of this job's`;
  const closing = reader.closing(session);
  const closed = closing && asType(closing, "session.closed")?.data;
  const status = closed?.status ?? "interrupted";
  if (status !== result.status) return `says "${result.status}", the log "${status}"`;
  return { ...result, exit: exitOf(status), calls: closed?.calls ?? result.calls };
}

function unconfirmed(file: string, { number, result }: EarlierLine, wrong: string): EnclosureError {
  const message = `line ${number} of ${file} is no result that the log has of job ${result.id}: it ${wrong}`;
  return new EnclosureError("RESULTS_INVALID", message, { location: { file, line: number, column: 1 } });
}
