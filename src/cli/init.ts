// `enclosure init`: a first agent and its manifest that run at once, in the current folder. Nothing is overwritten: if one
// of the files is there, none is written.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { EnclosureError } from "../base/errors.ts";
import { typesText } from "../manifest/types.ts";
import type { CommonOptions, Context } from "./context.ts";
import { DEFAULT_MANIFEST, lookAtSound } from "../session/look.ts";
import { visible } from "./visible.ts";

const MANIFEST = `# What agent.ts may do. All else is refused, and every call, granted or refused, is recorded.
enclosure: 1
name: first-agent
version: "0.1.0"
purpose: Reads the notes of this folder and writes a summary of them.

agent:
  entry: ./agent.ts

limits:
  wall: 30s
  calls: 50

capabilities:
  files:
    use: fs
    mounts:
      /notes: { path: ./notes, access: ro }
      /out: { path: ./out, access: rw, quota: 1MiB }
`;

const AGENT = `// A first agent. Run it:  enclosure run agent.ts
import { files } from "enclosure:caps";

export default async function main(): Promise<{ notes: number; words: number; refused: string }> {
  const names = await files.list("/notes");
  let words = 0;
  for (const { name } of names) {
    const text = await files.readText(\`/notes/\${name}\`);
    words += text.split(/\\s+/).filter((word) => word !== "").length;
  }
  await files.write("/out/summary.txt", \`\${names.length} notes, \${words} words\\n\`);

  // The manifest lets this agent read /notes and write to /out. What it does not grant is refused:
  let refused = "nothing";
  try {
    await files.write("/notes/new.txt", "not granted");
  } catch (error) {
    refused = error instanceof Error ? error.message : String(error);
  }
  return { notes: names.length, words, refused };
}
`;

const NOTE = `Welcome. The agent in this folder can read this note, since its manifest grants it.
`;

export function declare(command: Command, context: Context): void {
  command
    .addHelpText(
      "after",
      `
Writes enclosure.yaml, agent.ts, enclosure-env.d.ts, notes/welcome.txt and out/.

Example:
  mkdir first-agent && cd first-agent
  enclosure init
  enclosure run agent.ts`,
    )
    .action((options: CommonOptions) => init(context, options));
}

const FILES: Readonly<Record<string, string>> = {
  [DEFAULT_MANIFEST]: MANIFEST,
  "agent.ts": AGENT,
  "notes/welcome.txt": NOTE,
  "out/.gitkeep": "",
};
const TYPES_FILE = "enclosure-env.d.ts";

/** What stands in the way of `init` in this folder. */
export function alreadyThere(folder: string): readonly string[] {
  return [...Object.keys(FILES), TYPES_FILE].filter((name) => existsSync(join(folder, name)));
}

function init(context: Context, options: CommonOptions): void {
  const pages = context.pages(options);
  const there = alreadyThere(context.cwd);
  if (there.length > 0)
    throw new EnclosureError("FILE_EXISTS", `already here: ${there.join(", ")}; nothing was written`);
  for (const [name, text] of Object.entries(FILES)) writeNew(join(context.cwd, name), text);
  const { resolution, compiled } = lookAtSound(DEFAULT_MANIFEST);
  writeNew(join(context.cwd, TYPES_FILE), typesText(resolution, compiled));
  const written = [...Object.keys(FILES), TYPES_FILE];
  if (pages.json) return pages.give({ version: 1, written });
  for (const name of written) pages.out.line(visible(name));
  pages.next("enclosure run agent.ts", "enclosure explain");
}

function writeNew(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { flag: "wx" });
}
