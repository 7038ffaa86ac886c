// A first agent, from init to verify, run as a person would; and what hostile agents make the terminal show.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makePlace } from "./script.ts";

const NOTHING = 'enclosure: 1\nname: talker\nversion: "1"\n';

describe("a first agent", () => {
  test("is written by init, runs at once, and can be reviewed and verified", async () => {
    const place = makePlace();
    const made = await place.run("init");
    expect(made).toMatchObject({ exit: 0 });
    expect(made.stdout.split("\n")).toContain("enclosure-env.d.ts");

    const ran = await place.run("run", "agent.ts", "--as", "ada");
    expect(place.golden(ran.stderr)).toMatchInlineSnapshot(`
      "enclosure: made the store <folder>/.enclosure/audit.db; every call is recorded there
      enclosure: made a signing key in <home>/keys; records are verified with it, so keep it
      ✓   1 files.list {"path":"/notes"}  /notes  <duration>
      ✓   2 files.readText {"path":"/notes/welcome.txt"}  /notes  <duration>
      ✓   3 files.write {"path":"/out/summary.txt","data":"1 notes, 15 words\\n"}  /out  <duration>
      ✗   4 files.write {"path":"/notes/new.txt","data":"not granted"}  /notes  refused [RULE_FAILED]
            the mount /notes is read only
            mend: write "access: rw" under capabilities.files.mounts for /notes (enclosure.yaml:18)
      session <id>  completed  3 admitted, 1 refused
      walls   <walls>
      log     seq 11 of <origin>, root <id>, L1
      next: enclosure show <id>
      next: enclosure calls <id> --denied
      next: enclosure verify
      "
    `);
    expect(JSON.parse(ran.stdout)).toMatchObject({ notes: 1, words: 15 });
    expect(ran.exit).toBe(0);
    expect(readFileSync(join(place.folder, "out/summary.txt"), "utf8")).toBe("1 notes, 15 words\n");

    const shown = await place.run("show", "last");
    expect(place.golden(shown.stdout)).toMatchInlineSnapshot(`
      "session    <digest>
      agent      first-agent 0.1.0  source <id>
      run by     ada (as the operator says)
      purpose    Reads the notes of this folder and writes a summary of them.
      manifest   <id>, not pinned
      walls      <walls>
      opened     <time> UTC at seq 1
      closed     <time> UTC
      status     completed
      calls      3 admitted, 1 refused

      <clock> input  (none)
      <clock> ✓ 1 files.list {"path":"/notes"}  <duration>  agent says agent.ts:5
      <clock> ✓ 2 files.readText {"path":"/notes/welcome.txt"}  <duration>  agent says agent.ts:8
      <clock> ✓ 3 files.write {"path":"/out/summary.txt","data":"1 notes, 15 words\\n"}  <duration>  agent says agent.ts:11
      <clock> ✗ 4 files.write {"path":"/notes/new.txt","data":"not granted"}  refused RULE_FAILED  agent says agent.ts:16
      <clock> output {"notes":1,"words":15,"refused":"files.write was denied: the mount /notes is read only; write \\"access: rw\\" under capabilities.files.mount…
      <clock> completed
      "
    `);
    expect(place.golden((await place.run("sessions")).stdout)).toMatchInlineSnapshot(`
      "session       opened (UTC)         agent        version  by   for  status     calls
      <id>  <time>  first-agent  0.1.0    ada  -    completed  3 admitted, 1 refused
      "
    `);
    expect(place.golden((await place.run("calls", "last")).stdout)).toMatchInlineSnapshot(`
      "n     call            effect  argument                                                  outcome              rule     took
      1  ✓  files.list      read    {"path":"/notes"}                                         confirmed            line 18  <duration>
      2  ✓  files.readText  read    {"path":"/notes/welcome.txt"}                             confirmed            line 18  <duration>
      3  ✓  files.write     write   {"path":"/out/summary.txt","data":"1 notes, 15 words\\n"}  confirmed            line 19  <duration>
      4  ✗  files.write     write   {"path":"/notes/new.txt","data":"not granted"}            refused RULE_FAILED  line 18
      "
    `);
    const missing = JSON.parse((await place.run("call", "last", "9", "--json")).stdout) as unknown;
    expect(missing).toMatchObject({ error: { code: "CALL_MISSING" } });
    expect(place.golden((await place.run("call", "last", "4")).stdout)).toMatchInlineSnapshot(`
      "call       4 of session <id>
      function   files.write
      effect     write
      target     fs /notes
      decided    <time> UTC
      outcome    refused RULE_FAILED
      evidence   observed
      source     agent.ts:16:17 (the agent's claim)
      log        seq 9
      rule       /capabilities/files/mounts/~1notes of manifest <id>
        17 |     mounts:
        18 |       /notes: { path: ./notes, access: ro }
           |       ^
      argument:
        {
          "path": "/notes/new.txt",
          "data": "not granted"
        }
      error:
        {
          "told": {
            "name": "CapabilityDenied",
            "code": "RULE_FAILED",
            "message": "files.write was denied: the mount /notes is read only; write \\"access: rw\\" under capabilities.files.mounts for /notes [RULE_FAILED]"
          }
        }
      "
    `);
    const verified = await place.run("verify");
    const verdicts = verified.stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 2).join(": "));
    expect(verdicts.slice(0, 9)).toEqual([
      "bytes: ok",
      "chains: ok",
      "tree: ok",
      "consistency: not-asked",
      "signatures: ok",
      "anchors: ok",
      "completeness: ok",
      "payloads: ok",
      "scope: ok",
    ]);
    expect(verified.exit).toBe(0);
  });

  test("is not written over what is there", async () => {
    const place = makePlace();
    place.write({ "agent.ts": "mine" });
    const { exit, stdout } = await place.run("init", "--json");
    expect(exit).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "FILE_EXISTS" } });
    expect(existsSync(join(place.folder, "enclosure.yaml"))).toBe(false);
    expect(readFileSync(join(place.folder, "agent.ts"), "utf8")).toBe("mine");
  });
});

test("enclosure doctor tries what this machine offers, and leaves nothing behind", async () => {
  const place = makePlace();
  const { exit, stdout } = await place.run("doctor", "--json");
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: { name: string; state: string }[] };
  expect([exit, ok]).toEqual([0, true]);
  expect(findings.map(({ name, state }) => `${name} ${state}`)).toEqual([
    "node ok",
    "trial run ok",
    "walls ok",
    "engine ok",
    "store ok",
    "store folder ok",
    "keys ok",
  ]);
  expect(existsSync(join(place.folder, ".enclosure"))).toBe(false);
});

test("enclosure doctor names a next step that can be taken", async () => {
  const place = makePlace();
  const next = async (): Promise<readonly string[]> =>
    (await place.run("doctor")).stderr.split("\n").filter((line) => line.startsWith("next: "));
  expect(await next()).toEqual(["next: enclosure init"]);
  place.write({ "agent.ts": "" });
  expect(await next()).toEqual([]);
  place.write({ "enclosure.yaml": NOTHING });
  expect(await next()).toEqual(["next: enclosure check"]);
});

describe("enclosure run", () => {
  test.each([
    ["async function main() { return 1; }\n", true],
    ["export default async () => 1;\n", false],
    ["export default async () => {};\nconsole.log(1);\n", true],
  ])("warns where an agent has done nothing, as one does whose function is not exported: %s", async (text, warned) => {
    const place = makePlace();
    place.write({ "enclosure.yaml": NOTHING, "agent.ts": text });
    const { exit, stderr } = await place.run("run", "agent.ts");
    expect([exit, stderr.includes("called nothing and gave nothing back")]).toEqual([0, warned]);
  });

  test("gives one JSON value, and status and mend of an agent that failed", async () => {
    const place = makePlace();
    place.write({
      "enclosure.yaml": NOTHING,
      "agent.ts": 'export default () => { throw new RangeError("too far"); };\n',
    });
    const { exit, stdout, stderr } = await place.run(
      "run",
      "agent.ts",
      "--json",
      "--correlation",
      "ticket=T-1",
      "--as",
      "ci",
    );
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      status: "failed",
      error: { code: "AGENT_THREW", message: expect.stringContaining("too far"), mend: expect.any(String) },
      calls: { admitted: 0, denied: 0, failed: 0, unknown: 0 },
      walls: expect.arrayContaining(["isolate", "process"]),
      log: { seq: expect.any(Number), root: expect.stringMatching(/^[0-9a-f]{64}$/) },
      exit: 1,
    });
    expect(stderr).toContain("[AGENT_THREW]");
    const { stdout: shown } = await place.run("show", "last", "--json");
    expect(JSON.parse(shown)).toMatchObject({ principal: "ci", correlation: { ticket: "T-1" }, status: "failed" });
  });

  test("tells why an agent failed at its own lines, and so does show, as the agent's words", async () => {
    const place = makePlace();
    place.write({
      "enclosure.yaml": NOTHING,
      "agent.ts": 'interface Gone { x: 1 }\n\nexport default async () => {\n  throw new RangeError("too far");\n};\n',
    });
    const { stderr } = await place.run("run", "agent.ts");
    const why = [
      "enclosure: error: the agent says: RangeError: too far [AGENT_THREW]",
      "  agent |     at agent_default (agent.ts:4:9)",
      "enclosure: mend:  Mend the agent; `enclosure show` tells what it had done by then.",
    ];
    expect(stderr).toContain(why.join("\n"));
    const { stdout } = await place.run("show", "last");
    expect(place.golden(stdout).split("\n").slice(-3)).toEqual([
      "<clock> failed [AGENT_THREW]  the agent says: RangeError: too far",
      "<clock> agent |     at agent_default (agent.ts:4:9)",
      "",
    ]);
    const { timeline } = JSON.parse((await place.run("show", "last", "--json")).stdout) as { timeline: unknown[] };
    expect(timeline.at(-1)).toMatchObject({
      evidence: "agent_claimed",
      error: { name: "RangeError", message: "RangeError: too far", stack: "    at agent_default (agent.ts:4:9)" },
    });
  });

  test("tells of a denial that ended the agent with its code once, and of no frames where it has none", async () => {
    const place = makePlace();
    place.write({
      "enclosure.yaml": `${NOTHING}capabilities: { files: { use: fs, mounts: { /in: { path: ./in, access: ro } }, deny: ["/in/**"] } }\n`,
      "in/a.txt": "",
      "agent.ts": `import { files } from "enclosure:caps";
export default async () => {
  try { await files.readText("/in/a.txt"); } catch (error) { delete error.stack; throw error; }
};
`,
    });
    const { exit, stderr } = await place.run("run", "agent.ts");
    expect(exit).toBe(3);
    const told = stderr.split("\n").filter((line) => line.startsWith("enclosure: error:") || line.includes("agent |"));
    expect(told).toEqual([
      'enclosure: error: the agent says: CapabilityDenied: files.readText was denied: readText "/in/a.txt" is denied by ' +
        'the rule about "/in/**"; no approval lifts a deny rule; change capabilities.files.deny if the agent should be ' +
        "able to do this [RULE_DENIED]",
    ]);
  });

  test("tells of a limit in its units, and so does show", async () => {
    const place = makePlace();
    place.write({
      "enclosure.yaml": `${NOTHING}limits: { wall: 1s }\n`,
      "agent.ts": "export default () => new Promise((done) => setTimeout(done, 60_000));\n",
    });
    const { exit, stderr } = await place.run("run", "agent.ts");
    expect(exit).toBe(4);
    expect(stderr).toContain("the limit wall was reached: 1.0 s of 1.0 s [LIMIT_STRUCK]\n");
    const { stdout } = await place.run("show", "last");
    expect(stdout).toContain(" limit wall: 1.0 s of 1.0 s\n");
    expect(stdout).toContain(" limit [LIMIT_STRUCK]  the limit wall was reached: 1.0 s of 1.0 s\n");
  });

  test("names what is wrong with a source as one would at the prompt", async () => {
    const place = makePlace();
    place.write({ "enclosure.yaml": NOTHING, "src/agent.ts": 'import { mail } from "enclosure:caps";\n' });
    for (const command of ["run", "check --agent"]) {
      const args = [...command.split(" "), "src/agent.ts"];
      const manifest = command === "run" ? ["--manifest", "enclosure.yaml"] : [];
      const { exit, stderr } = await place.run(...args, ...manifest);
      expect(exit).toBe(2);
      expect(stderr).toContain("  --> src/agent.ts:1:10\n");
    }
  });

  test("has a run that was refused before it began in the shape of every other result", async () => {
    const place = makePlace();
    place.write({ "enclosure.yaml": `${NOTHING}nonsense: 1\n`, "agent.ts": "export default 1;\n" });
    for (const args of [["agent.ts"], ["missing.ts"], ["agent.ts", "--input", "{"], ["agent.ts", "--input", "@none"]]) {
      const { exit, stdout } = await place.run("run", ...args, "--json");
      expect(exit).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({
        version: 1,
        session: null,
        status: "refused",
        error: { mend: expect.any(String) },
        exit: 2,
      });
    }
    expect(existsSync(join(place.folder, ".enclosure", "audit.db"))).toBe(false);
  });

  test("tells of calls that were refused within the guest, which no count of calls has", async () => {
    const place = makePlace();
    place.write({
      "enclosure.yaml": `${NOTHING}limits: { argument: 1KiB }
capabilities: { files: { use: fs, mounts: { /out: { path: ./out, access: rw } } } }
`,
      "out/a.txt": "",
      "agent.ts": `import { files } from "enclosure:caps";
export default async () => {
  try { await files.write("/out/a.txt", "x".repeat(5_000)); } catch (error) { return error.code; }
};
`,
    });
    const { exit, stdout, stderr } = await place.run("run", "agent.ts", "--json", "--fail-on", "denied");
    expect(exit).toBe(3);
    const calls = { admitted: 0, denied: 0, failed: 0, unknown: 0 };
    expect(JSON.parse(stdout)).toMatchObject({ output: "ARGUMENT_TOO_LARGE", calls, refusedInside: 1, exit: 3 });
    expect(stderr).toContain("0 admitted, 0 refused, 1 refused inside");
    const sessions = await place.run("sessions", "--json");
    expect(JSON.parse(sessions.stdout)).toMatchObject({ sessions: [{ calls, refusedInside: 1 }] });
    expect((await place.run("show", "last")).stdout).toContain("0 admitted, 0 refused, 1 refused inside");
  });

  test("takes its input from standard input, and prints nothing but the result when quiet", async () => {
    const place = makePlace();
    place.write({ "enclosure.yaml": NOTHING, "agent.ts": "export default (input: { n: number }) => input.n * 2;\n" });
    expect(await place.feed('{"n": 21}', "run", "agent.ts", "--input", "-", "--quiet")).toEqual({
      exit: 0,
      stdout: "42\n",
      stderr: "",
    });
  });

  test("is interrupted in order: the session is closed and the record stands", async () => {
    const place = makePlace();
    place.write({
      "enclosure.yaml": NOTHING,
      "agent.ts":
        'export default async () => { console.log("waiting"); await new Promise((done) => setTimeout(done, 60_000)); };\n',
    });
    const running = place.start("run", "agent.ts");
    await running.said("waiting");
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ exit: 1, stderr: expect.stringContaining("[SESSION_INTERRUPTED]") });
    expect(JSON.parse((await place.run("sessions", "--json")).stdout)).toMatchObject({
      sessions: [{ status: "interrupted" }],
    });
  });
});

// Attack: an agent's text commands the terminal, or forges lines of ours, wherever it may come out.
test("no text of an agent reaches the terminal as anything but text", async () => {
  const place = makePlace();
  const evil = String.raw`\x1b[2J\x1b]0;owned\x07\u202e\r\nenclosure: verified`;
  place.write({
    "enclosure.yaml": `${NOTHING}capabilities: { files: { use: fs, mounts: { /in: { path: ./in, access: ro } } } }\n`,
    "in/file.txt": "",
    "agent.ts": `import { files, note } from "enclosure:caps";
export default async () => {
  note("${evil}");
  console.warn("${evil}");
  try { await files.readText("/in/${evil}"); } catch {}
  const error = new Error("${evil}");
  error.name = "${evil}";
  throw error;
};
`,
  });
  const ran = await place.run("run", "agent.ts");
  expect(ran.exit).toBe(1);
  const printed = [
    ran,
    await place.run("show", "last"),
    await place.run("logs", "last"),
    await place.run("calls", "last"),
    await place.run("call", "last", "1"),
    await place.run("show", "last", "--json"),
  ];
  for (const { stdout, stderr } of printed) {
    expect(stdout + stderr).toContain("owned");
    expect((stdout + stderr).replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(stdout + stderr).not.toMatch(/^enclosure: verified/m);
  }
});
