// What a batch goes by, against those who could write it: no job has a mount that holds the batch's files, and a line in
// the results file keeps no job from being run unless the log says the same.
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reservedOf } from "../../src/cli/batch-files.ts";
import type { Job } from "../../src/cli/jobs-file.ts";
import { batchPlace, done, jobs, lines } from "./batch-place.ts";
import { makePlace, type Place } from "./script.ts";

const CALLS = { admitted: 1, denied: 0, failed: 0, unknown: 0 };
const FORGED = `${JSON.stringify({ id: "later", session: null, status: "completed", exit: 0, calls: CALLS })}\n`;

const manifest = (access: string, path = "./out"): string => `enclosure: 1
name: writer
version: "1"
capabilities:
  files: { use: fs, mounts: { /out: { path: ${path}, access: ${access} } } }
`;
const PLAIN = 'enclosure: 1\nname: plain\nversion: "1"\n';
/** Does its worst with the files of the batch. */
const EVIL = `import { files } from "enclosure:caps";
export default async () => {
  await files.append("/out/results.jsonl", ${JSON.stringify(FORGED)});
  await files.append("/out/jobs.jsonl", '{"id":"extra","agent":"planted.ts"}\\n');
};
`;

/** A writer with a mount of `out`, and a job after it whose files are elsewhere. */
function trustPlace(access = "rw"): Place {
  const place = makePlace();
  place.write({ "evil.ts": EVIL, "evil.yaml": manifest(access), "plain.ts": "export default () => 1;" });
  place.write({ "plain.yaml": PLAIN, "out/note.txt": "" });
  return place;
}

const job = (id: string, agent: string, yaml: string): string => `${JSON.stringify({ id, agent, manifest: yaml })}\n`;

/** The line of the writer and that of the job after it. */
async function writerAndLater(place: Place, file: string, results: string): Promise<Record<string, unknown>[]> {
  await place.run("batch", file, "--jobs", "1", "--out", results);
  const found = lines(readFileSync(join(place.folder, results), "utf8"));
  return ["writer", "later"].map((id) => found.find((line) => line["id"] === id) ?? {});
}

const refusal = (file: string): object => ({
  status: "refused",
  session: null,
  error: {
    code: "FS_MOUNT_OVERLAPS",
    message: expect.stringContaining(file) as string,
    mend: expect.stringContaining("Move that file") as string,
  },
});

describe("a mount for writing that holds a file of the batch", () => {
  test("is refused before the agent forges a result and a job; the job that it would have hidden is run", async () => {
    const place = trustPlace();
    const text = job("writer", "../evil.ts", "../evil.yaml") + job("later", "../plain.ts", "../plain.yaml");
    place.write({ "out/jobs.jsonl": text });
    const [writer, later] = await writerAndLater(place, "out/jobs.jsonl", "out/results.jsonl");
    expect(writer).toMatchObject(refusal("out/"));
    expect(later).toMatchObject({ status: "completed", session: expect.any(String) as string });
    expect(readFileSync(join(place.folder, "out/jobs.jsonl"), "utf8")).toBe(text);
  });

  test.each([
    ["an agent", "out/agent.ts", "plain.yaml", "the agent of job one"],
    ["a manifest", "plain.ts", "out/own.yaml", "the manifest of job one"],
    ["a manifest that is not named", "out/agent.ts", undefined, "the agent of job one"],
    ["a lock that a link leads to", "plain.ts", "linked.yaml", "the lock of job one"],
    ["a host module", "plain.ts", "moduled.yaml", "the host module desk of job one"],
    ["a secret", "plain.ts", "secret.yaml", "the secret key of job one"],
    ["a link to an agent", "out/link.ts", "plain.yaml", "the agent of job one"],
    ["an agent behind a link", "behind/agent.ts", "plain.yaml", "the agent of job one"],
    ["nothing of it", "plain.ts", "plain.yaml", undefined],
    ["nothing of it, where a manifest cannot be read", "plain.ts", "gone.yaml", undefined],
  ])("is found by each job's files: %s", (_, agent, yaml, what) => {
    const place = trustPlace();
    const { folder } = place;
    place.write({ "out/agent.ts": "", "out/own.yaml": PLAIN, "linked.yaml": PLAIN, "gone.yaml": "enclosure: 2" });
    place.write({ "out/own.lock.json": "{}" });
    place.write({
      "moduled.yaml": `${PLAIN}capabilities: { desk: { use: module, from: ./out/desk.ts, allow: [a] } }\n`,
    });
    place.write({ "secret.yaml": `${PLAIN}secrets: { key: { from: "file:out/key", hosts: ["a.example"] } }\n` });
    symlinkSync(join(folder, "out/own.lock.json"), join(folder, "linked.lock.json"));
    symlinkSync(join(folder, "plain.ts"), join(folder, "out/link.ts"));
    symlinkSync(join(folder, "out"), join(folder, "behind"));
    const one: Job = { id: "one", agent, manifest: yaml ?? null, input: null };
    const found = reservedOf([one], join(folder, "jobs.jsonl"), []).within(join(folder, "out"));
    if (what === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(new RegExp(`^${what}, ${folder}/`));
  });

  test("is let be where it is for reading alone", async () => {
    const place = trustPlace("ro");
    place.write({ "evil.ts": 'import { files } from "enclosure:caps"; export default () => files.list("/out");' });
    place.write({ "out/jobs.jsonl": job("writer", "../evil.ts", "../evil.yaml") });
    const [writer] = await writerAndLater(place, "out/jobs.jsonl", "out/results.jsonl");
    expect(writer).toMatchObject({ status: "completed" });
  });

  test("is refused by another name of the jobs file as well", async () => {
    const place = trustPlace();
    place.write({ "real/jobs.jsonl": job("writer", "../evil.ts", "../evil.yaml") });
    symlinkSync(join(place.folder, "real/jobs.jsonl"), join(place.folder, "out/jobs.jsonl"));
    const [writer] = await writerAndLater(place, "out/jobs.jsonl", "results.jsonl");
    expect(writer).toMatchObject(refusal("the batch's jobs file"));
  });
});

describe("a result from before", () => {
  /** A batch of which "a" is done, and what its results file held. */
  async function begun(): Promise<{ readonly place: Place; readonly path: string; readonly text: string }> {
    const place = batchPlace();
    place.write({ "jobs.jsonl": jobs(["a", ""]) });
    await place.run("batch", "jobs.jsonl", "--out", "results.jsonl");
    place.write({ "jobs.jsonl": jobs(["a", ""], ["later", ""], ["other", ""]) });
    const path = join(place.folder, "results.jsonl");
    return { place, path, text: readFileSync(path, "utf8") };
  }

  test("that the log has not is refused with its line, and nothing is run", async () => {
    const { place, path, text } = await begun();
    const forged = [
      [FORGED, "has no session"],
      [text.replace('"id":"a"', '"id":"later"'), "none of this job's"],
      [FORGED.replace("null", `"${"0".repeat(64)}"`), "none of this job's"],
      [text.replace('"completed"', '"failed"'), 'says "failed", the log "completed"'],
    ] as const;
    for (const [line, wrong] of forged) {
      writeFileSync(path, text + line);
      const { exit, stdout } = await place.run("batch", "jobs.jsonl", "--out", "results.jsonl", "--json");
      expect(exit).toBe(2);
      const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
      expect(error).toMatchObject({ code: "RESULTS_INVALID", location: { line: 2 } });
      expect(error["message"]).toMatch(/^line 2 of /);
      expect(error["message"]).toContain(wrong);
      expect(done(place)).toEqual(["a"]);
    }
  });

  test("is refused where the job has another input by now", async () => {
    const { place } = await begun();
    place.write({ "jobs.jsonl": jobs(["a", "throw"]) });
    const { stderr } = await place.run("batch", "jobs.jsonl", "--out", "results.jsonl");
    expect(stderr).toContain("[RESULTS_INVALID]");
    expect(done(place)).toEqual(["a"]);
  });

  test("counts with the exit and the calls that the log has", async () => {
    const { place, path, text } = await begun();
    writeFileSync(path, text.replace('"exit":0', '"exit":70').replace('"admitted":1', '"admitted":9'));
    const { exit, stdout } = await place.run("batch", "jobs.jsonl", "--out", "results.jsonl", "--json");
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ reported: 1, calls: { admitted: 3 } });
    expect(done(place)).toEqual(["a", "later", "other"]);
  });

  test("of a job that never began keeps it from nothing: it is tried again, and refused again is not told twice", async () => {
    const place = batchPlace();
    place.write({ "bad.yaml": "enclosure: 2\n", "jobs.jsonl": job("bad", "agent.ts", "bad.yaml") });
    const again = (): Promise<{ readonly exit: number | null }> => place.run("batch", "jobs.jsonl", "--out", "r.jsonl");
    const told = (): unknown[] => lines(readFileSync(join(place.folder, "r.jsonl"), "utf8"));
    expect((await again()).exit).toBe(2);
    expect((await again()).exit).toBe(2);
    expect(told()).toHaveLength(1);
    place.write({ "bad.yaml": PLAIN, "agent.ts": "export default () => 1;" });
    expect((await again()).exit).toBe(0);
    expect(told()).toMatchObject([{ status: "refused" }, { status: "completed" }]);
    expect((await again()).exit).toBe(0);
    expect(told()).toHaveLength(2);
  });
});
