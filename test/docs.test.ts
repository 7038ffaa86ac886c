// The documents against the product: commands that they name exist and run, every error is documented and provoked,
// every command is documented, and every link leads somewhere.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorsPage } from "../scripts/errors.ts";
import { RESERVED_TYPES } from "../src/audit/events.ts";
import { DATA_SHAPES } from "../src/audit/fields.ts";
import { CODES } from "../src/base/errors.ts";
import { MANIFEST_LIMITS } from "../src/base/limits.ts";
import { spellDuration, spellSize } from "../src/base/units.ts";
import { temporaryFolder } from "./support/folder.ts";
import { ROOT, sourceTree } from "./support/tree.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = [...read(path).matchAll(/^#+ (.+)$/gm)].map((match) => (match[1] ?? "").toLowerCase());
  return new Set(headings.map((heading) => heading.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-")));
}

const documents = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], { cwd: ROOT })
  .toString()
  .trim()
  .split("\n")
  .filter((path) => existsSync(join(ROOT, path)));

/** What `node bin/enclosure.js …` prints. */
function enclosure(...args: readonly string[]): string {
  return execFileSync(process.execPath, ["bin/enclosure.js", ...args], { cwd: ROOT }).toString();
}

/** The commands of `--help`, as its list spells them. */
function commandsOf(help: string): string[] {
  const list = /^Commands:\n(.+\n)+/m.exec(help)?.[0] ?? "";
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)\b/gm)].map((match) => match[1] ?? "").filter((name) => name !== "help");
}

describe("the README", () => {
  const fences = [...read("README.md").matchAll(/^```(?:sh|console)\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");
  const commands = fences
    .flatMap((fence) => fence.split("\n"))
    .map((line) => line.replace(/^\$ /, "").replace(/\s+#.*$/, ""))
    .flatMap((line) => line.split(" && "));
  const of = (start: string): string[] => commands.filter((command) => command.startsWith(start));

  it("names the two commands that do all the set-up", () => {
    expect(fences.some((fence) => /^npm ci && npm start$/m.test(fence))).toBe(true);
    expect(fences.some((fence) => /^npm test$/m.test(fence))).toBe(true);
  });

  it("names npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = of("npm ").map((command) => /^npm (?:run )?([\w:]+)/.exec(command)?.[1] ?? "");
    expect(named.filter((name) => !["ci", "install"].includes(name) && !(name in scripts))).toEqual([]);
    expect(named.length).toBeGreaterThan(2);
  });

  it("names commands of the program that exist, with options that exist", () => {
    const named = of("npx enclosure ").map((command) => command.split(" ").slice(2));
    expect(named.length).toBeGreaterThan(2);
    const wrong = named.flatMap(([command = "", ...args]) => {
      const help = enclosure(command, "--help");
      return args.filter((arg) => arg.startsWith("--") && !help.includes(arg)).map((arg) => `${command} ${arg}`);
    });
    expect(wrong).toEqual([]);
  });

  it("takes a tour that runs as it stands, in an empty folder", () => {
    const folder = temporaryFolder();
    const tour = of("npx enclosure ").map((command) => command.split(" ").slice(2));
    expect(tour[0]).toEqual(["init"]);
    for (const args of tour) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "bin", "enclosure.js"), ...args], {
        cwd: folder,
        env: { ...process.env, ENCLOSURE_HOME: join(folder, "home") },
        encoding: "utf8",
      });
      expect(status, `${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
    }
  });
});

describe("the errors", () => {
  it("are documented as the table has them", () => {
    expect(read("docs/errors.md"), "run `npm run docs:errors`").toBe(errorsPage());
  });

  it("are documented each, and no other", () => {
    const documented = [...read("docs/errors.md").matchAll(/^### (\w+)$/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual(Object.keys(CODES).sort());
  });

  it("are provoked each by a test that names it", () => {
    const tests = sourceTree("test").filter(({ path }) => path.endsWith(".test.ts") && path !== "test/docs.test.ts");
    const named = new Set(
      tests.flatMap(({ tokens }) =>
        tokens.filter(({ kind }) => kind === "string").flatMap(({ text }) => text.match(/\b[A-Z][A-Z_]+\b/g) ?? []),
      ),
    );
    expect(Object.keys(CODES).filter((code) => !named.has(code))).toEqual([]);
  });

  it("are used each by the product", () => {
    const used = new Set(
      sourceTree("src")
        .filter(({ path }) => path !== "src/base/errors.ts")
        .flatMap(({ tokens }) => tokens.filter(({ kind }) => kind === "string").map(({ text }) => text)),
    );
    expect(Object.keys(CODES).filter((code) => !used.has(code))).toEqual([]);
  });
});

describe("the limits", () => {
  it("are documented as the table has them", () => {
    const rows = Object.entries(MANIFEST_LIMITS).map(([name, bound]) => {
      const spell = name.endsWith("Ms") ? spellDuration : name.endsWith("Bytes") ? spellSize : String;
      const key = name.replace(/Ms$|Bytes$/, "");
      return `| \`${key}\` | ${[bound.default, bound.min, bound.max].map((value) => spell(value)).join(" | ")} |`;
    });
    const page = read("docs/limits.md").replace(/ +/g, " ");
    expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  });
});

describe("the record's format", () => {
  it("names every type of record, those that are reserved too", () => {
    const page = read("docs/record-format.md");
    const types = [...DATA_SHAPES.keys(), ...RESERVED_TYPES];
    const missing = types.filter((type) => {
      const [group = "", verb = ""] = type.split(".");
      return !page.includes(`\`${type}\``) && !new RegExp(`\`${group}\\.[a-z_|]*\\b${verb}\\b[a-z_|]*\``).test(page);
    });
    expect(missing).toEqual([]);
  });
});

describe("the command line", () => {
  it("has every command documented in docs/cli.md, and no other", () => {
    const documented = [...read("docs/cli.md").matchAll(/^### `?([a-z][a-z-]*)/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual(commandsOf(enclosure("--help")).sort());
  });

  it("has every option documented", () => {
    const page = read("docs/cli.md");
    const missing = commandsOf(enclosure("--help")).flatMap((command) =>
      [...enclosure(command, "--help").matchAll(/^\s+(?:-\w, )?(--[a-z-]+)/gm)]
        .map((match) => match[1] ?? "")
        .filter((option) => option !== "--help" && !page.includes(option))
        .map((option) => `${command} ${option}`),
    );
    expect(missing).toEqual([]);
  });
});

describe("links", () => {
  it.each(documents)("of %s lead somewhere", (path) => {
    const text = read(path).replace(/^```[\s\S]*?^```/gm, "");
    const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map((match) => match[1] ?? "");
    const dead = links.filter((link) => {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : join(dirname(path), file);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(target).has(anchor);
    });
    expect(dead).toEqual([]);
  });

  it("would be found dead", () => {
    expect(anchorsOf("docs/errors.md").has("rule_failed")).toBe(true);
    expect(anchorsOf("docs/errors.md").has("no_such_code")).toBe(false);
  });
});
