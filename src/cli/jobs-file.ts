// The jobs file of a batch: one JSON object a line. All that is wrong with it is told at once, before anything runs.

import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { type HexDigest, sha256Hex } from "../base/bytes.ts";
import { EnclosureError, type Problem } from "../base/errors.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, textDepth } from "../base/json.ts";
import { PROBLEMS_MAX } from "../base/limits.ts";

export interface Job {
  readonly id: string;
  /** As the line has it; relative to the jobs file's folder. */
  readonly agent: string;
  readonly manifest: string | null;
  readonly input: JsonValue;
  readonly as?: string;
  readonly onBehalfOf?: string;
}

const KEYS = ["id", "agent", "manifest", "input", "as", "onBehalfOf"];
/** Nesting of a line; the input inside may be as deep as the canonical form goes. */
const DEPTH_MAX = 30;

/** The jobs of a text, in their order. `folder` is what their paths are relative to. @throws EnclosureError BATCH_INVALID */
export function parseJobs(text: string, file: string, folder: string = dirname(file)): readonly Job[] {
  const jobs: Job[] = [];
  const problems: Problem[] = [];
  const seen = new Map<string, number>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const found = readJob(line, folder);
    const first = found.job && seen.get(found.job.id);
    const messages =
      first === undefined ? found.messages : [...found.messages, `the id is that of line ${first} already`];
    for (const message of messages) problems.push(problemAt(index + 1, `line ${index + 1}: ${message}`));
    if (found.job === undefined) continue;
    seen.set(found.job.id, first ?? index + 1);
    jobs.push(found.job);
  }
  if (problems.length === 0) return jobs;
  const count = `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
  throw new EnclosureError("BATCH_INVALID", `${count} in ${file}; nothing was run`, {
    problems: problems.slice(0, PROBLEMS_MAX),
    location: { file },
  });
}

function readJob(line: string, folder: string): { readonly job?: Job; readonly messages: readonly string[] } {
  const value = readLine(line);
  if (!isJsonObject(value)) return { messages: ["not a JSON object"] };
  const messages: string[] = [];
  for (const key of Object.keys(value)) if (!KEYS.includes(key)) messages.push(`unknown key "${key}"`);
  if (!isText(value["id"])) messages.push('"id" must be a text');
  if (!isText(value["agent"])) messages.push('"agent" must be the path of an agent');
  for (const key of ["manifest", "as", "onBehalfOf"]) {
    if (value[key] !== undefined && !isText(value[key])) messages.push(`"${key}" must be a text`);
  }
  if (textDepth(line) > DEPTH_MAX) messages.push(`nested deeper than ${DEPTH_MAX}`);
  for (const key of ["agent", "manifest"]) {
    const path = value[key];
    if (isText(path) && !existsSync(resolve(folder, path))) messages.push(`there is no file ${path} ("${key}")`);
  }
  return messages.length > 0 ? { messages } : { job: jobOf(value), messages };
}

function readLine(line: string): JsonValue | undefined {
  try {
    return line.isWellFormed() ? (JSON.parse(line) as JsonValue) : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== "";
}

function jobOf({ id, agent, manifest, input, as, onBehalfOf }: JsonObject): Job {
  return {
    id: id as string,
    agent: agent as string,
    manifest: (manifest as string | undefined) ?? null,
    input: input ?? null,
    ...(as !== undefined && { as: as as string }),
    ...(onBehalfOf !== undefined && { onBehalfOf: onBehalfOf as string }),
  };
}

function problemAt(line: number, message: string): Problem {
  const mend = "Write {id, agent, manifest, input, as?, onBehalfOf?}; paths are relative to the jobs file.";
  return { code: "BATCH_INVALID", severity: "error", message, line, column: 1, pointer: "", mend };
}

/**
 * What ties a job to its sessions in the log. The file is known by its place relative to the store, so that a project
 * can be moved and its jobs file can grow; a job is another one once its agent, manifest, input or people are.
 */
export function jobIdentity(job: Job, jobsFile: string, store: string): string {
  const batch = batchName(jobsFile, store);
  const { id, input, as = null, onBehalfOf = null } = job;
  const { agent, manifest } = jobPaths(job, jobsFile);
  const named = (path: string): string => relative(dirname(jobsFile), path).split(sep).join("/");
  const files = { agent: named(agent), manifest: manifest === undefined ? null : named(manifest) };
  return canonicalJson({ batch, id, ...files, input, as, onBehalfOf });
}

/** What one process holds while it runs the jobs of a file: no two may run one job at once. */
export function batchDigest(jobsFile: string, store: string): HexDigest {
  return sha256Hex(`enclosure/batch/v1\0${batchName(jobsFile, store)}`);
}

function batchName(jobsFile: string, store: string): string {
  return relative(dirname(store), jobsFile).split(sep).join("/");
}

/** The job's files, absolute. */
export function jobPaths(job: Job, jobsFile: string): { readonly agent: string; readonly manifest?: string } {
  const folder = dirname(jobsFile);
  return {
    agent: resolve(folder, job.agent),
    ...(job.manifest !== null && { manifest: resolve(folder, job.manifest) }),
  };
}
