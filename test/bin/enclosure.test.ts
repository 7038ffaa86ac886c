// The command's door, bin/enclosure.js, in front of a stand-in program: which Node runs it, what passes through, and
// that nobody can open the host's inspector behind it.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { ROOT } from "../support/tree.ts";

/** Says "ready", then answers each line: its arguments, its Node, whether its inspector is open, or how it should end. */
const PROGRAM = `
import { url } from "node:inspector";
import { createInterface } from "node:readline";
const say = (text) => process.stdout.write(text + "\\n");
process.on("SIGTERM", () => { say("SIGTERM"); process.exit(9); });
const answers = {
  arguments: () => say(JSON.stringify(process.argv.slice(2))),
  node: () => say(process.versions.node),
  inspector: () => say(url() === undefined ? "closed" : "open"),
  exit: () => process.exit(5),
  die: () => process.kill(process.pid, "SIGKILL"),
};
createInterface({ input: process.stdin }).on("line", (line) => answers[line]());
say("ready");
`;

/** A package like ours in a folder of its own: the door, and a program behind it where one is given. */
function packageFolder(program: string | undefined, withNode = false): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "package.json"), `{"type":"module"}`);
  copyFileSync(join(ROOT, "bin", "enclosure.js"), join(folder, "bin", "enclosure.js"));
  if (program !== undefined) {
    mkdirSync(join(folder, "dist"));
    writeFileSync(join(folder, "dist", "cli.js"), program);
  }
  if (withNode) {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(join(ROOT, "node_modules", "node"), join(folder, "node_modules", "node"));
  }
  return join(folder, "bin", "enclosure.js");
}

class Running {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  stderr = "";

  constructor(node: string, ...args: readonly string[]) {
    this.child = spawn(node, args, { stdio: "pipe" });
    onTestFinished(() => void this.child.kill("SIGKILL"));
    this.child.stderr?.on("data", (bytes: Buffer) => (this.stderr += bytes.toString()));
    if (this.child.stdout === null) throw new Error("no output");
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : value;
  }

  async ask(question: string): Promise<string | undefined> {
    this.child.stdin?.write(`${question}\n`);
    return this.line();
  }

  async end(): Promise<readonly [code: number | null, signal: string | null]> {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) return [exitCode, signalCode];
    const [code, signal] = (await once(this.child, "close")) as [number | null, string | null];
    return [code, signal];
  }
}

/** A Node of another version than ours, where the machine has one. */
function otherNode(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return folders
    .map((folder) => join(folder, "node"))
    .find((path) => {
      try {
        return !execFileSync(path, ["--version"]).toString().startsWith("v26.");
      } catch {
        return false;
      }
    });
}

describe("bin/enclosure.js under our Node", () => {
  it("loads the program, which has the arguments and sets the exit status", async () => {
    const door = new Running(process.execPath, packageFolder(PROGRAM), "run", "--json", "a b");
    expect(await door.line()).toBe("ready");
    expect(await door.ask("arguments")).toBe(`["run","--json","a b"]`);
    await door.ask("exit");
    expect(await door.end()).toEqual([5, null]);
  });

  it("says that the program is not built, and how to build it", async () => {
    const door = new Running(process.execPath, packageFolder(undefined));
    expect(await door.end()).toEqual([70, null]);
    expect(door.stderr).toMatch(/^enclosure: error: .*not built.*\nenclosure: mend: {2}run `npm run build`/);
  });

  it("does not let SIGUSR1 open the inspector, which it opens where nothing is done", async () => {
    const program = packageFolder(PROGRAM);
    const door = new Running(process.execPath, "--inspect-port=0", program);
    const bare = new Running(process.execPath, "--inspect-port=0", join(program, "..", "..", "dist", "cli.js"));
    expect([await door.line(), await bare.line()]).toEqual(["ready", "ready"]);
    door.child.kill("SIGUSR1");
    bare.child.kill("SIGUSR1");
    let answer = await bare.ask("inspector");
    while (answer === "closed") answer = await bare.ask("inspector");
    expect(answer).toBe("open");
    expect(await door.ask("inspector")).toBe("closed");
    expect(door.stderr).toBe("");
  });
});

describe.skipIf(otherNode() === undefined)("bin/enclosure.js under another Node", () => {
  const other = otherNode() ?? "";

  it("runs itself on the node package near it, with the arguments and the exit status", async () => {
    const door = new Running(other, packageFolder(PROGRAM, true), "verify", "--json");
    expect(await door.line()).toBe("ready");
    expect(await door.ask("node")).toMatch(/^26\./);
    expect(await door.ask("arguments")).toBe(`["verify","--json"]`);
    await door.ask("exit");
    expect(await door.end()).toEqual([5, null]);
  });

  it("passes a signal on, and ends as the program ends", async () => {
    const door = new Running(other, packageFolder(PROGRAM, true));
    expect(await door.line()).toBe("ready");
    door.child.kill("SIGTERM");
    expect(await door.line()).toBe("SIGTERM");
    expect(await door.end()).toEqual([9, null]);
  });

  it("ends by the signal that the program ended by", async () => {
    const door = new Running(other, packageFolder(PROGRAM, true));
    expect(await door.line()).toBe("ready");
    await door.ask("die");
    expect(await door.end()).toEqual([null, "SIGKILL"]);
  });

  it("says what is missing where there is no such package", async () => {
    const door = new Running(other, packageFolder(PROGRAM));
    expect(await door.end()).toEqual([2, null]);
    expect(door.stderr).toMatch(/^enclosure: error: this needs Node 26.*\nenclosure: mend: {2}install Node 26/);
  });
});
