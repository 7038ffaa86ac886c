import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isFault } from "../../src/base/errors.ts";
import { jobIdentity, jobPaths, parseJobs } from "../../src/cli/jobs-file.ts";
import { temporaryFolder } from "../support/folder.ts";

function folderWithAgent(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "agent.ts"), "");
  mkdirSync(join(folder, "other"));
  writeFileSync(join(folder, "other", "m.yaml"), "");
  return folder;
}

function problemsOf(text: string, folder = folderWithAgent()): readonly string[] {
  try {
    parseJobs(text, "jobs.jsonl", folder);
  } catch (error) {
    if (isFault(error, "BATCH_INVALID")) return error.problems.map(({ line, message }) => `${line}: ${message}`);
    throw error;
  }
  return [];
}

describe("parseJobs()", () => {
  test("reads one job a line, and skips empty lines", () => {
    const text =
      '{"id":"a","agent":"agent.ts"}\n\n{"id":"b","agent":"agent.ts","manifest":"other/m.yaml","input":{"n":1},"as":"ci"}\n';
    expect(parseJobs(text, "jobs.jsonl", folderWithAgent())).toEqual([
      { id: "a", agent: "agent.ts", manifest: null, input: null },
      { id: "b", agent: "agent.ts", manifest: "other/m.yaml", input: { n: 1 }, as: "ci" },
    ]);
  });

  test("tells all problems at once, each with its line", () => {
    const text = [
      '{"id":"a","agent":"agent.ts"}',
      "not json",
      "[]",
      '{"agent":"agent.ts"}',
      '{"id":"a","agent":"agent.ts"}',
      '{"id":"c","agent":"missing.ts","manifest":7,"extra":true}',
      `{"id":"d","agent":"agent.ts","input":${"[".repeat(40)}${"]".repeat(40)}}`,
    ].join("\n");
    expect(problemsOf(text)).toEqual([
      "2: line 2: not a JSON object",
      "3: line 3: not a JSON object",
      '4: line 4: "id" must be a text',
      "5: line 5: the id is that of line 1 already",
      '6: line 6: unknown key "extra"',
      '6: line 6: "manifest" must be a text',
      '6: line 6: there is no file missing.ts ("agent")',
      "7: line 7: nested deeper than 30",
    ]);
  });
});

describe("jobIdentity()", () => {
  const job = { id: "a", agent: "agent.ts", manifest: null, input: { b: 1, a: 2 } };
  const identity = jobIdentity(job, "/project/jobs.jsonl", "/project/.enclosure/audit.db");

  test("is the same wherever the project lies, and however the input's keys are ordered", () => {
    const moved = { ...job, input: { a: 2, b: 1 } };
    expect(jobIdentity(moved, "/elsewhere/jobs.jsonl", "/elsewhere/.enclosure/audit.db")).toBe(identity);
  });

  test("is the same for another spelling of the agent's path", () => {
    const spelled = { ...job, agent: "./src/../agent.ts" };
    expect(jobIdentity(spelled, "/project/jobs.jsonl", "/project/.enclosure/audit.db")).toBe(identity);
  });

  test("is another for another file, id, agent, manifest, input or person", () => {
    const others = [
      jobIdentity(job, "/project/jobs2.jsonl", "/project/.enclosure/audit.db"),
      ...[{ id: "b" }, { agent: "b.ts" }, { manifest: "m.yaml" }, { input: 1 }, { as: "x" }, { onBehalfOf: "x" }].map(
        (change) => jobIdentity({ ...job, ...change }, "/project/jobs.jsonl", "/project/.enclosure/audit.db"),
      ),
    ];
    expect(new Set([identity, ...others]).size).toBe(others.length + 1);
  });
});

test("jobPaths() are relative to the jobs file", () => {
  const job = { id: "a", agent: "agent.ts", manifest: "../m.yaml", input: null };
  expect(jobPaths(job, "/project/jobs/day.jsonl")).toEqual({
    agent: "/project/jobs/agent.ts",
    manifest: "/project/m.yaml",
  });
});
