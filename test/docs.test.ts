// The documents against the product: commands that they name exist and run, every error is documented and provoked,
// every command is documented, and every link leads somewhere.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorsPage } from "../scripts/errors.ts";
import { RESERVED_TYPES } from "../src/audit/events.ts";
import { DATA_SHAPES } from "../src/audit/fields.ts";
import { CODES } from "../src/base/errors.ts";
import { MANIFEST_LIMITS } from "../src/base/limits.ts";
import { spellDuration, spellSize } from "../src/base/units.ts";
import { makePlace } from "./cli/script.ts";
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

/** What `enclosure …` prints on standard output. */
async function enclosure(...args: readonly string[]): Promise<string> {
  return (await makePlace().run(...args)).stdout;
}

/** The commands of `--help`, as its list spells them. */
function commandsOf(help: string): string[] {
  const list = /^Commands:\n(.+\n)+/m.exec(help)?.[0] ?? "";
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)\b/gm)].map((match) => match[1] ?? "").filter((name) => name !== "help");
}

/** The program's commands in a console fence, each with the lines that are shown under it. */
function samplesOf(fence: string): { readonly args: readonly string[]; readonly shown: readonly string[] }[] {
  const [, ...parts] = `\n${fence}`.split("\n$ ");
  return parts
    .filter((part) => part.startsWith("npx enclosure "))
    .map((part) => {
      const [command = "", ...shown] = part.split("\n");
      return { args: command.split(" ").slice(2), shown: shown.filter((line) => line !== "") };
    });
}

describe("the README", () => {
  const fences = [...read("README.md").matchAll(/^```(?:sh|console)\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");
  const commands = fences
    .flatMap((fence) => fence.split("\n"))
    .map((line) => line.replace(/^\$ /, "").replace(/\s+#.*$/, ""))
    .flatMap((line) => line.split(" && "));
  const { scripts, version } = JSON.parse(read("package.json")) as {
    scripts: Record<string, string>;
    version: string;
  };
  const of = (start: string): string[] => commands.filter((command) => command.startsWith(start));

  it("names the two commands that do all the set-up", () => {
    expect(fences.some((fence) => /^npm ci && npm start$/m.test(fence))).toBe(true);
    expect(fences.some((fence) => /^npm test$/m.test(fence))).toBe(true);
  });

  it("names npm scripts that exist", () => {
    const named = of("npm ").map((command) => /^npm (?:run )?([\w:]+)/.exec(command)?.[1] ?? "");
    const ofNpm = ["ci", "install", "init", "pack"];
    expect(named.filter((name) => !ofNpm.includes(name) && !(name in scripts))).toEqual([]);
    expect(named.length).toBeGreaterThan(2);
  });

  it("names commands of the program that exist, with options that exist", async () => {
    const named = of("npx enclosure ").map((command) => command.split(" ").slice(2));
    expect(named.length).toBeGreaterThan(2);
    for (const [command = "", ...args] of named) {
      const help = await enclosure(command, "--help");
      const wrong = args.filter((arg) => arg.startsWith("--") && !help.includes(arg));
      expect({ command, wrong }).toEqual({ command, wrong: [] });
    }
  });

  it("takes a tour that runs as it stands, in an empty folder, and prints what is shown", async () => {
    const place = makePlace();
    const tour = fences.flatMap(samplesOf);
    expect(tour[0]?.args).toEqual(["init"]);
    expect(tour.filter(({ shown }) => shown.length > 0).length).toBeGreaterThan(2);
    for (const { args, shown } of tour) {
      const { exit, stdout, stderr } = await place.run(...args);
      expect(exit, `${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
      // A terminal divides lines, and columns are as wide as what stands in them: only the words are compared.
      const squeezed = (text: string): string => place.golden(text).replace(/\s+/g, " ").trim();
      const parts = shown.join("\n").split(/^…$/m).map(squeezed);
      if (parts.length > 1) for (const part of parts) expect(squeezed(stderr)).toContain(part);
      else if (parts[0] !== "") expect(squeezed(stdout)).toBe(parts[0]);
    }
  });

  it("has no command that npm would fetch from a stranger: each is run where the package is, or not installed", () => {
    const inCheckout = read("examples/desk/start.js").match(/npx .*enclosure/g) ?? [];
    expect(inCheckout.length).toBeGreaterThan(2);
    expect(inCheckout.filter((command) => !command.startsWith("npx --no-install "))).toEqual([]);
    const order = commands.filter((command) => /^(npm install \.\/agent-enclosure-|npx enclosure)/.test(command));
    expect(order[0]).toBe(`npm install ./agent-enclosure-${version}.tgz`);
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
  it("has every command documented in docs/cli.md, and no other", async () => {
    const documented = [...read("docs/cli.md").matchAll(/^### `?([a-z][a-z-]*)/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual(commandsOf(await enclosure("--help")).sort());
  });

  it("has every option documented", async () => {
    const page = read("docs/cli.md");
    for (const command of commandsOf(await enclosure("--help"))) {
      const options = (await enclosure(command, "--help")).matchAll(/^\s+(?:-\w, )?(--[a-z-]+)/gm);
      const missing = [...options]
        .map((match) => match[1] ?? "")
        .filter((one) => one !== "--help" && !page.includes(one));
      expect({ command, missing }).toEqual({ command, missing: [] });
    }
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
