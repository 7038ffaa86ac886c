import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EnclosureError } from "../../src/base/errors.ts";
import { faultResult, openResults, type ResultLine } from "../../src/cli/results.ts";
import { temporaryFolder } from "../support/folder.ts";

const line = (id: string): ResultLine => ({
  id,
  session: "00",
  status: "completed",
  exit: 0,
  calls: { admitted: 1, denied: 0, failed: 0, unknown: 0 },
});

describe("openResults()", () => {
  test("appends lines and finds them again", () => {
    const path = join(temporaryFolder(), "results.jsonl");
    const results = openResults(path);
    results.append(line("a"));
    results.append(line("b"));
    results.close();
    const again = openResults(path);
    expect([...again.earlier.keys()]).toEqual(["a", "b"]);
    again.append(line("c"));
    again.close();
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(4);
  });

  test("takes away a line that a crash cut short, and keeps the whole ones", () => {
    const path = join(temporaryFolder(), "results.jsonl");
    writeFileSync(path, `${JSON.stringify(line("ä"))}\n`);
    appendFileSync(path, '{"id":"b","stat');
    const results = openResults(path);
    expect([...results.earlier.keys()]).toEqual(["ä"]);
    results.append(line("b"));
    results.close();
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(line("ä"))}\n${JSON.stringify(line("b"))}\n`);
  });

  test.each(["precious, without an end of line", '{"id":"a","agent":"agent.ts"}', "{", '{"x":1}'])(
    "takes nothing away that is not the beginning of a line of its own: %j",
    (text) => {
      const path = join(temporaryFolder(), "results.jsonl");
      writeFileSync(path, text);
      const isBeginning = text === "{";
      if (isBeginning) openResults(path).close();
      else expect(() => openResults(path)).toThrow(expect.objectContaining({ code: "RESULTS_INVALID" }));
      expect(readFileSync(path, "utf8")).toBe(isBeginning ? "" : text);
    },
  );

  test("keeps a whole line that only lacks its end", () => {
    const path = join(temporaryFolder(), "results.jsonl");
    writeFileSync(path, JSON.stringify(line("a")));
    const results = openResults(path);
    expect([...results.earlier.keys()]).toEqual(["a"]);
    results.append(line("b"));
    results.close();
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(line("a"))}\n${JSON.stringify(line("b"))}\n`);
  });

  test("says where results cannot be written, and reads nothing that is no file", () => {
    const folder = temporaryFolder();
    expect(() => openResults(join(folder, "none", "results.jsonl"))).toThrow(
      expect.objectContaining({ code: "RESULTS_UNWRITABLE", message: expect.stringContaining("ENOENT") as string }),
    );
    for (const path of [folder, "/dev/zero"]) {
      expect(() => openResults(path)).toThrow(expect.objectContaining({ code: "RESULTS_INVALID" }));
    }
  });

  test.each(["hello\n", '{"id":1}\n', '{"id":"a","status":"completed","exit":99,"calls":{}}\n'])(
    "refuses a file that holds something else, and leaves it as it is: %j",
    (text) => {
      const path = join(temporaryFolder(), "results.jsonl");
      writeFileSync(path, text);
      expect(() => openResults(path)).toThrow(expect.objectContaining({ code: "RESULTS_INVALID" }));
      expect(readFileSync(path, "utf8")).toBe(text);
    },
  );
});

test("faultResult() has a run that never began in the shape of every other result", () => {
  const fault = new EnclosureError("BATCH_INVALID", "no good");
  expect(faultResult(fault)).toMatchObject({
    version: 1,
    session: null,
    status: "refused",
    exit: 2,
    error: { code: "BATCH_INVALID" },
  });
});
