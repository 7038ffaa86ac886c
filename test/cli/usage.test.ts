// What is told of a command line that is not understood, and of stores and sessions that are not there.
import { expect, test } from "vitest";
import { makePlace } from "./script.ts";

const COMMANDS = (
  "run batch check explain pin types schema " + "sessions show calls call logs verify checkpoint init doctor"
).split(" ");

test("enclosure --help lists the commands and the first steps", async () => {
  const { exit, stdout, stderr } = await makePlace().run("--help");
  expect([exit, stderr]).toEqual([0, ""]);
  for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  expect(stdout).toContain("enclosure init");
});

test("every command has help with an example", async () => {
  const place = makePlace();
  for (const command of COMMANDS) {
    const { stdout } = await place.run(command, "--help");
    expect(stdout).toMatch(new RegExp(`^Examples?:\\n(  .*\\n)*  enclosure ${command}\\b`, "m"));
  }
  const { stdout } = await place.run("help", "run");
  for (const told of ["--fail-on", "7 --fail-on unknown"]) expect(stdout).toContain(told);
  expect((await place.run("run", "--help")).stdout).toBe(stdout);
});

test("a misspelt command is answered with the one that is meant", async () => {
  const { exit, stderr } = await makePlace().run("rum", "agent.ts");
  expect(exit).toBe(2);
  expect(stderr).toBe(
    "enclosure: error: unknown command 'rum' (Did you mean run?) [USAGE_INVALID]\n" +
      "enclosure: mend:  Look at `enclosure help`.\n",
  );
});

test.each([
  ["an unknown option", ["run", "--polcy", "x"]],
  ["an option of a feature that is not there", ["run", "agent.ts", "--prove"]],
  ["too many arguments", ["show", "last", "more"]],
  ["a missing argument", ["show"]],
  ["a malformed value", ["calls", "--since", "yesterday"]],
])("%s is refused with status 2, as JSON too", async (_what, args) => {
  const { exit, stdout, stderr } = await makePlace().run(...args, "--json");
  expect(exit).toBe(2);
  expect(stderr).toContain("[USAGE_INVALID]");
  expect(JSON.parse(stdout)).toMatchObject({ version: 1, error: { code: "USAGE_INVALID" } });
});

test("enclosure calls says so as JSON too", async () => {
  const { stdout } = await makePlace().run("calls", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ version: 1, error: { code: "STORE_MISSING" } });
});

test.each(["sessions", "verify"])("enclosure %s says that there is no store yet", async (command) => {
  const place = makePlace();
  const { exit, stderr } = await place.run(command);
  expect(exit).toBe(2);
  expect(place.golden(stderr)).toBe(
    "enclosure: error: there is no store at <folder>/.enclosure/audit.db [STORE_MISSING]\n" +
      "enclosure: mend:  Name one with --store, or make one with `enclosure run`.\n",
  );
});

test("enclosure --version gives the version alone", async () => {
  expect((await makePlace().run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
