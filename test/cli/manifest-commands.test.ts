// The commands about manifests, run as a person would.
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makePlace } from "./script.ts";

const BAD = `enclosure: 1
name: bad
version: 1.10
capabilities:
  web:
    use: htp
    alow: ["GET https://api.example.com/**"]
  files:
    use: fs
    mounts: { /in: { path: ./in, access: rx } }
`;

const MODULE = `import { defineCapability, defineModule } from "agent-enclosure";
export default defineModule(() => [
  defineCapability({ name: "balance", effect: "read", input: { type: "object" }, output: { type: "integer" }, run: () => 7 }),
]);
`;

const DESK = `enclosure: 1
name: desk
version: "1"
capabilities:
  ledger: { use: module, from: ./ledger.ts, allow: [balance] }
`;

describe("enclosure check", () => {
  test("tells all problems at once, each with its place and its mend", async () => {
    const place = makePlace();
    place.write({ "m.yaml": BAD });
    const { exit, stdout, stderr } = await place.run("check", "m.yaml");
    expect(exit).toBe(2);
    expect(stdout).toMatch(/^1 manifest: \d errors\n$/);
    expect(stderr.match(/^enclosure: error:/gm)?.length).toBeGreaterThanOrEqual(3);
    expect(stderr.match(/^ {2}--> m\.yaml:\d+:\d+$/gm)?.length).toBeGreaterThanOrEqual(3);
    expect(stderr).toContain("3 | version: 1.10");
  });

  test("gives them as JSON", async () => {
    const place = makePlace();
    place.write({ "m.yaml": BAD });
    const { exit, stdout } = await place.run("check", "m.yaml", "missing.yaml", "--json");
    const { version, ok, problems } = JSON.parse(stdout) as {
      version: number;
      ok: boolean;
      problems: Record<string, unknown>[];
    };
    expect([exit, version, ok]).toEqual([2, 1, false]);
    for (const problem of problems) {
      expect(Object.keys(problem)).toEqual(
        expect.arrayContaining(["code", "severity", "message", "line", "column", "pointer", "mend", "file"]),
      );
    }
    expect(problems.at(-1)).toMatchObject({ code: "MANIFEST_MISSING", file: "missing.yaml" });
  });

  test("warns of a module that is not pinned, whose rules nobody has checked", async () => {
    const place = makePlace();
    place.write({ "enclosure.yaml": DESK, "ledger.ts": MODULE });
    const { exit, stdout } = await place.run("check", "--json");
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      problems: [{ code: "LOCK_MISSING", severity: "warning", line: 5 }],
    });
  });

  test("finds what an agent imports and its manifest does not grant", async () => {
    const place = makePlace();
    place.write({
      "enclosure.yaml": DESK,
      "ledger.ts": MODULE,
      "agent.ts": 'import { mail } from "enclosure:caps";\nexport default () => mail;\n',
    });
    const { exit, stderr } = await place.run("check", "--agent", "agent.ts");
    expect(exit).toBe(2);
    expect(stderr).toContain('"mail" is not a capability of enclosure.yaml');
  });

  test("goes by the names that the manifest lists where it has errors, and leaves an agent alone where it cannot", async () => {
    const place = makePlace();
    const agent = 'import { ledger, mail } from "enclosure:caps";\nexport default () => [ledger, mail];\n';
    place.write({
      "m.yaml": `${DESK}pourpose: x\n`,
      "none.yaml": DESK.replace("capabilities", "grants"),
      "agent.ts": agent,
    });
    const check = async (file: string, entry = "agent.ts"): Promise<readonly string[]> => {
      const { exit, stdout } = await place.run("check", file, "--agent", entry, "--json");
      expect(exit).toBe(2);
      const { problems } = JSON.parse(stdout) as { problems: Record<string, string>[] };
      return problems.map(({ file: at, severity, code, message }) => `${at} ${severity} ${code} ${message}`);
    };
    expect(await check("m.yaml")).toEqual([
      expect.stringContaining("m.yaml error MANIFEST_KEY_UNKNOWN"),
      expect.stringContaining('agent.ts error IMPORT_UNGRANTED "mail" is not a capability of m.yaml'),
    ]);
    const unchecked = (file: string): string =>
      `agent.ts warning MANIFEST_INVALID not checked: the names that ${file} grants cannot be read`;
    expect(await check("none.yaml")).toEqual([
      expect.stringContaining("none.yaml error MANIFEST_KEY_UNKNOWN"),
      unchecked("none.yaml"),
    ]);
    expect(await check("gone.yaml")).toEqual([
      expect.stringContaining("gone.yaml error MANIFEST_MISSING"),
      unchecked("gone.yaml"),
    ]);
    expect(await check("m.yaml", "gone.ts")).toEqual([
      expect.stringContaining("m.yaml error MANIFEST_KEY_UNKNOWN"),
      expect.stringContaining("gone.ts error FILE_UNREADABLE"),
    ]);
  });
});

describe("a next step", () => {
  const next = ({ stderr }: { readonly stderr: string }): readonly string[] =>
    stderr.split("\n").filter((line) => line.startsWith("next: "));

  test("can be typed as it stands, whatever the manifest's path is", async () => {
    const place = makePlace();
    place.write({ "my desk/m.yaml": DESK, "my desk/ledger.ts": MODULE });
    const checked = await place.run("check", "my desk/m.yaml");
    expect(next(checked)).toEqual(["next: enclosure explain 'my desk/m.yaml'"]);
    expect(checked.stderr).toContain("`enclosure pin 'my desk/m.yaml'`");
    expect(next(await place.run("pin", "my desk/m.yaml"))).toEqual(["next: enclosure check 'my desk/m.yaml'"]);
  });

  test.each([
    ["enclosure.yaml", "", [], "enclosure run AGENT"],
    ["enclosure.yaml", "agent: { entry: ./agent.ts }", [], "enclosure run"],
    ["my m.yaml", "agent: { entry: ./agent.ts }", [], "enclosure run --manifest 'my m.yaml'"],
    [
      "m.yaml",
      "agent: { entry: ./agent.ts, input: { type: object } }\nprofiles: { ci: {} }",
      ["--profile", "ci"],
      "enclosure run --manifest m.yaml --profile ci --input JSON",
    ],
  ])("after explain of %s with %j runs the agent", async (file, more, args, command) => {
    const place = makePlace();
    place.write({ [file]: `${DESK}${more}\n`, "ledger.ts": MODULE });
    const told = next(await place.run("explain", file, ...args));
    expect(told.at(-1)).toBe(`next: ${command}`);
  });
});

test("an unknown kind is answered with those that are built", async () => {
  const place = makePlace();
  place.write({ "m.yaml": DESK.replace("use: module", "use: gmail") });
  expect((await place.run("check", "m.yaml")).stderr).toContain("mend:  Write one of module, http, fs.");
});

describe("enclosure check looks at mounts", () => {
  const mounting = (path: string): string => `enclosure: 1
name: files
version: "1"
agent: { entry: ./src/agent.ts }
capabilities:
  ledger: { use: module, from: ./host/ledger.ts, allow: [balance] }
  files:
    use: fs
    mounts:
      /x: { path: ${path}, access: rw }
`;

  test.each([
    [".", "the manifest"],
    ["./src", "the agent's source"],
    ["./host", "the host module ledger"],
    ["./link", "the host module ledger"],
    ["./.enclosure", "the default store"],
    ["./.enclosure/new", "the default store"],
  ])("and refuses %s, as a run would, in its place", async (path, what) => {
    const place = makePlace();
    place.write({ "enclosure.yaml": mounting(path), "src/agent.ts": "", "host/ledger.ts": MODULE });
    symlinkSync("host", join(place.folder, "link"));
    const { exit, stdout } = await place.run("check", "--json");
    expect(exit).toBe(2);
    const { problems } = JSON.parse(stdout) as { problems: Record<string, unknown>[] };
    expect(problems.filter(({ severity }) => severity === "error")).toMatchObject([
      {
        code: "FS_MOUNT_OVERLAPS",
        line: 10,
        pointer: "/capabilities/files/mounts/~1x/path",
        message: `the mount /x of files reaches ${what}`,
      },
    ]);
  });

  test.each([
    ["./src/lib", "the agent's source (src/lib/greet.ts)"],
    ["./host/lib", "the host module ledger (host/lib/rate.ts)"],
    ["./packages/node_modules/rates", "the host module ledger (packages/node_modules/rates/index.js)"],
    ["./host/node_modules", "the host module ledger (host/node_modules)"],
  ])("and refuses %s, whose files are imported", async (path, what) => {
    const place = makePlace();
    place.write({
      "enclosure.yaml": mounting(path),
      "package.json": "{}",
      "src/agent.ts": 'import "./lib/greet.ts"; export default 1;',
      "src/lib/greet.ts": "",
      "host/ledger.ts": `import "./lib/rate.ts"; import "../packages/rates.ts"; ${MODULE}`,
      "host/lib/rate.ts": "",
      "packages/rates.ts": 'import "rates";',
      "packages/node_modules/rates/index.js": "",
    });
    const { exit, stdout } = await place.run("check", "--json");
    expect(exit).toBe(2);
    const { problems } = JSON.parse(stdout) as { problems: Record<string, unknown>[] };
    expect(problems.filter(({ severity }) => severity === "error")).toMatchObject([
      { code: "FS_MOUNT_OVERLAPS", line: 10, message: `the mount /x of files reaches ${what}` },
    ]);
  });

  test("and refuses what an agent that is named imports", async () => {
    const place = makePlace();
    place.write({
      "enclosure.yaml": mounting("./lib"),
      "package.json": "{}",
      "other.ts": 'import "./lib/greet.ts"; export default 1;',
      "lib/greet.ts": "",
      "src/agent.ts": "",
      "host/ledger.ts": MODULE,
    });
    expect((await place.run("check")).exit).toBe(0);
    const { exit, stderr } = await place.run("check", "--agent", "other.ts");
    expect(exit).toBe(2);
    expect(stderr).toContain("the mount /x of files reaches the agent's source (lib/greet.ts)");
  });

  const twoMounts = (one: string, other: string, denied: string, asked: string): string => `enclosure: 1
name: files
version: "1"
capabilities:
  files: { use: fs, mounts: { /a: { path: ./data, access: ${one} } }, deny: [${denied}] }
  notes: { use: fs, mounts: { /b: { path: ./link/in, access: ${other} } }, ask: [${asked}] }
`;

  test.each([
    ["rw", "ro", "", ""],
    ["ro", "rw", "", ""],
    ["ro", "ro", '"/a/private/**"', ""],
    ["ro", "ro", "", '"/b/**"'],
  ])("and refuses two that meet, past a rule or a quota: %s, %s, %s, %s", async (...how) => {
    const place = makePlace();
    place.write({ "m.yaml": twoMounts(...how), "data/in/x": "" });
    symlinkSync("data", join(place.folder, "link"));
    const { exit, stdout } = await place.run("check", "m.yaml", "--json");
    expect(exit).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      problems: [
        {
          code: "FS_MOUNT_OVERLAPS",
          severity: "error",
          line: 6,
          message: "the mount /b of notes reaches the mount /a of files",
        },
      ],
    });
  });

  test("and lets two meet that are only read, whatever they hold", async () => {
    const place = makePlace();
    place.write({ "m.yaml": twoMounts("ro", "ro", "", ""), "data/in/x": "" });
    symlinkSync("data", join(place.folder, "link"));
    expect(await place.run("check", "m.yaml")).toMatchObject({ exit: 0 });
  });

  test("and warns of a folder that is not there, or is a file", async () => {
    const place = makePlace();
    place.write({ "enclosure.yaml": mounting("./later"), "host/ledger.ts": MODULE });
    const warned = async (): Promise<unknown> => {
      const { exit, stdout } = await place.run("check", "--json");
      expect(exit).toBe(0);
      const { problems } = JSON.parse(stdout) as { problems: Record<string, unknown>[] };
      return problems.find(({ code }) => code === "FS_MOUNT_INVALID");
    };
    expect(await warned()).toMatchObject({ severity: "warning", line: 10 });
    place.write({ later: "a file" });
    expect(await warned()).toMatchObject({ severity: "warning" });
    place.write({ "enclosure.yaml": mounting("./there"), "there/a": "" });
    expect(await warned()).toBeUndefined();
  });
});

describe("enclosure pin", () => {
  test("writes the lock, after which types and check know the functions", async () => {
    const place = makePlace();
    place.write({ "enclosure.yaml": DESK, "ledger.ts": MODULE });
    const pinned = await place.run("pin");
    expect(pinned).toMatchObject({ exit: 0 });
    expect(place.golden(pinned.stdout)).toBe("ledger  1 function  source <id>\nwrote enclosure.lock.json\n");
    expect(JSON.parse(readFileSync(join(place.folder, "enclosure.lock.json"), "utf8"))).toMatchObject({
      modules: { ledger: {} },
    });
    expect((await place.run("check")).stdout).toBe("1 manifest: no errors\n");
    expect((await place.run("types")).stdout).toContain("balance(");
  });

  test("says what has changed since the last time", async () => {
    const place = makePlace();
    place.write({ "enclosure.yaml": DESK, "ledger.ts": MODULE });
    await place.run("pin");
    place.write({ "ledger.ts": MODULE.replace('effect: "read"', 'effect: "write"') });
    expect((await place.run("pin")).stdout).toContain(
      "changed: ledger has other functions than in the lock: changed balance",
    );
  });
});

describe("enclosure explain", () => {
  test("says in sentences what a manifest grants", async () => {
    const place = makePlace();
    place.write({ "enclosure.yaml": DESK, "ledger.ts": MODULE });
    const { exit, stdout } = await place.run("explain");
    expect(exit).toBe(0);
    expect(stdout).toContain("desk");
    const json = JSON.parse((await place.run("explain", "--json")).stdout) as { sentences: unknown[] };
    expect(json).toMatchObject({ version: 1, manifest: { name: "desk", profile: null } });
  });

  test("refuses a manifest with errors, with all of them", async () => {
    const place = makePlace();
    place.write({ "m.yaml": BAD });
    const { exit, stdout, stderr } = await place.run("explain", "m.yaml");
    expect([exit, stdout]).toEqual([2, ""]);
    expect(stderr.match(/^enclosure: error:/gm)?.length).toBeGreaterThanOrEqual(3);
  });
});

test("enclosure schema gives a JSON Schema", async () => {
  const { exit, stdout } = await makePlace().run("schema");
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining("2020-12") });
});
